"""Contact line of closed lips: hides what squeezed teeth leave between them."""

from __future__ import annotations

import cv2
import numpy as np

from lipsync_ray.engines.unit_selection import landmarks_sets as sets
from lipsync_ray.engines.unit_selection.colour import lip_colour
from lipsync_ray.engines.unit_selection.geometry import FRACTION_BITS, Rect, bounds, fixed_point, ring

FULL, NONE = 0.010, 0.022  # IO, apertures with the whole line and with none
STRENGTH = 0.88
WIDTH = 0.006  # face widths
FEATHER = 0.004  # face widths, sigma
SHADOW = np.array([0.55, 0.45, 0.45])  # of the lip's colour


def line_weight(aperture: float) -> float:
    """How much of the line is drawn at an aperture in IO."""
    return STRENGTH * float(np.clip((NONE - aperture) / (NONE - FULL), 0.0, 1.0))


def draw_contact(patch: np.ndarray, target: np.ndarray, box: Rect, face: float, aperture: float) -> None:
    """Darken, in place, what is brighter than a contact shadow along closed lips.

    Args:
        patch: ``uint8[h,w,3]``, the mouth box, colours as they will be shown.
        target: landmarks ``[468,2]``, px of the crop.
        box: px of the crop.
        face: px.
        aperture: IO, of the target.
    """
    weight = line_weight(aperture)
    if weight <= 0.01:
        return
    inner = ring(target, sets.INNER)
    part = bounds(inner, (WIDTH + 4 * FEATHER) * face + 1, box[2], box[3])
    part = (max(part[0], box[0]), max(part[1], box[1]), part[2], part[3])
    if part[2] - part[0] < 3 or part[3] - part[1] < 3:
        return
    view = patch[part[1] - box[1] : part[3] - box[1], part[0] - box[0] : part[2] - box[0]]
    alpha = _line(target, part, face) * np.float32(weight / 255)
    shadow = SHADOW * lip_colour(patch, target, box)
    pixels = view.astype(np.float32)
    excess = np.maximum(pixels - shadow.astype(np.float32), 0.0)
    view[:] = np.clip(pixels - alpha[..., None] * excess + 0.5, 0, 255).astype(np.uint8)


def _line(target: np.ndarray, box: Rect, face: float) -> np.ndarray:
    drawn = np.zeros((box[3] - box[1], box[2] - box[0]), np.uint8)
    corners = fixed_point(ring(target, sets.INNER), box)
    cv2.fillPoly(drawn, [corners], 255, cv2.LINE_AA, FRACTION_BITS)
    middle = 0.5 * (ring(target, sets.UPPER_EDGE_IN) + ring(target, sets.LOWER_EDGE_IN))
    path = fixed_point(middle, box)
    width = max(1, round(WIDTH * face))
    cv2.polylines(drawn, [path], False, 255, width, cv2.LINE_AA, FRACTION_BITS)
    sigma = FEATHER * face
    return cv2.GaussianBlur(drawn, (0, 0), max(sigma, 0.5)).astype(np.float32)
