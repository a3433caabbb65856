"""Teeth for a mouth drawn in layers: the person's own, hung from the upper lip, or plain ones."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from lipsync_ray.engines.unit_selection.bite import find_bite
from lipsync_ray.engines.unit_selection.plane import Plane

LIP_RIM = 0.014  # IO above the unit's lower lip that belongs to the lip's shadow
CAVITY = np.array([0.28, 0.16, 0.16], np.float32)  # of the lip's colour
# Borders between upper teeth, in IO from the middle of the mouth.
BORDERS = np.array([-0.30, -0.245, -0.185, -0.125, -0.073, 0.0, 0.073, 0.125, 0.185, 0.245, 0.30])
BITE_EDGE = 0.008  # IO, over which a row of teeth ends at the bite
SHOWN_BELOW = 0.028  # IO, of the upper teeth under the resting upper lip


@dataclass(frozen=True, slots=True, kw_only=True)
class Colours:
    """What the interior is painted with, RGB ``float32[3]`` each."""

    lip: np.ndarray
    skin: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True)
class Mouth:
    """A unit's picture with its plane."""

    picture: np.ndarray  # uint8[h,w,3]
    plane: Plane
    aperture: float  # IO


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """What a unit's picture shows at the pixels of a target's mouth, corner to corner."""

    picture: np.ndarray  # uint8[h,w,3]
    x: np.ndarray  # float64[h,w] IO, where in the unit it was read
    y: np.ndarray
    top: np.ndarray  # float64[h,w] IO, edges of the unit's lips there
    bottom: np.ndarray


def read_unit(x: np.ndarray, y: np.ndarray, plane: Plane, unit: Mouth, *, from_below: bool = False) -> Inside:
    """A unit's pixels at the same depth under its upper lip, or height above its lower lip."""
    left, right = plane.corners
    unit_left, unit_right = unit.plane.corners
    source_x = unit_left + (x - left) * ((unit_right - unit_left) / max(right - left, 1e-4))
    top, bottom = unit.plane.top(source_x), unit.plane.bottom(source_x)
    source_y = y + (bottom - plane.bottom(x) if from_below else top - plane.top(x))
    m = unit.plane.to_picture
    picture = cv2.remap(
        unit.picture,
        (m[0, 0] * source_x + m[0, 1] * source_y + m[0, 2]).astype(np.float32),
        (m[1, 0] * source_x + m[1, 1] * source_y + m[1, 2]).astype(np.float32),
        cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return Inside(picture=picture, x=source_x, y=source_y, top=top, bottom=bottom)


def hung_teeth(
    x: np.ndarray, y: np.ndarray, plane: Plane, unit: Mouth, lip: np.ndarray
) -> list[tuple[np.ndarray, np.ndarray]]:
    """The unit's own teeth as layers, the lowest first: colour ``float32[h,w,3]`` and weight ``[h,w]``.

    Upper teeth hang from the upper lip without stretching: a closing mouth crops them. What lies below the
    bite stands on the lower lip.
    """
    upper = read_unit(x, y, plane, unit)
    weight = np.clip((upper.bottom - LIP_RIM - upper.y) / 0.018, 0.0, 1.0)
    weight *= np.clip((upper.bottom - upper.top) / 0.02, 0.0, 1.0)
    bite = find_bite(unit.picture, unit.plane, lip)
    if bite is None:
        return [(upper.picture.astype(np.float32), weight)]
    lower = read_unit(x, y, plane, unit, from_below=True)
    below = np.clip((lower.y - bite.at(lower.x)) / BITE_EDGE, 0.0, 1.0)
    below *= np.clip((lower.bottom - lower.top) / 0.02, 0.0, 1.0)
    weight *= np.clip((bite.at(upper.x) - upper.y) / BITE_EDGE, 0.0, 1.0)
    return [(lower.picture.astype(np.float32), below), (upper.picture.astype(np.float32), weight)]


def made_teeth(
    x: np.ndarray, y: np.ndarray, top: np.ndarray, unit: Mouth, colours: Colours
) -> tuple[np.ndarray, np.ndarray]:
    """Plain upper teeth fixed to the head, for a picture that shows none."""
    left, right = unit.plane.corners
    middle = 0.5 * (left + right)
    across = x - middle
    column = np.clip(np.searchsorted(BORDERS, across) - 1, 0, len(BORDERS) - 2)
    centre = 0.5 * (BORDERS[column] + BORDERS[column + 1])
    r = np.abs(across - centre) / (0.5 * (BORDERS[column + 1] - BORDERS[column]))
    rest = unit.plane.top(np.full(1, middle))[0]
    edge = rest + SHOWN_BELOW - 0.3 * across**2 - 0.010 * r**4
    depth = np.maximum(y - top, 0.0)
    tone = np.array([1.0, 0.965, 0.91]) * (1 + 0.45 * (colours.skin / colours.skin.mean() - 1))
    tone *= min(200.0, 1.02 * float(colours.skin.mean()))
    light = (1 - 0.7 * np.clip(np.abs(across) / 0.26, 0, 1) ** 1.5) * (1 - 0.16 * np.minimum(r, 1.0) ** 6)
    light = light * (0.62 + 0.38 * np.clip(depth / 0.03, 0.0, 1.0))
    dark = colours.lip * CAVITY
    colour = dark + (tone - dark) * light[..., None]
    alpha = np.clip((edge - y) / 0.006, 0.0, 1.0) * (np.abs(across) < 0.30)
    return colour.astype(np.float32), alpha
