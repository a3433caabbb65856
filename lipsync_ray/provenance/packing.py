"""Many stretches in little room: the C2PA library takes a manifest of at most a megabyte."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import numpy as np

from lipsync_ray.provenance.intervals import Interval
from lipsync_ray.provenance.wary import number, shown

MOST = 20_000  # stretches in a manifest: of those with the largest numbers half a megabyte
_PAIR = re.compile(r"([0-9]{1,12})\+([0-9]{1,12})")


def merged(intervals: Sequence[Interval], most: int) -> tuple[tuple[Interval, ...], int]:
    """At most so many stretches: the closest ones are joined.

    Args:
        intervals: in order, without overlap.
        most: at least 1.

    Returns:
        The stretches, and the widest gap in frames that counts as part of them now; 0: all are as they were.
    """
    if len(intervals) <= most:
        return tuple(intervals), 0
    gaps = np.array([after.start - before.stop for before, after in pairwise(intervals)])
    widest = int(np.sort(gaps)[len(gaps) - most])
    cuts = [0, *(np.flatnonzero(gaps > widest) + 1).tolist(), len(intervals)]
    return tuple(_joined(intervals[a], intervals[b - 1]) for a, b in pairwise(cuts)), widest


def packed(intervals: Iterable[Interval]) -> dict[str, str]:
    """Stretches as text: ``gap+length`` of each, in frames and in milliseconds."""
    intervals = tuple(intervals)
    return {
        "frames": _packed((one.start, one.stop) for one in intervals),
        "ms": _packed((round(1000 * one.begin), round(1000 * one.end)) for one in intervals),
    }


def unpacked(plain: object) -> tuple[Interval, ...]:
    """What ``packed`` wrote, of any origin. Raises ValueError: it is something else."""
    if not isinstance(plain, dict):
        raise ValueError("no packed stretches")
    frames, times = (_unpacked(plain.get(key)) for key in ("frames", "ms"))
    if len(frames) != len(times):
        raise ValueError("stretches of frames and of time differ")
    return tuple(
        Interval(start=number(start), stop=number(stop), begin=number(begin) / 1000, end=number(end) / 1000)
        for (start, stop), (begin, end) in zip(frames, times, strict=True)
    )


def packed_by_name(named: Mapping[str, Iterable[Interval]]) -> dict[str, dict[str, str]]:
    """The stretches of each name, packed."""
    return {name: packed(own) for name, own in named.items()}


def _joined(first: Interval, last: Interval) -> Interval:
    return Interval(start=first.start, stop=last.stop, begin=first.begin, end=last.end)


def _packed(limits: Iterable[tuple[int, int]]) -> str:
    reached, parts = 0, []
    for start, stop in limits:
        parts.append(f"{start - reached}+{stop - start}")
        reached = stop
    return " ".join(parts)


def _unpacked(text: object) -> list[tuple[int, int]]:
    if not isinstance(text, str):
        raise ValueError(f"{shown(text, 40)} is no text of stretches")
    reached, found = 0, []
    for part in text.split():
        pair = _PAIR.fullmatch(part)
        if pair is None:
            raise ValueError(f"{shown(part, 40)} is no stretch")
        start = reached + int(pair[1])
        reached = start + int(pair[2])
        found.append((start, reached))
    return found
