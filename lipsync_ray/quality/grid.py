"""Luma at places spread over a picture: enough to tell whether what should stay as it was has stayed."""

from __future__ import annotations

import numpy as np

from lipsync_ray.media.frame import Box, Frame

PLACES = 40  # along the shorter side: some 2,800 in all; noise of encoders is everywhere


def luma_grid(frame: Frame) -> np.ndarray:
    """Samples ``uint8[rows,columns]``, deeper ones ``uint16``, see ``_places``."""
    rows, columns = _places(frame.height, frame.width)
    return np.ascontiguousarray(frame.planes[0][rows, columns])


def difference_outside(frame: Frame, grid: np.ndarray, box: Box | None) -> float:
    """Mean squared difference outside a box, in levels of 8 bits squared; NaN where all lies in it.

    Args:
        frame: the picture.
        grid: that of the picture it is compared with, of the same size and depth.
        box: what may differ; None: nothing.
    """
    change = luma_grid(frame).astype(np.float64) - grid
    if box is None:
        return _mean_square(change, frame)
    rows, columns = _places(frame.height, frame.width)
    down, across = np.arange(frame.height)[rows], np.arange(frame.width)[columns]
    outside = ((down < box.y0) | (down >= box.y1))[:, None] | ((across < box.x0) | (across >= box.x1))
    return _mean_square(change[outside], frame)


def _mean_square(change: np.ndarray, frame: Frame) -> float:
    unit = float(1 << (frame.layout.depth - 8))
    return float(np.square(change / unit).mean()) if change.size else float("nan")


def _places(height: int, width: int) -> tuple[slice, slice]:
    step = max(1, min(height, width) // PLACES)
    return slice(step // 2, None, step), slice(step // 2, None, step)
