"""Measurements held steady over time, without lag, and the same wherever a job is cut."""

from __future__ import annotations

import math

import numpy as np


def steady(values: np.ndarray, breaks: np.ndarray, reach: int) -> np.ndarray:
    """Rows smoothed over time, ``float64`` of the same shape.

    Each row becomes the value there of the straight line through the rows up to ``reach`` before and after
    it (least squares): inside a run that is their mean, and at its ends, or beside a gap, a steady motion
    still comes out as it was. Rows outside the run count for nothing, so a row depends on ``reach`` rows on
    each side, to the last bit.

    Args:
        values: ``[M,...]``; a row with NaN is absent, is passed over, and stays NaN.
        breaks: ``bool[M]``, True: nothing may be smoothed between this row and the one before.
        reach: rows on each side.
    """
    given = np.asarray(values, np.float64)
    flat = given.reshape(len(given), math.prod(given.shape[1:]))
    there = np.asarray(np.isfinite(flat).all(1))
    known = np.where(there[:, None], flat, 0.0)
    weights, moments = _moments(known, there, np.cumsum(breaks), reach)
    spread = weights[0] * weights[2] - weights[1] ** 2
    level = moments[0] / np.maximum(weights[0], 1)[:, None]
    line = weights[2][:, None] * moments[0] - weights[1][:, None] * moments[1]
    alone = (spread == 0)[:, None]
    smooth = np.where(alone, level, line / np.where(spread == 0, 1, spread)[:, None])
    smooth[~there] = np.nan
    return smooth.reshape(given.shape)


def _moments(
    known: np.ndarray, there: np.ndarray, run: np.ndarray, reach: int
) -> tuple[np.ndarray, np.ndarray]:
    """Sums over the neighbours k of each row: of 1, k, k^2 as ``[3,M]``; of value, k value as ``[2,M,K]``."""
    count = len(known)
    weights, moments = np.zeros((3, count)), np.zeros((2, *known.shape))
    farthest = min(reach, count - 1)
    for step in range(-farthest, farthest + 1):
        at = slice(max(0, -step), count - max(0, step))
        near = slice(max(0, step), count - max(0, -step))
        counts = (there[near] & (run[near] == run[at])).astype(np.float64)
        for power in range(3):
            weights[power, at] += counts * step**power
        moments[0, at] += counts[:, None] * known[near]
        moments[1, at] += counts[:, None] * step * known[near]
    return weights, moments
