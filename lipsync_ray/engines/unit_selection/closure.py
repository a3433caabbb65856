"""Closed lips from open pictures: the teeth are painted out first, and a contact line is drawn at the end."""

from __future__ import annotations

import cv2
import numpy as np

from lipsync_ray.engines.canvas import Rect, cut, is_empty
from lipsync_ray.engines.unit_selection import landmarks_sets as sets
from lipsync_ray.engines.unit_selection.colour import lip_colour
from lipsync_ray.engines.unit_selection.geometry import (
    blur,
    bounds,
    clamped,
    face_width,
    fill,
    ring,
    scalar_smoothstep,
)

FULL, NONE = 0.010, 0.022  # IO, apertures with the whole line and with none
STRENGTH = 0.88
WIDTH = 0.006  # face widths
TRIM = 0.006  # face widths (at least 1.3 px) taken off the inner edges of a unit that is to be closed ...
TRIM_OVER, TRIM_BELOW = 0.03, 0.03  # ... by at least this much (IO), to an aperture below this (IO)
PAINT = 0.8  # of the lip's colour, over the teeth of a unit that is to be closed
FINE = 4
FEATHER = 0.004  # face widths, sigma
SHADOW = np.array([0.52, 0.42, 0.42])  # of the lip's colour, where no closed mouth of the person is known


def closing(shown: float, wanted: float) -> float:
    """0..1: how far a unit that shows an aperture (IO) is asked to close altogether."""
    return scalar_smoothstep((shown - wanted) / TRIM_OVER) * clamped(1.0 - wanted / TRIM_BELOW)


def trim_inner(unit: np.ndarray, amount: float) -> np.ndarray:
    """A unit's landmarks ``float64[468,2]`` (px of its patch) with the inner edges a little inside the lips.

    Pixels on the edge of an open mouth mix lip and teeth; pressed together they would leave bright specks.
    """
    points = np.array(unit, np.float64)
    upper, lower = list(sets.UPPER_INNER), list(sets.LOWER_INNER)
    down = points[lower] - points[upper]
    down /= np.maximum(np.hypot(down[:, 0], down[:, 1]), 1e-6)[:, None]
    inset = amount * max(1.3, TRIM * face_width(points))
    points[upper] -= inset * down
    points[lower] += inset * down
    return points


def hide_teeth(picture: np.ndarray, unit: np.ndarray, amount: float) -> np.ndarray:
    """A unit's picture with what is between its lips painted like them: nothing bright is left to squeeze."""
    height, width = picture.shape[:2]
    part = bounds(ring(unit, sets.INNER), 4.0, width, height)
    if is_empty(part):
        return picture
    result = picture.copy()
    view = cut(result, part)
    alpha = blur(fill(ring(unit, sets.INNER), part), 0.6) * np.float32(amount / 255)
    shadow = (PAINT * lip_colour(picture, unit, (0, 0, width, height))).astype(np.float32)
    view[:] = np.clip(view + alpha[..., None] * np.minimum(shadow - view, 0.0) + 0.5, 0, 255).astype(np.uint8)
    return result


def line_weight(aperture: float) -> float:
    """How much of the line is drawn at an aperture in IO."""
    return STRENGTH * clamped((NONE - aperture) / (NONE - FULL))


def draw_contact(
    patch: np.ndarray,
    target: np.ndarray,
    box: Rect,
    face: float,
    aperture: float,
    amount: float = 1.0,
    shade: np.ndarray = SHADOW,
) -> None:
    """Darken, in place, what is brighter than a contact shadow along closed lips.

    Args:
        patch: ``uint8[h,w,3]``, the mouth box, colours as they will be shown.
        target: landmarks ``[468,2]``, px of the crop.
        box: px of the crop.
        face: px.
        aperture: IO, of the target.
        amount: 0..1, of the line.
        shade: its colour ``[3]``, as a share of the lips'.
    """
    weight = amount * line_weight(aperture)
    if weight <= 0.01:
        return
    inner = ring(target, sets.INNER)
    part = bounds(inner, (WIDTH + 4 * FEATHER) * face + 1, box[2], box[3])
    part = (max(part[0], box[0]), max(part[1], box[1]), part[2], part[3])
    if part[2] - part[0] < 3 or part[3] - part[1] < 3:
        return
    view = patch[part[1] - box[1] : part[3] - box[1], part[0] - box[0] : part[2] - box[0]]
    alpha = _line(target, part, face) * np.float32(weight / 255)
    shadow = shade * lip_colour(patch, target, box)
    pixels = view.astype(np.float32)
    excess = np.maximum(pixels - shadow.astype(np.float32), 0.0)
    view[:] = np.clip(pixels - alpha[..., None] * excess + 0.5, 0, 255).astype(np.uint8)


def _line(target: np.ndarray, box: Rect, face: float) -> np.ndarray:
    """Coverage 0..255 of the strip between the lips and a thin line along its middle."""
    upper, lower = ring(target, sets.UPPER_EDGE_IN), ring(target, sets.LOWER_EDGE_IN)
    middle = 0.5 * (upper + lower)
    half = 0.5 * np.maximum(np.abs(lower - upper)[:, 1:], max(WIDTH * face, 1.0)) * (0.0, 1.0)
    outline = np.vstack([middle - half, (middle + half)[::-1]])
    # Drawn at four times the size: at a small face the line is thinner than a pixel.
    fine = fill(outline, box, 1 / FINE)
    drawn = cv2.resize(fine, (box[2] - box[0], box[3] - box[1]), interpolation=cv2.INTER_AREA)
    return blur(drawn, max(FEATHER * face, 0.5))
