"""Small text in pictures."""

from __future__ import annotations

import cv2
import numpy as np

PAPER, INK = (24, 24, 24), (235, 235, 235)  # RGB
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_ASPECT = 45.0  # px of height that a line takes at size 1, with room around it


def line_height(size: float) -> int:
    """Height of a band for a line of text, px, even."""
    return round(_ASPECT * size / 2) * 2


def write(picture: np.ndarray, text: str, corner: tuple[int, int], width: int, size: float) -> None:
    """Write a line into a band that begins at ``corner`` (x, y), smaller where it is wider than ``width``."""
    margin = round(8 * size)
    wide = cv2.getTextSize(text, _FONT, size, 1)[0][0]
    fitted = size * min(1.0, max(1, width - 2 * margin) / max(1, wide))
    x, y = corner[0] + margin, corner[1] + round(0.7 * line_height(size))
    cv2.putText(picture, text, (x, y), _FONT, fitted, INK, 1 if fitted < 1 else 2, cv2.LINE_AA)
