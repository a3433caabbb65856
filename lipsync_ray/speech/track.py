"""How a mouth moves over time: the one thing every speech model makes and every engine reads."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

TOUCHING = 0.5  # a closure of at least this much: the lips must touch


def _check(cues: Any, names: tuple[str, ...]) -> None:
    sizes = {name: np.shape(getattr(cues, name)) for name in names}
    if len(set(sizes.values())) != 1 or len(next(iter(sizes.values()))) != 1:
        raise ValueError(f"cues of one mouth must be vectors of one length: {sizes}")
    for name in names:
        if not np.isfinite(getattr(cues, name)).all():
            raise ValueError(f"the mouth's {name} holds values that are not numbers")


@dataclass(frozen=True, slots=True, kw_only=True)
class MouthCues:
    """The wanted mouth at given moments, ``float32[m]`` each."""

    aperture: np.ndarray  # 0 closed, 1 the 92nd percentile of this speaker talking; may exceed 1
    width: np.ndarray  # -1 rounded, 0 neutral, +1 spread
    rounding: np.ndarray  # 0 flat, 1 pursed
    labiodental: np.ndarray  # 0..1: how surely the lower lip lifts to the upper teeth (f, v)
    closure: np.ndarray  # 0..1; from 0.5 on the lips must touch
    speech: np.ndarray  # 0 silent, 1 talking

    def __post_init__(self) -> None:
        _check(self, NAMES)

    def __len__(self) -> int:
        return len(self.aperture)


NAMES = tuple(f.name for f in fields(MouthCues))


@dataclass(frozen=True, slots=True, kw_only=True)
class MouthTrack:
    """The wanted mouth, sampled evenly: sample ``k`` is the mouth at ``k / rate`` seconds of the sound.

    The fields are those of ``MouthCues``; who knows nothing about one leaves it 0. Where the sound is silent
    the mouth is at rest: all zero. An engine that knows the person's own rest (lips apart, a smile) may use
    it where ``speech`` is 0.
    """

    rate: float  # Hz
    aperture: np.ndarray
    width: np.ndarray
    rounding: np.ndarray
    labiodental: np.ndarray
    closure: np.ndarray
    speech: np.ndarray

    def __post_init__(self) -> None:
        if not self.rate > 0:
            raise ValueError(f"a mouth track needs a positive rate, not {self.rate}")
        _check(self, NAMES)

    def __len__(self) -> int:
        return len(self.aperture)

    @property
    def duration(self) -> float:
        """Seconds from the first to the last sample."""
        return max(0, len(self) - 1) / self.rate

    def at(self, times: np.ndarray) -> MouthCues:
        """The mouth at ascending ``times`` (``float64[m]``, seconds); outside the track it is at rest.

        Values are interpolated linearly. Closures are short, so that a frame which only misses one by a few
        milliseconds would skip it: a frame owns the time half-way to its neighbours, takes the firmest
        closure in it, and has no aperture where the lips must touch. Closures that last 60 ms thus cover two
        frames at 24 fps and more at higher rates.
        """
        times = np.asarray(times, np.float64)
        if times.ndim != 1 or not np.isfinite(times).all() or (np.diff(times) < 0).any():
            raise ValueError("frame times must be a vector of ascending, finite seconds")
        found = {name: self._interpolated(getattr(self, name), times) for name in NAMES}
        found["closure"] = np.maximum(found["closure"], self._firmest(times))
        found["aperture"] = np.where(found["closure"] >= TOUCHING, 0.0, found["aperture"])
        return MouthCues(**{name: np.asarray(values, np.float32) for name, values in found.items()})

    def _interpolated(self, values: np.ndarray, times: np.ndarray) -> np.ndarray:
        if not len(values):
            return np.zeros(len(times))
        return np.interp(times * self.rate, np.arange(len(values)), values, left=0.0, right=0.0)

    def _firmest(self, times: np.ndarray) -> np.ndarray:
        """Greatest closure among the samples of each frame's own time, 0 where it holds none."""
        if len(times) < 2 or not len(self):
            return np.zeros(len(times))
        middle = 0.5 * (times[1:] + times[:-1])
        edges = np.concatenate([[2 * times[0] - middle[0]], middle, [2 * times[-1] - middle[-1]]])
        bounds = np.clip(np.ceil(edges * self.rate), 0, len(self)).astype(np.int64)
        # reduceat wants a sample behind the last bound, and answers an empty range with a sample beside it.
        padded = np.append(self.closure, 0.0)
        firmest = np.maximum.reduceat(padded, bounds)[:-1]
        return np.where(bounds[1:] > bounds[:-1], firmest, 0.0)


def at_rest(count: int, rate: float) -> MouthTrack:
    """A track of ``count`` samples in which nothing is said."""
    return MouthTrack(rate=rate, **{name: np.zeros(count, np.float32) for name in NAMES})
