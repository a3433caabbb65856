"""Who speaks: the voices of the corpus, and what all synthesizers have in common."""

from __future__ import annotations

import random
import wave
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from lipsync_ray.speech.features import RATE
from lipsync_ray.speech.samples import resampled
from training.visemes.corpus import Utterance
from training.visemes.phones import Phone, label, pieces

LONGEST = 9.0  # seconds of an utterance; the rest is cut off
SLACK = 0.15  # seconds between the end of the last phone and of the sound
SHORTEST = 0.5  # an utterance below this is a failure of the synthesizer


class SynthesisError(RuntimeError):
    """A synthesizer cannot be run at all, or gave nothing for one text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """A voice of the corpus: who says how many sentences of which language."""

    name: str  # of its file
    family: str  # flite, festival, espeak
    speaker: str  # what the synthesizer calls it
    language: str  # whose texts it reads
    count: int

    def source(self) -> random.Random:
        """Random numbers that depend on the voice alone."""
        return random.Random(f"voice {self.name}")


@dataclass(slots=True)
class Report:
    """What came of a voice."""

    name: str
    seconds: float = 0.0
    utterances: int = 0
    skipped: Counter[str] = field(default_factory=Counter)  # reasons why texts were left out


def utterance(samples: np.ndarray, rate: int, phones: Iterable[Phone]) -> Utterance:
    """An utterance of ``int16[n]`` at ``rate``: at 16 kHz, labelled, and not longer than it may be."""
    phones = list(phones)
    if not phones or abs(phones[-1].stop - len(samples) / rate) > SLACK:
        raise SynthesisError("phones do not end with the sound")
    sound = resampled(samples[: round(LONGEST * rate)].astype(np.float32) / 32768.0, rate)
    if len(sound) < SHORTEST * RATE or not np.abs(sound).max() > 0.01:
        raise SynthesisError("no sound")
    return Utterance(samples=sound, labels=label(phones, len(sound)))


def read_wave(path: Path) -> tuple[np.ndarray, int]:
    """Samples ``int16[n]`` of a mono RIFF file, and their rate."""
    with wave.open(str(path)) as file:
        if file.getnchannels() != 1 or file.getsampwidth() != 2:
            raise SynthesisError(f"{path.name}: not 16-bit mono")
        return np.frombuffer(file.readframes(file.getnframes()), "<i2"), file.getframerate()


def phones_of_ends(marks: Iterable[tuple[str, float]], phone_set: str) -> list[Phone]:
    """Phones of names with the time each *ends*; raises ``UnknownPhoneError``."""
    phones: list[Phone] = []
    start = 0.0
    for name, stop in marks:
        phones.append(Phone(pieces=pieces(name, phone_set), start=start, stop=stop))
        start = stop
    return phones
