"""The plane of a mouth: heights and widths in IO along the head's own axes, x across and y down."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from lipsync_ray.engines.canvas import Rect
from lipsync_ray.engines.unit_selection import landmarks_sets as sets
from lipsync_ray.engines.unit_selection.geometry import ring


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


def head_positions(plane: Plane, part: Rect) -> tuple[np.ndarray, np.ndarray]:
    """Head axes ``float64[h,w]`` each of the pixels of a box."""
    column, row = np.meshgrid(np.arange(part[0], part[2]), np.arange(part[1], part[3]))
    m = plane.to_head
    return m[0, 0] * column + m[0, 1] * row + m[0, 2], m[1, 0] * column + m[1, 1] * row + m[1, 2]
