"""The square around a head that VideoReTalking works in: the alignment of the FFHQ data set."""

from __future__ import annotations

import numpy as np

from lipsync_ray.engines.steady import steady
from lipsync_ray.engines.video_retalking.points68 import points68

_CENTRE = 0.5  # landmarks count from the centres of pixels, rectangles from their edges
_LEAST_BORDER = 3  # px


def ffhq_quad(points: np.ndarray) -> np.ndarray:
    """The turned square of the FFHQ alignment (Karras et al. 2019) around 68 points, ``float64[...,4,2]``.

    Corners top left, bottom left, bottom right, top right, in the pixels of ``points[...,68,2]``.
    """
    return _square(_anchors(points))


def face_rectangles(landmarks: np.ndarray, breaks: np.ndarray, reach: int) -> np.ndarray:
    """Upright square around each frame's head, ``float64[M,4]``: x0 y0 x1 y1 in pixels' edges.

    The bounds of the FFHQ square; it follows the head, and may reach outside the picture. Only the
    ``reach`` rows on each side of a row matter to it. NaN where a frame has no face.

    Args:
        landmarks: ``float32[M,468,3]`` px; NaN = absent.
        breaks: ``bool[M]``, True: nothing may be smoothed between this row and the one before.
        reach: frames on each side over which it is held steady.
    """
    # Eyes and mouth are means of landmarks, so smoothing them is the same as smoothing the landmarks.
    corners = _square(steady(_anchors(points68(landmarks)), breaks, reach))
    return np.concatenate([corners.min(1), corners.max(1)], 1) + _CENTRE


def into_square(points: np.ndarray, rectangles: np.ndarray, side: int) -> np.ndarray:
    """Points ``[N,K,2]`` of frames in the pixels of their rectangles ``[N,4]``, cut out ``side`` px wide."""
    size = rectangles[:, None, 2:] - rectangles[:, None, :2]
    return (points + _CENTRE - rectangles[:, None, :2]) * (side / size) - _CENTRE


def fixed_rectangles(
    points: np.ndarray, size: tuple[int, int], limit: tuple[int, int] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """One crop for a whole video, from one frame: outer rectangle ``int64[4]``, inner ``float64[4]``.

    The outer one holds the FFHQ square and a border, inside the picture; the inner one, counted from the
    outer one's corner, holds the square alone. Both x0 y0 x1 y1. Any size of face will do; the authors'
    branch that shrinks large pictures first crops them wrongly and is not here.

    Args:
        points: ``[68,2]`` px.
        size: width and height of the picture.
        limit: rightmost and lowest edge of the inner rectangle; None: those of the outer one. (The authors
            take the picture's width for both, see ``upstream.first_frame_crop``.)
    """
    quad = ffhq_quad(points)
    side = float(np.hypot(*(quad[3] - quad[0])))
    border = max(round(0.1 * side), _LEAST_BORDER)
    low, high = np.floor(quad.min(0)) - border, np.ceil(quad.max(0)) + border
    corner, end = np.maximum(low, 0), np.minimum(high, size)
    inside = quad - corner + _CENTRE
    edges = np.minimum(inside.max(0), end - corner if limit is None else limit)
    outer = np.concatenate([corner, end]).astype(np.int64)
    return outer, np.concatenate([np.maximum(inside.min(0), 0), edges])


def _anchors(points: np.ndarray) -> np.ndarray:
    """Centres of left eye, right eye and mouth, ``float64[...,3,2]``."""
    known = np.asarray(points, np.float64)
    eyes = [known[..., 36:42, :].mean(-2), known[..., 42:48, :].mean(-2)]
    return np.stack([*eyes, known[..., [48, 54], :].mean(-2)], -2)


def _square(anchors: np.ndarray) -> np.ndarray:
    """The FFHQ square of ``_anchors``, ``[...,4,2]``."""
    left, right, mouth = np.moveaxis(anchors, -2, 0)
    across, middle = right - left, (left + right) / 2
    down = mouth - middle
    x = across - _turned(down)
    reach = np.maximum(2.0 * _length(across), 1.8 * _length(down))
    x *= reach / _length(x)
    y, centre = _turned(x), middle + 0.1 * down
    return np.stack([centre - x - y, centre - x + y, centre + x + y, centre + x - y], -2)


def _turned(vectors: np.ndarray) -> np.ndarray:
    """Vectors turned by a right angle, clockwise on the screen."""
    return np.stack([-vectors[..., 1], vectors[..., 0]], -1)


def _length(vectors: np.ndarray) -> np.ndarray:
    return np.hypot(vectors[..., :1], vectors[..., 1:])
