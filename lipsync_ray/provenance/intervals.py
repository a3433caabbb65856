"""Which stretches of an output are edited, in frames and in seconds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from lipsync_ray.provenance.wary import number, shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A half-open stretch: the first frame and its time are inside, the last ones are not."""

    start: int  # output frame
    stop: int
    begin: float  # s of the output
    end: float

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.stop or not 0 <= self.begin <= self.end:
            raise ValueError(f"a stretch cannot be empty or end before it begins: {self}")

    def to_plain(self) -> dict[str, float]:
        """As JSON holds it. By names: the C2PA library takes lists of small numbers for bytes."""
        return {
            "start_frame": self.start,
            "stop_frame": self.stop,
            "start_s": self.begin,
            "stop_s": self.end,
        }


def runs(edited: np.ndarray) -> list[tuple[int, int]]:
    """The half-open runs of true values of ``bool[T]``, in order; neighbours never touch."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], edited, [False])).astype(np.int8)))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]


def intervals_of(edited: np.ndarray, times: np.ndarray, end: float) -> tuple[Interval, ...]:
    """The runs of edited frames.

    Args:
        edited: ``bool[T]``, for each output frame.
        times: ``float64[T]`` s, when each is shown.
        end: s, when the last one ends.
    """
    limits = np.append(times, end)
    return tuple(
        Interval(start=a, stop=b, begin=_rounded(limits[a]), end=_rounded(limits[b])) for a, b in runs(edited)
    )


def read_intervals(plain: object) -> tuple[Interval, ...]:
    """Stretches from JSON of any origin.

    Raises:
        ValueError: it is something else.
    """
    if not isinstance(plain, list):
        raise ValueError("no list of stretches")
    return tuple(_read(item) for item in plain)


def spoken(intervals: Sequence[Interval], most: int = 8) -> str:
    """Stretches for people: ``0.00-4.20 s, 6.00-9.12 s and 3 more``."""
    shown = ", ".join(f"{one.begin:.2f}-{one.end:.2f}" for one in intervals[:most])
    more = f" and {len(intervals) - most} more" if len(intervals) > most else ""
    return f"{shown} s{more}" if intervals else "nothing"


def _read(item: object) -> Interval:
    if not isinstance(item, dict):
        raise ValueError("no stretch")
    start, stop, begin, end = (item.get(key) for key in ("start_frame", "stop_frame", "start_s", "stop_s"))
    return Interval(start=number(start), stop=number(stop), begin=_seconds(begin), end=_seconds(end))


def _seconds(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < 1e9:
        raise ValueError(f"{shown(value, 40)} are no seconds")
    return float(value)


def _rounded(seconds: float) -> float:
    return round(max(0.0, float(seconds)), 6)


def total(intervals: Iterable[Interval]) -> float:
    """Seconds that they last together."""
    return sum(one.end - one.begin for one in intervals)
