"""Mouth patch: the lips of a unit, brought triangle by triangle to the wanted landmarks."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from lipsync_ray.engines.canvas import Rect
from lipsync_ray.engines.unit_selection import landmarks_sets as sets
from lipsync_ray.engines.unit_selection.geometry import (
    FRACTION_BITS,
    blur,
    bounds,
    fill,
    fixed_point,
    resize,
    ring,
    scaled_size,
)

OPENED = 0.12  # IO, aperture of the face that is triangulated: closed lips have no inner triangles
REACH = (1.05, 0.95)  # half axes of the triangulated ellipse about the mouth, in mouth widths
MARGIN = 0.10  # face widths around the outer lips: the mouth box
THINNEST = 0.05  # px^2, twice the area of the smallest triangle drawn
NARROWEST = 0.6  # px, height of the smallest triangle drawn between the lips
SMOOTHING = 0.008  # face widths, of the displacement between triangles


@dataclass(frozen=True, slots=True, kw_only=True)
class Mesh:
    """Triangles about the mouth, the same for every frame of a job."""

    triangles: np.ndarray  # int32[n,3] landmark numbers
    between: int  # the first so many lie between the lips


@dataclass(frozen=True, slots=True, kw_only=True)
class Displacement:
    """Where the pixels of a mouth box come from, in pixels of a unit's patch."""

    box: Rect  # px of the crop
    x: np.ndarray  # float32[h,w]
    y: np.ndarray  # float32[h,w]
    covered: np.ndarray  # uint8[h,w], 255 inside the triangles


def triangulate(shape: np.ndarray) -> Mesh:
    """Delaunay triangles of a face about its mouth.

    Args:
        shape: canonical landmarks ``[468,>=2]`` (IO units) with the mouth open by about ``OPENED``.
    """
    points = np.asarray(shape[:, :2], np.float64)
    left, right = points[list(sets.CORNERS)]
    width = float(np.hypot(*(right - left)))
    offset = (points - points[list(sets.LIPS)].mean(0)) / (REACH[0] * width, REACH[1] * width)
    numbers = np.flatnonzero((offset**2).sum(1) < 1.0)
    size = 4096.0
    low = points[numbers].min(0)
    spread = (points[numbers].max(0) - low).max()
    placed = (16.0 + (points[numbers] - low) / spread * (size - 32.0)).astype(np.float32)
    plane = cv2.Subdiv2D((0, 0, int(size), int(size)))
    for x, y in placed:
        plane.insert((float(x), float(y)))
    corners = np.asarray(plane.getTriangleList(), np.float32).reshape(-1, 3, 2)
    inside = ((corners > 0) & (corners < size)).all((1, 2))
    nearest = np.linalg.norm(corners[inside][:, :, None] - placed[None, None], axis=-1)
    kept = nearest.min(-1).max(-1) < 0.5
    triangles = np.sort(numbers[nearest.argmin(-1)[kept]], 1).astype(np.int32)
    between = np.isin(triangles, sets.INNER).all(1)
    # Drawn first, so that pixels on the edge of a lip belong to the lip.
    return Mesh(
        triangles=np.concatenate([triangles[between], triangles[~between]]), between=int(between.sum())
    )


def mouth_box(target: np.ndarray, face: float, width: int, height: int) -> Rect:
    """Box that holds every pixel a mouth patch may change."""
    return bounds(ring(target, sets.OUTER), MARGIN * face, width, height)


def displace(mesh: Mesh, unit: np.ndarray, target: np.ndarray, box: Rect, face: float) -> Displacement:
    """Piecewise affine displacement from ``target`` landmarks to ``unit`` landmarks, softened at the creases.

    Args:
        mesh: the triangles.
        unit: ``[468,2]`` px inside the unit's patch.
        target: ``[468,2]`` px of the crop.
        box: px of the crop.
        face: px.
    """
    scale = max(1.0, face / 320.0)  # the displacement is smooth: a big face needs no finer one
    rows, columns = scaled_size(box, scale)
    numbers = np.zeros((rows, columns), np.int32)
    affine = _draw(mesh, unit, target, box, scale, numbers)
    y, x = _positions(box, rows, columns)
    chosen = np.take(affine, numbers, axis=0)
    shifts = [
        chosen[..., 0] * x + chosen[..., 1] * y + chosen[..., 2] - x,
        chosen[..., 3] * x + chosen[..., 4] * y + chosen[..., 5] - y,
    ]
    (across, down), covered = _soften(shifts, numbers > 0, target, box, scale, face)
    height, width = box[3] - box[1], box[2] - box[0]
    y, x = _positions(box, height, width)
    return Displacement(
        box=box,
        x=resize(across, height, width) + x,
        y=resize(down, height, width) + y,
        covered=resize(covered, height, width),
    )


