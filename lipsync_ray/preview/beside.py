"""A frame before and after, side by side."""

from __future__ import annotations

import cv2
import numpy as np

from lipsync_ray.preview.labels import PAPER, line_height, write
from lipsync_ray.preview.moments import Moment

GAP = 4  # px between the two


def beside(moment: Moment, engine: str, size: tuple[int, int], *, overlay: bool) -> np.ndarray:
    """The frame before and after with a line of text above each: RGB ``uint8[h,w,3]``, even gap and text.

    Args:
        moment: the frame.
        engine: that drew it.
        size: width and height of each of the two pictures.
        overlay: whether the mask and the landmarks are drawn over the one after.
    """
    width, height = size
    text = float(np.clip(min(size) / 1300, 0.4, 1.2))
    band = line_height(text)
    out = np.full((band + height, 2 * width + GAP, 3), PAPER, np.uint8)
    scale = width / moment.after.shape[1]
    for column, (picture, title) in enumerate(
        zip((moment.before, moment.after), moment.titles(engine), strict=True)
    ):
        shown = _resized(picture, size)
        if column and overlay:
            shown = moment.overlay.draw(shown, zoom=scale)
        left = column * (width + GAP)
        out[band:, left : left + width] = shown
        write(out, title, (left, 0), width, text)
    return out


def fitted(width: int, height: int, most: int) -> tuple[int, int]:
    """Even width and height of one of two pictures that are ``most`` px wide together, or less."""
    shown = min(width, (most - GAP) // 2) // 2 * 2
    return max(2, shown), max(2, round(height * shown / width / 2) * 2)


def _resized(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    if picture.shape[1::-1] == size:
        return picture
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
