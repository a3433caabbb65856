"""Medians of a few values each: what ``np.median`` gives, which takes several times as long over so few."""

from __future__ import annotations

import numpy as np


def median(values: np.ndarray) -> np.ndarray:
    """Along the first axis of finite values ``[n,...]``; of integers, as ``float64``."""
    ordered, count = np.sort(values, axis=0), len(values)
    return np.asarray(ordered[(count - 1) // 2 : count // 2 + 1].mean(axis=0))
