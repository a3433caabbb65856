"""What an engine asks the sound: it shows the mouth it has measured, and is told the mouth to make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from lipsync_ray.speech.sound import Sound
from lipsync_ray.speech.track import MouthCues


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredMouth:
    """The mouth that the source shows, one row per source frame; NaN where it cannot be measured well.

    Lengths are of the engine's choice (distances between the eyes): only their course counts.
    """

    times: np.ndarray  # float64[n] s, of the source frames, ascending
    aperture: np.ndarray  # float64[n] gap between the inner lips
    width: np.ndarray  # float64[n] from corner to corner

    def __post_init__(self) -> None:
        shapes = {np.shape(values) for values in (self.times, self.aperture, self.width)}
        if len(shapes) != 1 or len(next(iter(shapes))) != 1:
            raise ValueError(
                f"times, aperture and width of one mouth must be vectors of one length: {shapes}"
            )

    def __len__(self) -> int:
        return len(self.times)


@dataclass(frozen=True, slots=True, kw_only=True)
class Driven:
    """The answer: the mouth to make, and what the source's own sound told."""

    cues: MouthCues  # at each output frame, moved by the offset that the job asks for
    own_speech: np.ndarray | None = None  # float32[n]: 0 the source is silent in this frame, 1 it talks;
    #                                       None: it has no sound, or nobody can be heard talking in it
    report: Mapping[str, Any] = field(default_factory=dict)  # what was found and done, as JSON can hold it


@dataclass(frozen=True, slots=True, kw_only=True)
class DrivenSound:
    """The sound itself, for an engine that listens on its own."""

    samples: Sound  # mono, 16 kHz
    times: np.ndarray  # float64[T] s of the samples, of the output frames, moved by the offset of the job
    report: Mapping[str, Any] = field(default_factory=dict)  # what was found and done, as JSON can hold it


class Driving(Protocol):
    """The sound that drives a mouth; equal questions get equal answers."""

    def sound(self, mouth: MeasuredMouth | None) -> DrivenSound:
        """The sound at the output frames; ``mouth`` tells how far apart picture and sound are."""
        ...

    def cues(self, mouth: MeasuredMouth | None) -> Driven:
        """The mouth at the output frames; ``mouth`` is None where an engine measures none."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Cues that are known beforehand, whatever the source shows; there is no sound to them."""

    given: MouthCues

    def sound(self, mouth: MeasuredMouth | None) -> DrivenSound:
        """Silence for ever."""
        return DrivenSound(samples=np.zeros(0, np.float32), times=np.zeros(len(self.given.aperture)))

    def cues(self, mouth: MeasuredMouth | None) -> Driven:
        """The given cues; nothing is known of the source's own sound."""
        return Driven(cues=self.given)
