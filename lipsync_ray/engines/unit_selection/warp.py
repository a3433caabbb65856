"""Base warp: skin, chin and jaw of the frame's own face follow the wanted mouth."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np

from lipsync_ray.engines.canvas import Rect, Shift, is_empty
from lipsync_ray.engines.unit_selection import landmarks_sets as sets
from lipsync_ray.engines.unit_selection.geometry import bounds, face_width, ring, smoothstep

NODES = 28  # grid nodes along the longer side of the region
STIFFNESS = 5e-3  # of the spline, in squared face widths: how little it bends to single landmarks
STILL = 0.03  # px, smaller displacements are not applied
PUSH = 1.42  # the outer fixed contour, as a multiple of the jaw's distance from the nose
REGION = 1.45  # the region, as a multiple of the jaw's bounding box about the nose
BESIDE = 0.10  # face widths outside the oval over which a still-standing background is reached ...
LEAST_AREA = 0.25  # of an area that stays of it: where a mouth would have to fold, it moves less
PER_SHIFT = 2.5  # ... plus this many times the displacement itself, so that nothing folds


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """Backward displacement of a region of the picture, on a coarse grid of cell centres."""

    x0: int  # px of the crop, first pixel of the first cell
    y0: int
    cell: int  # px, side of a cell
    grid: np.ndarray  # float32[rows,columns,2]: add to a target position to get the source position


def thin_plate(points: np.ndarray, values: np.ndarray, where: np.ndarray, unit: float) -> np.ndarray:
    """Regularised thin-plate spline through ``values[n,2]`` at ``points[n,2]``, read at ``where[m,2]``.

    The kernel is r^2 log r on coordinates divided by ``unit``.
    """
    count = len(points)
    centre = points.mean(0)
    p, q = (points - centre) / unit, (where - centre) / unit
    system = np.zeros((count + 3, count + 3))
    system[:count, :count] = _kernel(p, p) + STIFFNESS * np.eye(count)
    system[:count, count] = system[count, :count] = 1.0
    system[:count, count + 1 :] = p
    system[count + 1 :, :count] = p.T
    right = np.zeros((count + 3, 2))
    right[:count] = values
    solution = np.linalg.solve(system, right).astype(np.float32)
    at = _kernel(q.astype(np.float32), p.astype(np.float32))
    return at @ solution[:count] + solution[count] + q.astype(np.float32) @ solution[count + 1 :]


def _kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    squared = (a[:, None, 0] - b[None, :, 0]) ** 2 + (a[:, None, 1] - b[None, :, 1]) ** 2
    tiny = squared.dtype.type(1e-9)
    return squared * (0.5 * cv2.log(squared + tiny)).reshape(squared.shape)


def region(source: np.ndarray, target: np.ndarray, width: int, height: int) -> Rect:
    """Pixels the base warp may touch, cut to the crop."""
    both = np.vstack([ring(source, sets.JAW), ring(target, sets.JAW)])
    nose = source[sets.SUBNASALE, :2]
    around = nose + REGION * (both - nose)
    return bounds(np.vstack([around, ring(source, (*sets.EDGES, 6))]), 0.0, width, height)


def solve_field(source: np.ndarray, target: np.ndarray, width: int, height: int) -> Field | None:
    """Field that brings the face from ``source`` to ``target`` landmarks ``float64[468,2]`` (crop px).

    Returns:
        The field, or None where nothing moves.
    """
    moving = ring(target, sets.MOVING)
    shifts = ring(source, sets.MOVING) - moving
    box = region(source, target, width, height)
    if is_empty(box) or np.abs(shifts).max() < STILL:
        return None
    cell = max(2, round(max(box[2] - box[0], box[3] - box[1]) / NODES))
    x = np.arange(box[0], box[2], cell) + 0.5 * (cell - 1)
    y = np.arange(box[1], box[3], cell) + 0.5 * (cell - 1)
    nodes = np.stack(np.meshgrid(x, y), -1)
    still = _still_points(source, box)
    face = face_width(source)
    values = np.vstack([shifts, np.zeros_like(still)])
    grid = thin_plate(np.vstack([moving, still]), values, nodes.reshape(-1, 2), face).reshape(nodes.shape)
    grid *= _face_only(target, grid, box, cell)[..., None]
    grid[[0, -1]] = 0.0
    grid[:, [0, -1]] = 0.0
    return Field(x0=box[0], y0=box[1], cell=cell, grid=grid * _unfolded(grid / cell))


def _unfolded(shift: np.ndarray) -> np.float32:
    """How much of a field ``[rows,columns,2]``, in cells, may be applied so that nothing folds: 0..1.

    The area that a triangle of neighbouring nodes comes from is 1 + s t + s^2 d of its own for the share s,
    with the trace t and the determinant d of the field's slopes; ``LEAST_AREA`` must be left of each.
    """
    along, down = shift[:, 1:] - shift[:, :-1], shift[1:] - shift[:-1]
    steepest = max(np.abs(along).max(), np.abs(down).max())
    share = 1.0
    if 1 - 2 * steepest - 2 * steepest**2 >= LEAST_AREA:  # the least that any triangle can keep
        return np.float32(share)
    for across, below in product((along[:-1], along[1:]), (down[:, :-1], down[:, 1:])):
        trace = across[..., 0] + below[..., 1]
        determinant = across[..., 0] * below[..., 1] - across[..., 1] * below[..., 0]
        small = 1 + trace + determinant < LEAST_AREA
        if small.any():
            t, d = trace[small].astype(np.float64), determinant[small].astype(np.float64)
            # The smaller root of d s^2 + t s + 1 - LEAST_AREA, written so that d may be 0.
            root = 2 * (1 - LEAST_AREA) / (np.sqrt(t * t - 4 * d * (1 - LEAST_AREA)) - t)
            share = min(share, float(root.min()))
    return np.float32(share)


def _still_points(source: np.ndarray, box: Rect) -> np.ndarray:
    nose = source[sets.SUBNASALE, :2]
    pushed = nose + PUSH * (ring(source, sets.JAW)[::2] - nose)
    x0, y0, x1, y1 = box[0], box[1], box[2] - 1, box[3] - 1
    middle_x, middle_y = (x0 + x1) / 2, (y0 + y1) / 2
    border = ((x0, y0), (x1, y0), (x0, middle_y), (x1, middle_y), (x0, y1), (middle_x, y1), (x1, y1))
    return np.vstack([ring(source, sets.FIXED), pushed, np.asarray(border, np.float64)])


def _face_only(target: np.ndarray, shift: np.ndarray, box: Rect, cell: int) -> np.ndarray:
    """Weight 1 inside the face oval, 0 far from it: a textured background beside the chin must not move."""
    fine = 4  # the oval is drawn at this many pixels per cell
    rows, columns = shift.shape[:2]
    oval = (ring(target, sets.OVAL) - (box[0], box[1]) + 0.5) * (fine / cell) - 0.5
    outside = np.full((rows * fine, columns * fine), 255, np.uint8)
    cv2.fillPoly(outside, [np.round(oval).astype(np.int32)], 0)
    distance = cv2.distanceTransform(outside, cv2.DIST_L2, 5)
    distance = cv2.resize(distance, (columns, rows), interpolation=cv2.INTER_AREA) * (cell / fine)
    reach = BESIDE * face_width(target) + PER_SHIFT * np.hypot(shift[..., 0], shift[..., 1])
    return smoothstep(1.0 - distance / reach)


def dense(field: Field | None, width: int, height: int) -> Shift | None:
    """A field at every pixel of a crop of ``width`` x ``height``; None where nothing moves."""
    part = None if field is None else _moving_part(field)
    if part is None:
        return None
    (left, top, right, bottom), shift = part
    shift = shift[: min(bottom, height) - top, : min(right, width) - left]
    x, y = cv2.split(shift)
    moving = ((np.abs(x) > STILL) | (np.abs(y) > STILL)).view(np.uint8) * np.uint8(255)
    return Shift(x0=left, y0=top, x=x, y=y, moving=moving)


def _moving_part(field: Field) -> tuple[Rect, np.ndarray] | None:
    """Pixel box and displacements ``float32[h,w,2]`` of the cells that move, with two still ones around."""
    rows, columns = np.nonzero(np.abs(field.grid).max(2) > STILL)
    if not len(rows):
        return None
    around = 2  # cells a cubic kernel reaches
    r0, c0 = max(rows.min() - around, 0), max(columns.min() - around, 0)
    grid = np.ascontiguousarray(field.grid[r0 : rows.max() + around + 1, c0 : columns.max() + around + 1])
    height, width = grid.shape[0] * field.cell, grid.shape[1] * field.cell
    x0, y0 = field.x0 + int(c0) * field.cell, field.y0 + int(r0) * field.cell
    return (x0, y0, x0 + width, y0 + height), cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)
