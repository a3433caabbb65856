"""Small RGB pictures out of decoded frames: shrunk as planes, then converted, because planes are cheap."""

from __future__ import annotations

import cv2
import numpy as np

from lipsync_ray.media.colour import crop_rgb
from lipsync_ray.media.frame import Box, Frame

STRIP = 1 << 15  # px converted at a time


def shrunk_rgb(frame: Frame, box: Box, step: int) -> tuple[np.ndarray, int, int]:
    """RGB of about ``box``, ``step`` times smaller, and the full-size pixel where it starts.

    Every small pixel is the mean of ``step`` x ``step`` large ones. The box grows to whole chroma blocks
    and loses what does not fill a small pixel at the picture's right and bottom edges.
    """
    layout = frame.layout
    x0, x1 = _span(box.x0, box.x1, step << layout.shift_x, frame.width)
    y0, y1 = _span(box.y0, box.y1, step << layout.shift_y, frame.height)
    if step == 1:
        return _in_strips(frame, Box(x0=x0, y0=y0, x1=x1, y1=y1)), x0, y0
    planes = []
    for number, plane in enumerate(frame.planes):
        right, down = (layout.shift_x, layout.shift_y) if number else (0, 0)
        part = plane[y0 >> down : y1 >> down, x0 >> right : x1 >> right]
        # A strip may be lower, or narrower, than one small pixel.
        size = (max(1, part.shape[1] // step), max(1, part.shape[0] // step))
        planes.append(cv2.resize(part, size, interpolation=cv2.INTER_AREA))
    small = Frame(index=frame.index, planes=(planes[0], planes[1], planes[2]), layout=layout)
    return _in_strips(small, whole(small)), x0, y0


def _in_strips(frame: Frame, box: Box) -> np.ndarray:
    """``crop_rgb`` of a large box, some rows at a time.

    Its arrays of floats then stay below the size at which the allocator takes fresh pages from the
    system every time, which costs several times the arithmetic.
    """
    rows = max(2, STRIP // box.width // 2 * 2)
    out = np.empty((box.height, box.width, 3), np.uint8)
    for top in range(0, box.height, rows):
        y0, y1 = box.y0 + top, min(box.y0 + top + rows, box.y1)
        out[top : top + rows] = crop_rgb(frame, Box(x0=box.x0, y0=y0, x1=box.x1, y1=y1))
    return out


def _span(start: int, stop: int, unit: int, size: int) -> tuple[int, int]:
    """Grow to multiples of ``unit``, inside the picture; at least one unit."""
    if unit == 1 or size < unit:
        return max(0, start), min(size, stop)
    last = size // unit * unit
    low = min(max(0, start // unit * unit), last - unit)
    return low, max(low + unit, min(last, -(-stop // unit) * unit))


def whole(frame: Frame) -> Box:
    """The box of the whole picture."""
    return Box(x0=0, y0=0, x1=frame.width, y1=frame.height)


def clipped(bounds: tuple[float, float, float, float], frame: Frame) -> Box | None:
    """Whole pixels of the bounds that lie in the picture, or None."""
    x0, y0 = max(0, int(np.floor(bounds[0]))), max(0, int(np.floor(bounds[1])))
    x1, y1 = min(frame.width, int(np.ceil(bounds[2])) + 1), min(frame.height, int(np.ceil(bounds[3])) + 1)
    return Box(x0=x0, y0=y0, x1=x1, y1=y1) if x0 < x1 and y0 < y1 else None
