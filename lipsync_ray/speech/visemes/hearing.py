"""A sound as the network hears it: bands normalised by the speech around, and what says that it is speech.

Statistics come from frames in which somebody may be talking, so that music before a talk or noise in its
pauses does not shift them. They are taken over the 15 s of talk nearest to a moment (all of it when there is
less) and glide between moments: another speaker or microphone is followed within seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lipsync_ray.speech.features import (
    BANDS,
    BLOCK,
    BandStatistics,
    band_statistics,
    frame_count,
)
from lipsync_ray.speech.sound import Sound
from lipsync_ray.speech.visemes import gate
from lipsync_ray.speech.voice import Voice, measure

WINDOW = 1500  # frames of talk: 15 s
STEP = 250  # frames between two moments


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """What was measured on a sound of ``n`` frames; about 200 bytes a frame."""

    voice: Voice
    logs: np.ndarray  # float16[n, 48], logarithm of the bands' power
    heard: gate.Heard
    statistics: Statistics | None  # None: nothing to normalise by

    def __len__(self) -> int:
        return len(self.logs)

    def features(self, first: int, stop: int) -> np.ndarray:
        """What the network reads of a range of frames, ``float32[stop - first, 48]``."""
        if self.statistics is None:
            return np.zeros((stop - first, BANDS), np.float32)
        return self.statistics.normalise(np.exp(self.logs[first:stop].astype(np.float32)), first)


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
    logs = np.empty((frame_count(len(samples)), BANDS), np.float16)
    voice = measure(samples, size, formants=False, bands=logs)
    heard = gate.listen(voice)
    return Hearing(voice=voice, logs=logs, heard=heard, statistics=statistics(logs, heard.taught))


def statistics(logs: np.ndarray, talk: np.ndarray) -> Statistics | None:
    """Running statistics of bands ``float16[n, 48]`` over the frames ``talk``; None where all is silent."""
    frames = np.flatnonzero(talk)
    if not len(frames):
        return None
    found: list[BandStatistics] = []
    known: tuple[int, BandStatistics | None] = (-1, None)
    for moment in range(0, len(logs) + STEP, STEP):
        middle = int(np.searchsorted(frames, moment))
        start = int(np.clip(middle - WINDOW // 2, 0, max(0, len(frames) - WINDOW)))
        if start != known[0]:
            rows = frames[start : start + WINDOW]
            known = start, band_statistics(np.exp(logs[rows].astype(np.float32)))
        if known[1] is None:
            return None
        found.append(known[1])
    return Statistics(
        floors=np.log([one.floor for one in found]),
        means=np.stack([one.mean for one in found]),
        scales=np.stack([one.scale for one in found]),
    )
