"""The picture of a face that SyncNet knows, cut as ``run_pipeline.py`` of its authors does it."""

from __future__ import annotations

import math

import cv2
import numpy as np

from lipsync_ray.media.colour import crop_rgb
from lipsync_ray.media.frame import Box, Frame

SIDE = 224  # px
_GREY = 110  # beyond the picture
_PAD = 0.4  # of half the face, added on both sides; as much again as on both is added below


def cut_lips(frame: Frame, face: np.ndarray) -> np.ndarray:
    """The crop ``uint8[224,224,3]``, BGR: the face's box, grown by 0.4 of its half to the sides, 0.8 below.

    Args:
        frame: the picture.
        face: ``float64[3]`` px, the box's centre and half of its longer side.
    """
    x, y, half = face.tolist()
    wide = half * (1 + _PAD)
    x0, x1, y0, y1 = (math.floor(edge) for edge in (x - wide, x + wide, y - half, y + half + 2 * _PAD * half))
    left, right = max(x0, 0), min(x1, frame.width)
    top, bottom = max(y0, 0), min(y1, frame.height)
    if left >= right or top >= bottom:
        return np.full((SIDE, SIDE, 3), _GREY, np.uint8)
    inside = crop_rgb(frame, Box(x0=left, y0=top, x1=right, y1=bottom))[..., ::-1]
    around = (top - y0, y1 - bottom, left - x0, x1 - right)
    whole = cv2.copyMakeBorder(inside, *around, cv2.BORDER_CONSTANT, value=(_GREY, _GREY, _GREY))
    return cv2.resize(whole, (SIDE, SIDE))  # bilinear even where it shrinks: the network knows it so
