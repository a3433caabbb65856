"""Colour of a mouth patch: its rim takes the base's tone, its lips the tone of the frame's own lips."""

from __future__ import annotations

import cv2
import numpy as np

from lipsync_ray.engines.unit_selection import landmarks_sets as sets
from lipsync_ray.engines.unit_selection.geometry import Rect, blur, fill, resize, ring

RIM = (0.02, 0.6)  # mask weights that count as rim
STEP = 0.0125  # face widths per pixel of the working size
SPREAD = 0.06  # face widths, sigma of the membrane
LIP_SHARE = 0.7  # of the measured difference of a lip that is removed
LIP_LIMIT = 16.0  # grey levels, most that a lip is changed
LIP_FEATHER = 0.012  # face widths
SHADE, SHADE_LEAST = 0.8, 0.3  # pixels darker than this share of the lips take less of the correction


def match(patch: np.ndarray, base: np.ndarray, mask: np.ndarray, target: np.ndarray, box: Rect) -> np.ndarray:
    """Correction ``float32[h,w,3]`` to add to a patch so that it sits in the base without a seam.

    The rim's difference to the base is spread inwards (a membrane); what then still differs between the
    lips of patch and base, on average over each lip, is mostly removed.

    Args:
        patch: ``uint8[h,w,3]``.
        base: ``uint8[h,w,3]``, the warped frame, same box.
        mask: ``float32[h,w]``, weight of the patch.
        target: landmarks ``[468,2]``, px of the crop.
        box: px of the crop.
    """
    height, width = mask.shape
    face = float(np.hypot(*(target[sets.EDGES[1], :2] - target[sets.EDGES[0], :2])))
    scale = max(1.0, STEP * face)
    rows, columns = max(1, round(height / scale)), max(1, round(width / scale))
    small_base = resize(base, rows, columns, cv2.INTER_AREA).astype(np.float32)
    difference = small_base - resize(patch, rows, columns, cv2.INTER_AREA)
    weight = resize(mask, rows, columns, cv2.INTER_AREA)
    correction = _membrane(difference, weight, SPREAD * face / scale)
    for edges in ((sets.UPPER_EDGE_OUT, sets.UPPER_EDGE_IN), (sets.LOWER_EDGE_OUT, sets.LOWER_EDGE_IN)):
        _match_lip(
            correction, difference, _lip(target, edges, box, width / columns), LIP_FEATHER * face / scale
        )
    return resize(correction, height, width) * _shade(patch, target, box)


def _shade(patch: np.ndarray, target: np.ndarray, box: Rect) -> np.ndarray:
    """Share of the correction each pixel takes, ``float32[h,w,1]``: dark ones little, or they get a hue."""
    grey = cv2.cvtColor(patch, cv2.COLOR_RGB2GRAY)
    lip = max(float(lip_colour(patch, target, box) @ (0.299, 0.587, 0.114)), 1.0)
    levels = np.clip(np.arange(256, dtype=np.float32) / (SHADE * lip), SHADE_LEAST, 1.0).astype(np.float32)
    return levels[grey][..., None]


def _membrane(difference: np.ndarray, weight: np.ndarray, sigma: float) -> np.ndarray:
    rim = ((weight > RIM[0]) & (weight < RIM[1])).astype(np.float32)
    total = blur(rim, sigma)
    spread = blur(difference * rim[..., None], sigma)
    # Where no rim is near, the nearest known value would need a wider blur: fall back to the mean of the rim.
    mean = (difference * rim[..., None]).sum((0, 1)) / max(float(rim.sum()), 1.0)
    small = np.float32(1e-3)
    return (spread + small * mean) / (total + small)[..., None]


def _lip(
    target: np.ndarray, edges: tuple[tuple[int, ...], tuple[int, ...]], box: Rect, scale: float
) -> np.ndarray:
    outline = np.vstack([ring(target, edges[0]), ring(target, edges[1])[::-1]])
    return fill(outline, box, scale)


def _match_lip(correction: np.ndarray, difference: np.ndarray, lip: np.ndarray, feather: float) -> None:
    """Remove, in place, most of the mean difference of one lip; ``lip`` is ``uint8[rows,columns]``."""
    shape = correction.shape[:2]
    lip = resize(lip, *shape)
    core = cv2.erode(lip, np.ones((3, 3), np.uint8)) > 200
    if core.sum() < 6:
        core = lip > 127
    if core.sum() < 6:
        return
    rest = np.median(difference[core] - correction[core], 0)
    rest = LIP_SHARE * np.clip(rest, -LIP_LIMIT, LIP_LIMIT)
    correction += blur(lip, feather).astype(np.float32)[..., None] * (rest / 255).astype(np.float32)


def lip_colour(patch: np.ndarray, target: np.ndarray, box: Rect) -> np.ndarray:
    """Median colour ``float[3]`` half way between the edges of both lips."""
    middle = np.vstack([ring(target, sets.OUTER_MID), ring(target, sets.INNER_MID)])
    at = np.round(middle - (box[0], box[1])).astype(int)
    at[:, 0] = np.clip(at[:, 0], 0, patch.shape[1] - 1)
    at[:, 1] = np.clip(at[:, 1], 0, patch.shape[0] - 1)
    return np.median(patch[at[:, 1], at[:, 0]], 0)


def skin_colour(frame: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Median colour ``float[3]`` of the cheeks, small squares about a few landmarks ``[468,2]``."""
    reach = max(1, round(0.02 * float(np.hypot(*(points[sets.EDGES[1], :2] - points[sets.EDGES[0], :2])))))
    found = []
    for x, y in np.round(ring(points, sets.CHEEKS)).astype(int).tolist():
        square = frame[max(y - reach, 0) : max(y + reach + 1, 0), max(x - reach, 0) : max(x + reach + 1, 0)]
        if square.size:
            found.append(square.reshape(-1, 3).mean(0))
    return np.median(found, 0) if found else np.full(3, 128.0)
