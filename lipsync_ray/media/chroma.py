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
    if axis == 0 and siting == 0.5:  # what OpenCV means by linear, and much the fastest
        size = (chroma.shape[1], 2 * chroma.shape[0])
        return cv2.resize(chroma, size, interpolation=cv2.INTER_LINEAR)[:length]
    # Luma pixel x sits at (x - siting) / 2 on the chroma grid.
    first, second = _mixed(chroma, axis, -1, siting / 2), _mixed(chroma, axis, 1, (1 - siting) / 2)
    if axis == 1:  # merged channels are neighbours in memory: the fastest way to interleave columns
        return cv2.merge([first, second]).reshape(chroma.shape[0], -1)[:, :length]
    return np.stack([first, second], axis=1).reshape(-1, chroma.shape[1])[:length]


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


def _mixed(chroma: np.ndarray, axis: int, by: int, share: float) -> np.ndarray:
    """Each sample with a share of its neighbour on one side."""
    if share == 0:
        return chroma
    return cv2.addWeighted(chroma, 1 - share, _shifted(chroma, axis, by), share, 0)


def _shifted(array: np.ndarray, axis: int, by: int) -> np.ndarray:
    """Each sample's neighbour on one side; the last has none and stands for itself."""
    out, near = np.empty_like(array), array.swapaxes(0, axis)
    shifted = out.swapaxes(0, axis)
    if by < 0:
        shifted[1:], shifted[:1] = near[:-1], near[:1]
    else:
        shifted[:-1], shifted[-1:] = near[1:], near[-1:]
    return out


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
