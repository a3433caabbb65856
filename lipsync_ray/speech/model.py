"""The contract of speech models, and the list of those there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from lipsync_ray.errors import ConfigError
from lipsync_ray.speech.formants import FormantModel
from lipsync_ray.speech.sound import Sound
from lipsync_ray.speech.track import MouthTrack
from lipsync_ray.speech.visemes.model import VisemeModel


class SpeechModel(Protocol):
    """Reads the movement of a mouth off a sound.

    Deterministic, with memory that does not grow with the sound beyond the samples and the track; silence,
    noise and music give a mouth at rest.
    """

    @property
    def name(self) -> str:
        """Stable name, part of what determines a result."""
        ...

    def track(self, samples: Sound, rate: int = 16000) -> MouthTrack:
        """Mouth track of mono ``float32[n]`` samples; sample 0 is time 0 of the sound."""
        ...


MODELS: Mapping[str, Callable[[], SpeechModel]] = {"formants": FormantModel, "visemes": VisemeModel}


def speech_model(name: str) -> SpeechModel:
    """The model of that name.

    Raises:
        ConfigError: there is none.
    """
    if name not in MODELS:
        raise ConfigError(f"unknown speech model {name!r}; known: {', '.join(sorted(MODELS))}")
    return MODELS[name]()
