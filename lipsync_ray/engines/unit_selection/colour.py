"""Colour of a mouth patch: its rim takes the base's tone, its lips the tone of the frame's own lips."""

from __future__ import annotations

import cv2
import numpy as np

from lipsync_ray.engines.canvas import Canvas, Rect, is_empty
from lipsync_ray.engines.unit_selection import landmarks_sets as sets
from lipsync_ray.engines.unit_selection.geometry import (
    blur,
    bounds,
    face_width,
    fill,
    for_channels,
    resize,
    ring,
)
from lipsync_ray.faces.medians import median

RIM = (0.02, 0.6)  # mask weights that count as rim
STEP = 0.0125  # face widths per pixel of the working size
SPREAD = 0.06  # face widths, sigma of the membrane
LIP_SHARE = 0.4  # of the measured difference of a lip that is removed: all of it would follow the old speech
LIP_LIMIT = 12.0  # grey levels, most that a lip is changed
LIP_DEPTHS = (0.3, 0.45, 0.6)  # of the way from a lip's inner to its outer edge: where its colour is read
LIP_FEATHER = 0.012  # face widths
SHADE, SHADE_LEAST = 0.8, 0.3  # pixels darker than this share of the lips take less of the correction


def match(
    patch: np.ndarray,
    base: np.ndarray,
    mask: np.ndarray,
    target: np.ndarray,
    box: Rect,
    lips: np.ndarray,
    source: np.ndarray,
) -> np.ndarray:
    """Correction ``float32[h,w,3]`` to add to a patch so that it sits in the base without a seam.

    The rim's difference to the base is spread inwards (a membrane); most of what then still differs
    between each lip and the same lip in the frame is removed too. The frame is asked, not the base: where
    an open mouth is closed, the base's lips are mixed with teeth.

    Args:
        patch: ``uint8[h,w,3]``.
        base: ``uint8[h,w,3]``, the warped frame, same box.
        mask: ``float32[h,w]``, weight of the patch.
        target: landmarks ``[468,2]``, px of the crop.
        box: px of the crop.
        lips: ``uint8[h,w,3]``, the frame's own, not warped, see `lips_box`.
        source: landmarks ``[468,2]`` of the frame, px of ``lips``.
    """
    height, width = mask.shape
    face = face_width(target)
    scale = max(1.0, STEP * face)
    rows, columns = max(1, round(height / scale)), max(1, round(width / scale))
    small_base = resize(base, rows, columns, cv2.INTER_AREA).astype(np.float32)
    difference = small_base - resize(patch, rows, columns, cv2.INTER_AREA)
    weight = resize(mask, rows, columns, cv2.INTER_AREA)
    correction = _membrane(difference, weight, SPREAD * face / scale)
    cell = (width / columns, height / rows)
    for edges in ((sets.UPPER_EDGE_OUT, sets.UPPER_EDGE_IN), (sets.LOWER_EDGE_OUT, sets.LOWER_EDGE_IN)):
        wanted = _colours(lips, _lip_points(source, edges))
        _match_lip(correction, patch, wanted, target, edges, box, cell)
    return cv2.multiply(resize(correction, height, width), for_channels(_shade(patch, target, box)))


def _match_lip(
    correction: np.ndarray,
    patch: np.ndarray,
    wanted: np.ndarray,
    target: np.ndarray,
    edges: tuple[tuple[int, ...], tuple[int, ...]],
    box: Rect,
    cell: tuple[float, float],
) -> None:
    """Bring one lip nearer to ``wanted[n,3]`` colours, in place; ``cell`` is the size of a pixel, in px."""
    at = _lip_points(target, edges) - (box[0], box[1])
    shown = _colours(patch, at) + _colours(correction, (at + 0.5) / cell - 0.5)
    rest = LIP_SHARE * np.clip(median(wanted) - median(shown), -LIP_LIMIT, LIP_LIMIT)
    outline = np.vstack([ring(target, edges[0]), ring(target, edges[1])[::-1]])
    lip = resize(fill(outline, box, cell[0]), *correction.shape[:2])
    lip = blur(lip, LIP_FEATHER * face_width(target) / cell[0])
    correction += lip[..., None] * (rest / 255).astype(np.float32)


