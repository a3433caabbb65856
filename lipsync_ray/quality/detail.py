"""How much fine detail a mouth shows: what an encoder or a blur takes first."""

from __future__ import annotations

import cv2
import numpy as np

from lipsync_ray.faces.picture import clipped
from lipsync_ray.media.frame import Frame
from lipsync_ray.quality.steady import LIPS

DETAIL_EVERY = 3  # frames; large mouths take long, and a second still has eight looks
# Sigmas in px: between the first two lies the finest detail that an encoder keeps, between the last two what
# even a blurred mouth has. Their ratio hardly depends on what the mouth shows.
_FINE, _MIDDLE = (0.8, 2.0), (1.8, 4.0)
_FLAT = 0.01  # levels, deviation of what is rounding alone


def detail_of(frame: Frame, landmarks: np.ndarray) -> float:
    """Standard deviation of the finest detail of a mouth over that of the middling one; NaN where it is not.

    Args:
        frame: the picture.
        landmarks: ``float32[468,3]`` px of the face.
    """
    points = landmarks[list(LIPS), :2]
    low, high = points.min(axis=0), points.max(axis=0)
    width = float(high[0] - low[0])
    box = clipped(
        (low[0] - 0.25 * width, low[1] - 0.2 * width, high[0] + 0.25 * width, high[1] + 0.45 * width), frame
    )
    if box is None:
        return float("nan")
    part = frame.planes[0][box.y0 : box.y1, box.x0 : box.x1].astype(np.float32)
    fine, middle = (float(cv2.meanStdDev(_band(part, *sigmas))[1][0, 0]) for sigmas in (_FINE, _MIDDLE))
    return fine / middle if middle > _FLAT else float("nan")


def _band(picture: np.ndarray, small: float, large: float) -> np.ndarray:
    return cv2.subtract(cv2.GaussianBlur(picture, (0, 0), small), cv2.GaussianBlur(picture, (0, 0), large))
