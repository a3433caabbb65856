"""In which order frames are best decoded, when they are wanted in another one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

_STREAM = 8  # an ascending run of this many frames is streamed; shorter ones are gathered


def decode_blocks(indices: Sequence[int] | np.ndarray, most: int) -> Iterator[tuple[np.ndarray, bool]]:
    """Cut a list of wanted frames into pieces ``(int64[m], streamed)`` that follow it in order.

    A streamed piece never descends and may be of any length: nothing of it need be kept. Other pieces hold
    at most ``most`` frames: their distinct frames are decoded in ascending order and kept until given out.
    """
    wanted = np.asarray(indices, np.int64)
    if not len(wanted):
        return
    falls = np.flatnonzero(np.diff(wanted) < 0) + 1
    edges = [0, *falls.tolist(), len(wanted)]
    gathered = 0  # start of the frames not yet given out
    for start, stop in pairwise(edges):
        if stop - start < _STREAM and len(edges) > 2:
            continue
        yield from _pieces(wanted[gathered:start], most)
        yield wanted[start:stop], True
        gathered = stop
    yield from _pieces(wanted[gathered:], most)


def _pieces(wanted: np.ndarray, most: int) -> Iterator[tuple[np.ndarray, bool]]:
    for start in range(0, len(wanted), most):
        yield wanted[start : start + most], False
