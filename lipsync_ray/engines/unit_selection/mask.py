"""Where a mouth patch replaces the base: all of the lips, a little skin around them, a soft edge."""

from __future__ import annotations

import cv2
import numpy as np

from lipsync_ray.engines.canvas import Rect
from lipsync_ray.engines.unit_selection import landmarks_sets as sets
from lipsync_ray.engines.unit_selection.geometry import blur, fill, resize, ring

GROWTH = 0.035  # face widths around the lips that are replaced
FEATHER = 0.018  # face widths, sigma of the soft edge
FAINTEST = 0.004  # weights below are 0


def mouth_mask(target: np.ndarray, covered: np.ndarray, box: Rect, face: float) -> np.ndarray:
    """Weight of the patch, ``float32[h,w]`` in 0..1, of a mouth box.

    Args:
        target: landmarks ``[468,2]``, px of the crop.
        covered: ``uint8[h,w]``, 255 where the patch has pixels.
        box: px of the crop.
        face: px.
    """
    scale = max(1.0, face / 150.0)
    outline = cv2.convexHull(ring(target, sets.OUTER).astype(np.float32)).reshape(-1, 2)
    grown = fill(outline, box, scale, GROWTH * face)
    rows, columns = grown.shape
    sigma = FEATHER * face / scale
    weight = blur(grown, sigma)
    reach = 2 * round(1.5 * sigma) + 1
    cover = resize(covered, rows, columns, cv2.INTER_AREA)
    cover = cv2.erode(cover, np.ones((reach, reach), np.uint8), borderType=cv2.BORDER_REPLICATE)
    if cover.min() < 255:
        weight *= blur(cover, 0.6 * sigma) * np.float32(1 / 255)
    weight = np.minimum(weight * np.float32(1 / 255), 1.0)  # a blur of floats may end a rounding above
    _hold_edges(weight)
    weight = resize(weight, box[3] - box[1], box[2] - box[0])
    weight[weight < FAINTEST] = 0.0
    return weight


def _hold_edges(weight: np.ndarray) -> None:
    """The box must not show: its border pixels carry no weight."""
    weight[[0, -1]] = 0.0
    weight[:, [0, -1]] = 0.0
