"""Working on a smaller picture: down before the engine, up after it, the source's own detail put back."""

from __future__ import annotations

import cv2
import numpy as np

# Levels of change: below the first a pixel of the source keeps all its fine detail, above the second none,
# because there the mouth is another one and the old one's edges would show through it.
_SAME, _OTHER = 4.0, 16.0


def small_size(width: int, height: int, factor: int) -> tuple[int, int]:
    """Width and height of the smaller picture."""
    return max(2, round(width / factor)), max(2, round(height / factor))


def shrink(picture: np.ndarray, factor: int) -> np.ndarray:
    """``uint8[H,W,3]``, ``factor`` times smaller, each pixel the mean of those it stands for."""
    if factor == 1:
        return picture
    height, width = picture.shape[:2]
    return cv2.resize(picture, small_size(width, height, factor), interpolation=cv2.INTER_AREA)


def shrink_landmarks(landmarks: np.ndarray, size: tuple[int, int], factor: int) -> np.ndarray:
    """Landmarks ``float32[...,3]`` in pixels of the smaller picture; ``size`` is the larger one's (w, h)."""
    if factor == 1:
        return landmarks
    small = small_size(*size, factor)
    ratio = np.array([small[0] / size[0], small[1] / size[1], 1 / factor])
    shift = np.array([0.5, 0.5, 0.0])  # pixels are known by their centres
    return ((landmarks + shift) * ratio - shift).astype(np.float32)


def enlarge(
    picture: np.ndarray, small: np.ndarray, drawn: np.ndarray, mask: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """A drawn small picture over the full-size source: picture ``uint8[H,W,3]`` and mask ``uint8[H,W]``.

    Args:
        picture: the source at full size.
        small: the source as the engine saw it.
        drawn: what the engine made of that.
        mask: where it drew, ``uint8[h,w]``.
    """
    size = (picture.shape[1], picture.shape[0])
    smooth, made = (cv2.resize(p, size, interpolation=cv2.INTER_CUBIC) for p in (small, drawn))
    change = np.abs(drawn.astype(np.int16) - small).max(2).astype(np.float32)
    change = cv2.resize(cv2.GaussianBlur(change, (0, 0), 1.5), size, interpolation=cv2.INTER_LINEAR)
    kept = np.clip((_OTHER - change) / (_OTHER - _SAME), 0, 1)[..., None]
    detail = picture.astype(np.float32) - smooth
    full = np.clip(np.rint(made + kept * detail), 0, 255).astype(np.uint8)
    where = cv2.resize(mask, size, interpolation=cv2.INTER_LINEAR)
    full[where == 0] = picture[where == 0]
    return full, where
