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
    x, y, width, height = cv2.boundingRect(mask)
    full, where = picture.copy(), np.zeros(picture.shape[:2], np.uint8)
    if not width:
        return full, where
    part = _at_full_size(picture.shape, small.shape, (x, y, width, height))
    view = (slice(part[1], part[1] + part[3]), slice(part[0], part[0] + part[2]))

    def up(values: np.ndarray, method: int) -> np.ndarray:
        return _enlarged(values, picture.shape, part, method)

    change = np.abs(drawn.astype(np.int16) - small).max(2).astype(np.float32)
    change = up(cv2.GaussianBlur(change, (0, 0), 1.5), cv2.INTER_LINEAR)
    kept = np.clip((_OTHER - change) / (_OTHER - _SAME), 0, 1)[..., None]
    smooth, made = up(small, cv2.INTER_CUBIC), up(drawn, cv2.INTER_CUBIC)
    where[view] = up(mask, cv2.INTER_LINEAR)
    mixed = made + kept * (picture[view].astype(np.float32) - smooth)
    new = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
    full[view] = np.where(where[view][..., None] > 0, new, picture[view])
    return full, where


def _at_full_size(
    full: tuple[int, ...], small: tuple[int, ...], part: tuple[int, int, int, int]
) -> tuple[int, int, int, int]:
    """A rectangle (x, y, width, height) of the small picture, and a pixel around it, in the large one."""
    x, y, width, height = part
    across, down = full[1] / small[1], full[0] / small[0]
    left, top = max(0, int((x - 1) * across)), max(0, int((y - 1) * down))
    right, bottom = int((x + width + 1) * across) + 1, int((y + height + 1) * down) + 1
    return left, top, min(full[1], right) - left, min(full[0], bottom) - top


def _enlarged(
    values: np.ndarray, full: tuple[int, ...], part: tuple[int, int, int, int], method: int
) -> np.ndarray:
    """A rectangle of ``values`` brought to the full size, without the rest."""
    x, y, width, height = part
    across, down = values.shape[1] / full[1], values.shape[0] / full[0]
    matrix = np.array([[across, 0, (x + 0.5) * across - 0.5], [0, down, (y + 0.5) * down - 0.5]], np.float64)
    flags = method | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(values, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
