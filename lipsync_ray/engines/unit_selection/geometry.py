"""Small helpers on boxes, polygons and smooth steps, shared by the parts of the mouth renderer."""

from __future__ import annotations

import math
from functools import lru_cache

import cv2
import numpy as np

from lipsync_ray.engines.canvas import Rect
from lipsync_ray.engines.unit_selection import landmarks_sets as sets

FRACTION_BITS = 4  # of the coordinates given to OpenCV's polygon drawing


def face_width(points: np.ndarray) -> float:
    """Width of the face in pixels, the unit of most lengths here; ``points`` is ``[468,>=2]``."""
    (x0, y0), (x1, y1) = (points[edge, :2].tolist() for edge in sets.EDGES)
    return math.hypot(x1 - x0, y1 - y0)


def smoothstep(x: np.ndarray) -> np.ndarray:
    """0 below 0, 1 above 1, smooth between."""
    t = np.clip(x, 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def clamped(x: float) -> float:
    """A number brought into 0..1."""
    return min(max(x, 0.0), 1.0)


def scalar_smoothstep(x: float) -> float:
    """`smoothstep` of one number: NumPy takes ten times as long over it."""
    t = clamped(x)
    return t * t * (3.0 - 2.0 * t)


def bounds(points: np.ndarray, margin: float, width: int, height: int) -> Rect:
    """Smallest pixel box around ``points`` plus ``margin``, cut to a picture; empty boxes have x1 <= x0."""
    left, top = points.min(0).tolist()
    right, bottom = points.max(0).tolist()
    x1, y1 = math.ceil(right + margin) + 1, math.ceil(bottom + margin) + 1
    x0, y0 = math.floor(left - margin), math.floor(top - margin)
    return max(x0, 0), max(y0, 0), min(x1, width), min(y1, height)


def fixed_point(points: np.ndarray, box: Rect, scale: float = 1.0) -> np.ndarray:
    """``int32[n,2]`` for OpenCV's drawing with ``shift=FRACTION_BITS``, relative to a box at 1/scale size."""
    local = (points[:, :2] - (box[0] - 0.5, box[1] - 0.5)) / scale - 0.5
    return np.rint(local * (1 << FRACTION_BITS)).astype(np.int32)


def fill(polygon: np.ndarray, box: Rect, scale: float = 1.0, grow: float = 0.0) -> np.ndarray:
    """Filled polygon, ``uint8`` 0/255 of the box's size divided by ``scale``, grown by ``grow`` pixels."""
    mask = np.zeros(scaled_size(box, scale), np.uint8)
    corners = fixed_point(polygon, box, scale)
    cv2.fillPoly(mask, [corners], 255, cv2.LINE_AA, FRACTION_BITS)
    thickness = round(2.0 * grow / scale)
    if thickness > 1:
        cv2.polylines(mask, [corners], True, 255, thickness, cv2.LINE_8, FRACTION_BITS)
    return mask


def scaled_size(box: Rect, scale: float) -> tuple[int, int]:
    """Rows and columns of a box at ``1/scale`` size, at least one of each."""
    return max(1, round((box[3] - box[1]) / scale)), max(1, round((box[2] - box[0]) / scale))


def blur(picture: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur of ``[h,w]`` or ``[h,w,c]`` with edges repeated, ``float32``; tiny sigmas do not blur.

    Of whole numbers too: OpenCV takes two to three times as long to blur bytes as to blur floats.
    """
    values = np.asarray(picture, np.float32)
    if sigma < 0.3:
        return values
    return cv2.GaussianBlur(values, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)


def resize(picture: np.ndarray, rows: int, columns: int, how: int = cv2.INTER_LINEAR) -> np.ndarray:
    """Picture at another size (the same array where the size is already right)."""
    if picture.shape[:2] == (rows, columns):
        return picture
    return cv2.resize(picture, (columns, rows), interpolation=how)


def for_channels(weight: np.ndarray) -> np.ndarray:
    """A weight ``[h,w]`` once for each of three channels: NumPy takes far longer to repeat it over so few."""
    return cv2.merge([weight, weight, weight])


def ring(points: np.ndarray, indices: tuple[int, ...]) -> np.ndarray:
    """Image coordinates ``float64[n,2]`` of some landmarks."""
    return np.asarray(points[:, :2].take(_array(indices), 0), np.float64)


@lru_cache(maxsize=64)
def _array(indices: tuple[int, ...]) -> np.ndarray:
    return np.array(indices)