def _lip_points(points: np.ndarray, edges: tuple[tuple[int, ...], tuple[int, ...]]) -> np.ndarray:
    """Positions ``[n,2]`` spread over the red of one lip, away from its edges and corners."""
    outer, inner = (ring(points, edge)[1:-1] for edge in edges)
    outer, inner = (np.vstack([edge, 0.5 * (edge[1:] + edge[:-1])]) for edge in (outer, inner))
    return np.vstack([inner + part * (outer - inner) for part in LIP_DEPTHS])


def _colours(picture: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Colours ``float32[n,3]`` at positions ``[n,2]`` of a picture."""
    x, y = at.astype(np.float32).T
    read = cv2.remap(picture, x[:, None], y[:, None], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return read[:, 0].astype(np.float32)


def _shade(patch: np.ndarray, target: np.ndarray, box: Rect) -> np.ndarray:
    """Share of the correction each pixel takes, ``float32[h,w]``: dark ones little, or they get a hue."""
    grey = cv2.cvtColor(patch, cv2.COLOR_RGB2GRAY)
    lip = max(float(lip_colour(patch, target, box) @ (0.299, 0.587, 0.114)), 1.0)
    levels = np.clip(np.arange(256, dtype=np.float32) / (SHADE * lip), SHADE_LEAST, 1.0).astype(np.float32)
    return cv2.LUT(grey, levels)


def _membrane(difference: np.ndarray, weight: np.ndarray, sigma: float) -> np.ndarray:
    rim = ((weight > RIM[0]) & (weight < RIM[1])).astype(np.float32)
    total = blur(rim, sigma)
    spread = blur(difference * rim[..., None], sigma)
    # Where no rim is near, the nearest known value would need a wider blur: fall back to the mean of the rim.
    mean = (difference * rim[..., None]).sum((0, 1)) / max(float(rim.sum()), 1.0)
    small = np.float32(1e-3)
    return (spread + small * mean) / (total + small)[..., None]


def lip_colour(patch: np.ndarray, target: np.ndarray, box: Rect) -> np.ndarray:
    """Median colour ``float[3]`` half way between the edges of both lips."""
    middle = np.vstack([ring(target, sets.OUTER_MID), ring(target, sets.INNER_MID)])
    at = np.round(middle - (box[0], box[1])).astype(int)
    at[:, 0] = np.clip(at[:, 0], 0, patch.shape[1] - 1)
    at[:, 1] = np.clip(at[:, 1], 0, patch.shape[0] - 1)
    return median(patch[at[:, 1], at[:, 0]])


def lips_box(points: np.ndarray, width: int, height: int) -> Rect:
    """The part of a picture that shows the lips of landmarks ``[468,2]``; never empty.

    Of lips outside the picture the nearest pixels, as reading at its edge would give.
    """
    x0, y0, x1, y1 = bounds(ring(points, sets.OUTER), 1.0, width, height)
    x0, y0 = min(x0, width - 1), min(y0, height - 1)
    return x0, y0, max(x1, x0 + 1), max(y1, y0 + 1)


def skin_colour(canvas: Canvas, points: np.ndarray) -> np.ndarray:
    """Median colour ``float[3]`` of the cheeks, small squares about a few landmarks ``[468,2]``."""
    reach = max(1, round(0.02 * face_width(points)))
    found = []
    for place in ring(points, sets.CHEEKS):
        square = bounds(np.round(place)[None], float(reach), *canvas.size)
        if not is_empty(square):
            found.append(canvas.source(square).reshape(-1, 3).mean(0))
    return np.median(found, 0) if found else np.full(3, 128.0)
