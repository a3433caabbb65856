"""Layered mouth interior: cavity, tongue and teeth behind lips that a single picture must open and close.

Heights and widths are those of `plane`.
"""

from __future__ import annotations

import numpy as np

from lipsync_ray.engines.canvas import Rect
from lipsync_ray.engines.unit_selection import landmarks_sets as sets
from lipsync_ray.engines.unit_selection.geometry import (
    blur,
    bounds,
    fill,
    ring,
    scalar_smoothstep,
    smoothstep,
)
from lipsync_ray.engines.unit_selection.plane import Plane, head_positions
from lipsync_ray.engines.unit_selection.teeth import CAVITY, Colours, Mouth, hung_teeth, made_teeth, read_unit

SHOWN = 0.03  # IO, a unit with this aperture shows its own teeth
HANG_FROM, HANG_OVER = 0.01, 0.02  # IO, how much a unit closes before its teeth are cropped
# IO, apertures from which teeth are drawn, and over which they appear: a sliver would stay in closed lips.
# The first pair is for teeth hung into a unit's mouth, the second for a mouth drawn in layers.
TEETH_FROM, TEETH_OVER = 0.014, 0.016
DRAWN_FROM, DRAWN_OVER = 0.02, 0.014
CONTACT = np.array([0.50, 0.40, 0.40], np.float32)
TONGUE = np.array([0.52, 0.35, 0.35], np.float32)
TONGUE_FROM = 0.05  # IO, gap


def draw_interior(
    patch: np.ndarray,
    box: Rect,
    target: np.ndarray,
    plane: Plane,
    unit: Mouth,
    colours: Colours,
    face: float,
    aperture: float,
) -> None:
    """Replace, in place, what a patch shows between the lips.

    Args:
        patch: ``uint8[h,w,3]`` of the mouth box.
        box: px of the crop.
        target: landmarks ``[468,2]``, px of the crop.
        plane: of the target's mouth, crop pixels.
        unit: the picture teeth are taken from.
        colours: lip and skin.
        face: px.
        aperture: IO, of the target.
    """
    part = _inside(bounds(ring(target, sets.INNER), 0.02 * face + 2, box[2], box[3]), box)
    if part[2] - part[0] < 3 or part[3] - part[1] < 3:
        return
    x, y = head_positions(plane, part)
    top, bottom = plane.top(x), plane.bottom(x)
    picture = _cavity(x, y, top, bottom, plane, colours)
    own = unit.aperture >= SHOWN
    layers = hung_teeth(x, y, plane, unit, colours.lip) if own else [made_teeth(x, y, top, unit, colours)]
    shown = scalar_smoothstep((aperture - DRAWN_FROM) / DRAWN_OVER)
    for colour, alpha in layers:
        picture += (colour - picture) * (shown * alpha)[..., None].astype(np.float32)
    _lay(patch, picture, part, box, target, plane, face, aperture, 1.0)


def hanging(shown: float, wanted: float) -> float:
    """0..1: how much of the inside of a unit that closes from one aperture (IO) to another is replaced."""
    closes = scalar_smoothstep((shown - wanted - HANG_FROM) / HANG_OVER)
    return closes * scalar_smoothstep((wanted - TEETH_FROM) / TEETH_OVER)


def hang_teeth(
    patch: np.ndarray,
    box: Rect,
    target: np.ndarray,
    plane: Plane,
    unit: Mouth,
    face: float,
    aperture: float,
    amount: float,
) -> None:
    """Crop, in place, the inside of a unit that closes, where the triangles have squeezed it.

    Teeth keep their height under the upper lip and the lower lip covers what is too much. Arguments as in
    `draw_interior`, and the weight ``amount`` of `hanging`.
    """
    part = _inside(bounds(ring(target, sets.INNER), 0.02 * face + 2, box[2], box[3]), box)
    if part[2] - part[0] < 3 or part[3] - part[1] < 3:
        return
    x, y = head_positions(plane, part)
    picture = read_unit(x, y, plane, unit).picture
    _lay(patch, picture.astype(np.float32), part, box, target, plane, face, aperture, amount)


def _lay(
    patch: np.ndarray,
    picture: np.ndarray,
    part: Rect,
    box: Rect,
    target: np.ndarray,
    plane: Plane,
    face: float,
    aperture: float,
    amount: float,
) -> None:
    """Put the picture of a part of the box between the lips."""
    weight = blur(fill(ring(target, sets.INNER), part), max(0.7, 0.004 * face))
    # A polygon thinner than a pixel is drawn a pixel wide or more: let it cover what it should.
    weight *= min(1.0, max(aperture, 0.0) * float(np.hypot(*plane.to_picture[:, 1])) / 1.5)
    view = patch[part[1] - box[1] : part[3] - box[1], part[0] - box[0] : part[2] - box[0]]
    mixed = view + (picture - view) * (weight * np.float32(amount / 255))[..., None]
    view[:] = np.clip(mixed + 0.5, 0, 255).astype(np.uint8)


def _inside(part: Rect, box: Rect) -> Rect:
    return max(part[0], box[0]), max(part[1], box[1]), part[2], part[3]


def _cavity(
    x: np.ndarray, y: np.ndarray, top: np.ndarray, bottom: np.ndarray, plane: Plane, colours: Colours
) -> np.ndarray:
    gap = np.maximum(bottom - top, 1e-4)
    depth = np.maximum(y - top, 0.0)
    left, right = plane.corners
    across = np.clip((0.5 * (right - left) - np.abs(x - 0.5 * (left + right))) / 0.06, 0.0, 1.0)
    tongue = smoothstep((depth / gap - 0.5) / 0.35) * smoothstep((gap - TONGUE_FROM) / 0.04) * across
    # Hardly parted lips meet in a shadow of their own colour; only a real opening is a dark cave.
    cave = smoothstep((gap - 0.012) / 0.035)[..., None]
    dark = colours.lip * (CONTACT + (CAVITY - CONTACT) * cave)
    colour = dark + tongue[..., None] * (colours.lip * (TONGUE - CAVITY))
    shadow = 1.0 - cave[..., 0] * (
        1.0 - (0.55 + 0.45 * np.clip(depth / 0.022, 0.0, 1.0)) * (0.7 + 0.3 * across)
    )
    return (colour * shadow[..., None]).astype(np.float32)
