"""Resizing as the authors' imaging library does it, which averages when it shrinks and OpenCV does not."""

from __future__ import annotations

import numpy as np

_SHARPNESS = -0.5  # of the cubic kernel (Keys 1981); OpenCV's is -0.75
_SUPPORT = 2.0  # pixels that it reaches on each side


def resampling_rows(size: int, target: int, start: int, count: int) -> np.ndarray:
    """Weights ``float32[count,size]`` that resize ``size`` pixels to ``target``, bicubic, and take a window.

    Row k makes pixel ``start + k`` of the resized line; rows outside of it are zeros.
    """
    wanted = np.arange(start, start + count)
    ratio = size / target
    wider = max(ratio, 1.0)  # when it shrinks, the kernel grows with the step: every pixel counts
    centre = (wanted + 0.5) * ratio
    first = np.maximum((centre - _SUPPORT * wider + 0.5).astype(int), 0)
    last = np.minimum((centre + _SUPPORT * wider + 0.5).astype(int), size)
    at = np.arange(size)
    weights = _kernel((at + 0.5 - centre[:, None]) / wider)
    weights *= (at >= first[:, None]) & (at < last[:, None])
    weights /= np.where((total := weights.sum(1)) == 0, 1, total)[:, None]
    weights[(wanted < 0) | (wanted >= target)] = 0
    return weights.astype(np.float32)


def _kernel(distance: np.ndarray) -> np.ndarray:
    x, a = np.abs(distance), _SHARPNESS
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * a
    return np.where(x < 1, near, np.where(x < _SUPPORT, far, 0))
