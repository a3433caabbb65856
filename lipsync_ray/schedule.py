"""Which frames a chunk has to decode, look at and draw: pure arithmetic on output frame numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from lipsync_ray.engines.base import FrameContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Output frames ``[start, stop)`` of a chunk that are treated alike: all of one run, or passed through.

    A run is a longest stretch of the whole job, not of the chunk, in which the same face is drawn without a
    break: what is drawn depends on runs alone, so cutting a job elsewhere changes no picture.
    """

    start: int
    stop: int
    keys: tuple[int, ...] = ()  # frames drawn by the engine; they enclose the stretch; none: passes through
    looks: tuple[int, ...] = ()  # frames the engine looks at

    def wanted(self) -> list[int]:
        """Frames to decode, ascending."""
        return sorted({*range(self.start, self.stop), *self.keys, *self.looks})


def cut_runs(touched: np.ndarray, breaks: np.ndarray) -> np.ndarray:
    """First frames of all runs and of all stretches between them, ``int64``, and the end.

    Args:
        touched: ``bool[T]``, whether a frame is drawn at all.
        breaks: ``bool[T]``, True where a frame does not go on from the one before (shot, face, jump).
    """
    begins = np.diff(touched, prepend=~touched[:1]) | (breaks & touched)
    return np.append(np.flatnonzero(begins), len(touched))


def schedule(
    touched: np.ndarray,
    breaks: np.ndarray,
    start: int,
    stop: int,
    *,
    every: int = 1,
    context: FrameContext | None = None,
) -> list[Stretch]:
    """The stretches of output frames ``[start, stop)``, in order.

    Args:
        touched: see ``cut_runs``.
        breaks: see ``cut_runs``.
        start: first frame of the chunk.
        stop: frame after its last.
        every: of so many frames of a run one is drawn, and its last; those between are interpolated.
        context: how far around drawn frames the engine looks.
    """
    edges = cut_runs(touched, breaks)
    first = int(np.searchsorted(edges, start, side="right")) - 1
    stretches = []
    for begin, end in zip(edges[first:-1].tolist(), edges[first + 1 :].tolist(), strict=True):
        if begin >= stop:
            break
        low, high = max(begin, start), min(end, stop)
        keys = _keys(begin, end, low, high - 1, every) if touched[begin] else ()
        looks = _looks(begin, end, keys, every, context) if keys and context else ()
        stretches.append(Stretch(start=low, stop=high, keys=keys, looks=looks))
    return stretches


def _keys(begin: int, end: int, low: int, high: int, every: int) -> tuple[int, ...]:
    """Drawn frames of the run ``[begin, end)`` that enclose ``low`` to ``high``."""
    first = begin + (low - begin) // every * every
    last = min(begin - (begin - high) // every * every, end - 1)
    return (*range(first, last, every), last)


def _looks(begin: int, end: int, keys: tuple[int, ...], every: int, context: FrameContext) -> tuple[int, ...]:
    """The run's drawn frames within the context of ``keys``."""
    if not context.before and not context.after:
        return ()
    low, high = max(begin, keys[0] - context.before), min(end - 1, keys[-1] + context.after)
    inside = _keys(begin, end, low, high, every)
    return tuple(key for key in inside if low <= key <= high)


def in_batches(keys: Sequence[int], size: int) -> Iterator[tuple[int, ...]]:
    """Pieces of at most ``size``."""
    for first in range(0, len(keys), size):
        yield tuple(keys[first : first + size])
