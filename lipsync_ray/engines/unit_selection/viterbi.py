"""The cheapest way through the units, one per output frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

_BLOCK = 256  # frames whose costs are held at a time
_FORBIDDEN = np.float32(1e4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One unbroken sequence of output frames to fill with units."""

    length: int  # output frames
    costs: Callable[[int, int], np.ndarray]  # (start, stop) -> float32[stop-start,U]
    transitions: np.ndarray  # float32[U,U], row: the unit before
    moving: np.ndarray  # bool[length]: the mouth should change here, so no picture may stand still for long
    always: np.ndarray  # int64[V] units to keep among the candidates where ``closing`` says so
    closing: np.ndarray  # bool[length]


def best_path(problem: Problem, candidates: int, max_holds: int) -> np.ndarray:
    """Units ``int64[length]`` of least total cost among the ``candidates`` best of each frame (Viterbi 1967).

    A unit is held over at most ``max_holds`` moving frames in a row: holds are counted along each
    surviving path, so the limit is kept exactly and the cost nearly the least. Equal costs are settled
    for the earlier source frame.
    """
    keep = min(candidates + len(problem.always), len(problem.transitions))
    ids = np.empty((problem.length, keep), np.int16 if len(problem.transitions) < 2**15 else np.int32)
    back = np.zeros(ids.shape, np.uint8 if keep <= 2**8 else np.int16)
    total, holds = np.zeros(keep, np.float32), np.zeros(keep, np.int64)
    column = np.full(len(problem.transitions), -1)
    for start in range(0, problem.length, _BLOCK):  # no more is held of a long sequence than its way back
        block = slice(start, min(start + _BLOCK, problem.length))
        ids[block], costs = _shortlist(problem, keep, block)
        if start == 0:
            total = costs[0].copy()
        for t in range(max(block.start, 1), block.stop):
            before, now = ids[t - 1], ids[t]
            step = problem.transitions[before[:, None], now[None]]
            step += total[:, None]
            column[now] = np.arange(keep)
            if problem.moving[t]:
                spent = np.flatnonzero((holds >= max_holds) & (column[before] >= 0))
                step[spent, column[before[spent]]] += _FORBIDDEN
            column[now] = -1
            best = step.argmin(axis=0)
            total = step[best, np.arange(keep)]
            total = total - total.min() + costs[t - start]
            held = before[best] == now
            holds = np.where(held, holds[best] + problem.moving[t], 0)
            back[t] = best
    return _walk_back(ids, back, int(total.argmin()))


def _walk_back(ids: np.ndarray, back: np.ndarray, last: int) -> np.ndarray:
    path = np.empty(len(ids), np.int64)
    for t in range(len(ids) - 1, -1, -1):
        path[t] = ids[t, last]
        last = int(back[t, last])
    return path


def _shortlist(problem: Problem, keep: int, block: slice) -> tuple[np.ndarray, np.ndarray]:
    """The best units of each frame of a block in source order, ``int64[b,keep]``, and their costs."""
    costs = problem.costs(block.start, block.stop)
    rank = costs.copy()
    closing = np.flatnonzero(problem.closing[block])
    rank[closing[:, None], problem.always[None]] = -1
    best = np.sort(np.argpartition(rank, keep - 1, axis=1)[:, :keep], axis=1)
    return best, np.take_along_axis(costs, best, axis=1)