def _positions(box: Rect, rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Crop coordinates of the cell centres of a box divided into rows and columns: column and row vectors."""
    y = box[1] + (np.arange(rows, dtype=np.float32) + 0.5) * ((box[3] - box[1]) / rows) - 0.5
    x = box[0] + (np.arange(columns, dtype=np.float32) + 0.5) * ((box[2] - box[0]) / columns) - 0.5
    return y.astype(np.float32)[:, None], x.astype(np.float32)[None, :]


def _draw(
    mesh: Mesh, unit: np.ndarray, target: np.ndarray, box: Rect, scale: float, numbers: np.ndarray
) -> np.ndarray:
    """Draw triangles as numbers from 1 into ``numbers``; returns their maps to the unit ``float32[n,6]``."""
    corners = target[:, :2].astype(np.float64)[mesh.triangles]
    shown = np.flatnonzero(_worth_drawing(corners, mesh.between, box))
    to, start = corners[shown], unit[:, :2].astype(np.float64)[mesh.triangles[shown]]
    a, b = to[:, 1] - to[:, 0], to[:, 2] - to[:, 0]
    det = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    inverse = np.stack([b[:, 1], -b[:, 0], -a[:, 1], a[:, 0]], 1).reshape(-1, 2, 2) / det[:, None, None]
    edges = np.stack([start[:, 1] - start[:, 0], start[:, 2] - start[:, 0]], 2)
    linear = edges[:, :, :1] * inverse[:, :1] + edges[:, :, 1:] * inverse[:, 1:]
    offset = start[:, 0] - linear[:, :, 0] * to[:, :1, 0] - linear[:, :, 1] * to[:, :1, 1]
    affine = np.empty((len(shown) + 1, 6), np.float32)
    affine[0] = (1, 0, 0, 0, 1, 0)  # where nothing is drawn, nothing moves
    affine[1:, 0:2], affine[1:, 2] = linear[:, 0], offset[:, 0]
    affine[1:, 3:5], affine[1:, 5] = linear[:, 1], offset[:, 1]
    for number, triangle in enumerate(fixed_point(to.reshape(-1, 2), box, scale).reshape(-1, 3, 2), start=1):
        cv2.fillConvexPoly(numbers, triangle, number, cv2.LINE_8, FRACTION_BITS)
    return affine


def _worth_drawing(corners: np.ndarray, between: int, box: Rect) -> np.ndarray:
    """Which of the triangles ``[n,3,2]`` reach into the box and are not too thin, ``bool[n]``."""
    first, second, third = corners[:, 0], corners[:, 1], corners[:, 2]
    a, b = second - first, third - first
    area = np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])
    low, high = (pick(pick(first, second), third) for pick in (np.minimum, np.maximum))
    drawn = (area > THINNEST) & ((high >= box[:2]) & (low < box[2:])).all(1)
    sides = (each[:between] for each in (a, b, third - second))
    longest = np.max([np.abs(side).max(1) for side in sides], axis=0)
    drawn[:between] &= area[:between] > NARROWEST * longest
    return drawn


def _soften(
    shifts: list[np.ndarray], drawn: np.ndarray, target: np.ndarray, box: Rect, scale: float, face: float
) -> tuple[list[np.ndarray], np.ndarray]:
    """Blur the displacement within its cover, except between the lips, where teeth must keep their edges."""
    sigma = SMOOTHING * face / scale
    cover = drawn.astype(np.float32)
    weight = np.maximum(blur(cover, sigma), 1e-3)
    # Grown past the blur: where lips touch, the two sides come from far apart, and their mean is a tooth.
    between = fill(ring(target, sets.INNER), box, scale, (2.0 * sigma + 1.0) * scale)
    keep = blur(between, sigma) * cover * np.float32(1 / 255)
    softened = []
    for shift in shifts:
        soft = blur(shift * cover, sigma) / weight
        softened.append(soft + (shift - soft) * keep)
    return softened, (cover * np.float32(255)).astype(np.uint8)


def sample(picture: np.ndarray, where: Displacement) -> np.ndarray:
    """The unit's pixels at a displacement: ``uint8[h,w,3]`` of its box."""
    return cv2.remap(picture, where.x, where.y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
