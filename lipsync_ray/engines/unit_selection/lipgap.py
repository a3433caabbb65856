"""How far lips are apart in the picture: landmarks may claim closed lips over teeth or a dark mouth."""

from __future__ import annotations

import cv2
import numpy as np

from lipsync_ray.engines.unit_selection.colour import lip_colour
from lipsync_ray.engines.unit_selection.landmarks_sets import (
    LOWER_EDGE_IN,
    LOWER_EDGE_OUT,
    UPPER_EDGE_IN,
    UPPER_EDGE_OUT,
)
from lipsync_ray.faces.medians import median

_COLUMNS, _ROWS = 15, 25
_FROM, _TO = 2.0, 8.0  # of the eleven points of an edge: the corners are always dark
_REACH = 0.03  # IO above and below the line where the lips meet
# Against the darker and the paler lip: what is this much darker is no lip, nor what is pale and bright (a
# tooth). The thin shadow of a closed mouth stays above the first.
_DARK, _PALE, _BRIGHT = 0.6, 0.55, 0.7
_WIDEST = 4  # columns: a small round hole must not drown in the closed rest

CLOSED_GAP, OPEN_GAP = 0.012, 0.02  # IO: less is a closed mouth, more an open one


def lip_gap(patch: np.ndarray, landmarks: np.ndarray, scale: float) -> float:
    """Height of what shows between the lips where it is highest, in IO (0 to 0.06).

    Across the middle of the mouth, columns of pixels are read along the line where the inner lips meet;
    dark pixels (the open mouth) and pale bright ones (teeth) are counted against the colours of both
    lips in the same columns. On three speakers closed mouths gave under .01, round mouths with a dark
    hole that the landmarks called closed .021 and more.

    Args:
        patch: ``uint8[h,w,3]`` RGB.
        landmarks: ``[468,2]`` px of the patch.
        scale: px per IO.
    """
    upper_in, upper_out = _column(landmarks, UPPER_EDGE_IN), _column(landmarks, UPPER_EDGE_OUT)
    lower_in, lower_out = _column(landmarks, LOWER_EDGE_IN), _column(landmarks, LOWER_EDGE_OUT)
    upper, lower = (upper_in + upper_out) / 2, (lower_in + lower_out) / 2
    down = lower - upper
    down /= np.maximum(np.linalg.norm(down, axis=1, keepdims=True), 1e-6)
    depth = np.linspace(-_REACH, _REACH, _ROWS)[:, None, None] * scale
    between = _read(patch, (upper_in + lower_in)[None] / 2 + depth * down[None])
    lips = np.stack([median(_read(patch, mid[None])[0]) for mid in (upper, lower)])
    light, pale = _light(lips).min(), _redness(lips).min()
    dark = _light(between) < _DARK * light
    teeth = (_redness(between) < _PALE * pale) & (_light(between) > _BRIGHT * light)
    heights = (dark | teeth).mean(axis=0) * 2 * _REACH
    # The shadow of a closed mouth is a line: in a small face it is a pixel wide, however thin in life.
    return max(float(np.sort(heights)[-_WIDEST:].mean()) - 1 / scale, 0.0)


def contact_shade(patch: np.ndarray, landmarks: np.ndarray, scale: float) -> np.ndarray:
    """Colour of the line where closed lips meet, as a share of the lips' colour, ``float64[3]``.

    Arguments as in `lip_gap`; the median over the columns of their darkest pixels within .01 IO.
    """
    depth = np.linspace(-0.01, 0.01, 9)[:, None, None] * scale
    upper, lower = _column(landmarks, UPPER_EDGE_IN), _column(landmarks, LOWER_EDGE_IN)
    down = _column(landmarks, LOWER_EDGE_OUT) - _column(landmarks, UPPER_EDGE_OUT)
    down /= np.maximum(np.linalg.norm(down, axis=1, keepdims=True), 1e-6)
    line = _read(patch, (upper + lower)[None] / 2 + depth * down[None])
    darkest = line[_light(line).argmin(axis=0), np.arange(_COLUMNS)]
    lip = lip_colour(patch, landmarks, (0, 0, patch.shape[1], patch.shape[0]))
    return median(darkest) / np.maximum(lip, 1.0)


def _column(landmarks: np.ndarray, edge: tuple[int, ...]) -> np.ndarray:
    points, at = landmarks[list(edge), :2], np.linspace(_FROM, _TO, _COLUMNS)
    return np.stack([np.interp(at, np.arange(len(edge)), points[:, k]) for k in (0, 1)], axis=1)


def _read(patch: np.ndarray, points: np.ndarray) -> np.ndarray:
    at = points.astype(np.float32)
    read = cv2.remap(patch, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return read.astype(np.float64)


def _light(rgb: np.ndarray) -> np.ndarray:
    return rgb @ np.array([0.299, 0.587, 0.114])


def _redness(rgb: np.ndarray) -> np.ndarray:
    return (rgb[..., 0] - rgb[..., 1]) / (rgb.sum(axis=-1) + 1)
