"""Layered mouth interior: cavity, tongue and teeth behind lips that a single picture must open and close.

All heights and widths are in the plane of the mouth, in IO, along the head's own axes: x across, y down.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from lipsync_ray.engines.unit_selection import landmarks_sets as sets
from lipsync_ray.engines.unit_selection.geometry import Rect, blur, bounds, fill, ring, smoothstep

SHOWN = 0.03  # IO, a unit with this aperture shows its own teeth
TEETH_FROM, TEETH_OVER = (
    0.014,
    0.016,
)  # IO, apertures under this show no teeth: a sliver would stay in closed lips
LIP_RIM = 0.014  # IO above the unit's lower lip that belongs to the lip's shadow
CAVITY = np.array([0.28, 0.16, 0.16], np.float32)  # of the lip's colour
CONTACT = np.array([0.50, 0.40, 0.40], np.float32)
TONGUE = np.array([0.52, 0.35, 0.35], np.float32)
TONGUE_FROM = 0.05  # IO, gap


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """The plane of a mouth: an affine map between picture and head axes, and the lips' inner edges."""

    to_head: np.ndarray  # float64[2,3]
    to_picture: np.ndarray  # float64[2,3]
    upper: np.ndarray  # float64[k,2] inner edge, left to right, head axes
    lower: np.ndarray

    def top(self, x: np.ndarray) -> np.ndarray:
        """Height of the upper lip's edge."""
        return np.interp(x, self.upper[:, 0], self.upper[:, 1])

    def bottom(self, x: np.ndarray) -> np.ndarray:
        """Height of the lower lip's edge."""
        return np.interp(x, self.lower[:, 0], self.lower[:, 1])

    @property
    def corners(self) -> tuple[float, float]:
        """x of the left and right ends of the inner edge."""
        return float(self.upper[0, 0]), float(self.upper[-1, 0])


def plane_of(shape: np.ndarray, points: np.ndarray) -> Plane:
    """Plane of a mouth from canonical landmarks ``[468,3]`` and the same in a picture ``[468,2]`` px."""
    rows = [*sets.OUTER, *sets.INNER]
    flat = np.column_stack([shape[rows, :2], np.ones(len(rows))])
    to_picture = np.linalg.lstsq(flat, np.asarray(points[rows, :2], np.float64), rcond=None)[0].T
    to_head = cv2.invertAffineTransform(to_picture)
    return Plane(
        to_head=to_head,
        to_picture=to_picture,
        upper=_edge(points, sets.UPPER_EDGE_IN, to_head),
        lower=_edge(points, sets.LOWER_EDGE_IN, to_head),
    )


def _edge(points: np.ndarray, edge: tuple[int, ...], to_head: np.ndarray) -> np.ndarray:
    found = ring(points, edge) @ to_head[:, :2].T + to_head[:, 2]
    found[:, 0] = np.maximum.accumulate(found[:, 0])
    return found


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
    x, y = _head_positions(plane, part)
    top, bottom = plane.top(x), plane.bottom(x)
    picture = _cavity(x, y, top, bottom, plane, colours)
    teeth = _hung_teeth if unit.aperture >= SHOWN else _made_teeth
    colour, alpha = teeth(x, y, top, bottom, plane, unit, colours)
    alpha = alpha * float(smoothstep((aperture - TEETH_FROM) / TEETH_OVER))
    picture += (colour - picture) * alpha[..., None].astype(np.float32)
    weight = blur(fill(ring(target, sets.INNER), part), max(0.7, 0.004 * face)).astype(np.float32)
    # A polygon thinner than a pixel is drawn a pixel wide or more: let it cover what it should.
    weight *= min(1.0, max(aperture, 0.0) * float(np.hypot(*plane.to_picture[:, 1])) / 1.5)
    view = patch[part[1] - box[1] : part[3] - box[1], part[0] - box[0] : part[2] - box[0]]
    mixed = view + (picture - view) * (weight * np.float32(1 / 255))[..., None]
    view[:] = np.clip(mixed + 0.5, 0, 255).astype(np.uint8)


def _inside(part: Rect, box: Rect) -> Rect:
    return max(part[0], box[0]), max(part[1], box[1]), part[2], part[3]


def _head_positions(plane: Plane, part: Rect) -> tuple[np.ndarray, np.ndarray]:
    column, row = np.meshgrid(np.arange(part[0], part[2]), np.arange(part[1], part[3]))
    m = plane.to_head
    return m[0, 0] * column + m[0, 1] * row + m[0, 2], m[1, 0] * column + m[1, 1] * row + m[1, 2]


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


def _hung_teeth(
    x: np.ndarray,
    y: np.ndarray,
    top: np.ndarray,
    bottom: np.ndarray,
    plane: Plane,
    unit: Mouth,
    colours: Colours,
) -> tuple[np.ndarray, np.ndarray]:
    """The unit's own teeth, hung from the upper lip without stretching: a closing mouth crops them."""
    left, right = plane.corners
    unit_left, unit_right = unit.plane.corners
    source_x = unit_left + (x - left) * ((unit_right - unit_left) / max(right - left, 1e-4))
    source_top, source_bottom = unit.plane.top(source_x), unit.plane.bottom(source_x)
    source_y = source_top + (y - top)
    m = unit.plane.to_picture
    picture = cv2.remap(
        unit.picture,
        (m[0, 0] * source_x + m[0, 1] * source_y + m[0, 2]).astype(np.float32),
        (m[1, 0] * source_x + m[1, 1] * source_y + m[1, 2]).astype(np.float32),
        cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    alpha = np.clip((source_bottom - LIP_RIM - source_y) / 0.018, 0.0, 1.0)
    alpha *= np.clip((source_bottom - source_top) / 0.02, 0.0, 1.0)
    return picture.astype(np.float32), alpha


def _made_teeth(
    x: np.ndarray,
    y: np.ndarray,
    top: np.ndarray,
    bottom: np.ndarray,
    plane: Plane,
    unit: Mouth,
    colours: Colours,
) -> tuple[np.ndarray, np.ndarray]:
    """Plain upper teeth fixed to the head, for a picture that shows none."""
    borders = np.array([-0.30, -0.245, -0.185, -0.125, -0.073, 0.0, 0.073, 0.125, 0.185, 0.245, 0.30])
    left, right = unit.plane.corners
    middle = 0.5 * (left + right)
    across = x - middle
    column = np.clip(np.searchsorted(borders, across) - 1, 0, len(borders) - 2)
    centre = 0.5 * (borders[column] + borders[column + 1])
    r = np.abs(across - centre) / (0.5 * (borders[column + 1] - borders[column]))
    rest = unit.plane.top(np.full(1, middle))[0]
    edge = rest + 0.028 - 0.3 * across**2 - 0.010 * r**4
    depth = np.maximum(y - top, 0.0)
    tone = np.array([1.0, 0.965, 0.91]) * (1 + 0.45 * (colours.skin / colours.skin.mean() - 1))
    tone *= min(200.0, 1.02 * float(colours.skin.mean()))
    light = (1 - 0.7 * np.clip(np.abs(across) / 0.26, 0, 1) ** 1.5) * (1 - 0.16 * np.minimum(r, 1.0) ** 6)
    light = light * (0.62 + 0.38 * np.clip(depth / 0.03, 0.0, 1.0))
    dark = colours.lip * CAVITY
    colour = dark + (tone - dark) * light[..., None]
    alpha = np.clip((edge - y) / 0.006, 0.0, 1.0) * (np.abs(across) < 0.30)
    return colour.astype(np.float32), alpha
