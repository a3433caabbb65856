"""Resample chroma between its own grid and luma's, along one axis at a time.

A chroma sample lies ``siting`` luma pixels after the first of the two it belongs to: 0 on it (MPEG-2,
H.264, HEVC horizontally), 0.5 between them (JPEG, MPEG-1, and vertically), 1 on the second (turned pictures).
Going up is linear interpolation; going down is the matching triangle (1 2 1)/4, or the mean for 0.5.
"""

from __future__ import annotations

import cv2
import numpy as np


def widen(chroma: np.ndarray, axis: int, siting: float, length: int) -> np.ndarray:
    """Twice as many samples along ``axis``, cut to ``length``; the ends are repeated. Keeps the dtype."""
    # Luma pixel x sits at (x - siting) / 2 on the chroma grid.
    if axis == 1:  # merged channels are neighbours in memory: the fastest way to interleave columns
        both = [_mixed(chroma, 1, -1, siting / 2), _mixed(chroma, 1, 1, (1 - siting) / 2)]
        return cv2.merge(both).reshape(chroma.shape[0], -1)[:, :length]
    out = np.empty((2 * chroma.shape[0], chroma.shape[1]), chroma.dtype)
    _mixed(chroma, 0, -1, siting / 2, out[::2])
    _mixed(chroma, 0, 1, (1 - siting) / 2, out[1::2])
    return out[:length]


def narrow(values: np.ndarray, siting_x: float | None, siting_y: float | None) -> np.ndarray:
    """``float32`` values on luma's grid, filtered and sampled on chroma's.

    Rows and columns must be even in number where they are halved; the ends are repeated.

    Args:
        values: ``[h,w]`` or ``[h,w,c]``.
        siting_x: where chroma samples lie in their block of two columns; None: as many columns as luma.
        siting_y: the same for rows.
    """
    if siting_y == 0.5:  # a mean of pairs: half as many rows are left to filter
        values, siting_y = cv2.addWeighted(values[::2], 0.5, values[1::2], 0.5, 0), None
    if siting_x is None and siting_y is None:
        return values
    kernels = [_kernel(siting_x), _kernel(siting_y)]
    done = cv2.sepFilter2D(values, cv2.CV_32F, kernels[0], kernels[1], borderType=cv2.BORDER_REPLICATE)
    return np.ascontiguousarray(done[_samples(siting_y), _samples(siting_x)])


def _mixed(chroma: np.ndarray, axis: int, by: int, share: float, out: np.ndarray | None = None) -> np.ndarray:
    """Each sample with a share of its neighbour on one side; the last has none and stands for itself."""
    if not share and out is None:
        return chroma
    near = chroma
    if share:
        before, after = int(by < 0), int(by > 0)
        edges = (before, after, 0, 0) if axis == 0 else (0, 0, before, after)
        more = cv2.copyMakeBorder(chroma, *edges, cv2.BORDER_REPLICATE).swapaxes(0, axis)
        near = (more[1:] if by > 0 else more[:-1]).swapaxes(0, axis)
    return cv2.addWeighted(chroma, 1 - share, near, share, 0, dst=out)


def _kernel(siting: float | None) -> np.ndarray:
    if siting is None:
        return np.ones(1, np.float32)
    if siting == 0.5:
        return np.array([0, 0.5, 0.5], np.float32)
    return np.array([0.25, 0.5, 0.25], np.float32)


def _samples(siting: float | None) -> slice:
    if siting is None:
        return slice(None)
    return slice(1, None, 2) if siting == 1 else slice(0, None, 2)
