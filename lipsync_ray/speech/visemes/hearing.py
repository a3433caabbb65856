"""A sound as the network hears it: bands normalised by the speech around, and what says that it is speech.

Statistics come from frames in which somebody may be talking, so that music before a talk or noise in its
pauses does not shift them. They are taken over the 15 s of talk nearest to a moment (all of it when there is
less) and glide between moments: another speaker or microphone is followed within seconds. Level is followed
faster, by 5 s of talk: who murmurs after a shout is heard as well.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lipsync_ray.speech.features import (
    BANDS,
    BLOCK,
    BandStatistics,
    band_statistics,
)
from lipsync_ray.speech.sound import Sound
from lipsync_ray.speech.visemes import gate
from lipsync_ray.speech.visemes.shelf import Shelf
from lipsync_ray.speech.voice import measure

WINDOW = 1500  # frames of talk: 15 s
LEVEL_WINDOW = 500
STEP = 250  # frames between two moments


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """What was measured on a sound of ``n`` frames; about 10 bytes a frame, beside what lies on the shelf."""

    bands: Bands
    heard: gate.Heard
    statistics: Statistics | None  # None: nothing to normalise by

    def __len__(self) -> int:
        return len(self.bands.logs)

    def features(self, first: int, stop: int) -> np.ndarray:
        """What the network reads of a range of frames, ``float32[stop - first, 48]``."""
        if self.statistics is None:
            return np.zeros((stop - first, BANDS), np.float32)
        return self.statistics.normalise(self.bands.power(slice(first, stop)), first)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bands:
    """Power of ``n`` frames in 48 bands, relative to the level of the talk around."""

    logs: Shelf  # int16[n, 48], thousandths of natural logarithms of the absolute power
    loud: np.ndarray  # float32[n], dB

    def power(self, rows: slice | np.ndarray) -> np.ndarray:
        """The chosen frames, ``float32[m, 48]``; loud talk is about 1 in all bands together."""
        logs = self.logs[rows] * np.float32(1e-3)
        return np.exp(logs - self.loud[rows, None] * np.float32(np.log(10) / 10))


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """`BandStatistics` at moments ``STEP`` frames apart, interpolated between them."""

    floors: np.ndarray  # float64[k], logarithms
    means: np.ndarray  # float64[k, 48]
    scales: np.ndarray  # float64[k, 48]

    def normalise(self, power: np.ndarray, first: int) -> np.ndarray:
        """Frames from ``first`` on, ``float32[n, 48]``, by the statistics of their moments."""
        place = np.minimum(np.arange(first, first + len(power)) / STEP, len(self.floors) - 1)
        left = np.minimum(place.astype(int), max(0, len(self.floors) - 2))
        right = np.minimum(left + 1, len(self.floors) - 1)
        share = (place - left).astype(np.float32)[:, None]

        def between(values: np.ndarray) -> np.ndarray:
            values = values.astype(np.float32).reshape(len(values), -1)
            return values[left] + share * (values[right] - values[left])

        logs = np.log(power + np.exp(between(self.floors)))
        return (logs - between(self.means)) / between(self.scales)


def listen(samples: Sound, size: int = BLOCK) -> Hearing:
    """Measure ``float32[n]`` at 16 kHz, ``size`` frames at a time."""
    logs = Shelf(BANDS, np.int16)
    voice = measure(samples, size, formants=False, keep=logs.add)
    heard = gate.listen(voice)
    bands = Bands(logs=logs, loud=talk_level(voice.level, heard.taught))
    return Hearing(bands=bands, heard=heard, statistics=statistics(bands, heard.taught))


def talk_level(level: np.ndarray, talk: np.ndarray) -> np.ndarray:
    """Level of the loud parts of the nearest talk in dB, ``float32[n]``; 0 where nobody talks at all."""
    frames = np.flatnonzero(talk)
    if not len(frames):
        return np.zeros(len(level), np.float32)
    moments = np.arange(0, len(level) + STEP, STEP)
    levels = level[frames]
    found = [
        np.percentile(levels[start : start + LEVEL_WINDOW], 95)
        for start in _nearest(frames, moments, LEVEL_WINDOW)
    ]
    return np.interp(np.arange(len(level)), moments, found).astype(np.float32)


def statistics(bands: Bands, talk: np.ndarray) -> Statistics | None:
    """Running statistics of bands over the frames ``talk`` (``bool[n]``); None where all is silent."""
    frames = np.flatnonzero(talk)
    if not len(frames):
        return None
    found: list[BandStatistics] = []
    known: tuple[int, BandStatistics | None] = (-1, None)
    for start in _nearest(frames, np.arange(0, len(talk) + STEP, STEP), WINDOW):
        if start != known[0]:
            rows = frames[start : start + WINDOW]
            known = start, band_statistics(bands.power(rows))
        if known[1] is None:
            return None
        found.append(known[1])
    return Statistics(
        floors=np.log([one.floor for one in found]),
        means=np.stack([one.mean for one in found]),
        scales=np.stack([one.scale for one in found]),
    )


def _nearest(frames: np.ndarray, moments: np.ndarray, window: int) -> list[int]:
    """Where among ascending frames the ``window`` of them nearest to each moment begin."""
    spare = max(0, len(frames) - window)
    middles = 0.5 * (frames[:spare] + frames[len(frames) - spare :])
    return np.searchsorted(middles, moments).tolist()
