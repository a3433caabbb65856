"""What of a picture the engine looks at: the lower face and what may move around it, not the forehead."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lipsync_ray.engines.unit_selection import landmarks_sets as sets
from lipsync_ray.engines.unit_selection.warp import REGION
from lipsync_ray.media.frame import Box

_OPENED = 0.3  # face widths: a mouth that opens takes the chin, and what is warped below it, so far down
_AROUND = 0.06  # face widths on the other sides: a cell of the warp, a wider mouth
_POINTS = (*sets.EDGES, *sets.CHEEKS, *sets.OUTER, 6)


def reach_of(landmarks: np.ndarray) -> np.ndarray:
    """Bounds of what drawing each face ``[N,468,3]`` px touches: ``float32[N,4]`` x0, y0, x1, y1.

    That of `warp.region` with room for another mouth; NaN where there is no face.
    """
    faces = np.asarray(landmarks[..., :2], np.float32)
    nose = faces[:, sets.SUBNASALE, None]
    around = nose + REGION * (faces[:, list(sets.JAW)] - nose)
    points = np.concatenate([around, faces[:, list(_POINTS)]], axis=1)
    width = np.hypot(*(faces[:, sets.EDGES[1]] - faces[:, sets.EDGES[0]]).T)[:, None]
    low, high = points.min(axis=1) - _AROUND * width, points.max(axis=1) + _AROUND * width
    high[:, 1] += (_OPENED - _AROUND) * width[:, 0]
    return np.concatenate([low, high], axis=1)


def views(
    reach: np.ndarray, drawn: np.ndarray, shots: np.ndarray, crops: Mapping[int, Box]
) -> dict[int, Box]:
    """The part of each shot's crop that holds what is touched in it; corners are even in the picture.

    Args:
        reach: ``float32[n,4]`` of ``reach_of``, by source frame.
        drawn: ``bool[n]``, source frames that are drawn.
        shots: ``int32[n]``, their shots.
        crops: of the scene.
    """
    found = {}
    for shot, crop in crops.items():
        rows = reach[drawn & (shots == shot) & np.isfinite(reach).all(axis=1)]
        if not len(rows):
            continue
        x0, y0 = np.floor(rows[:, :2].min(axis=0) / 2).astype(int) * 2
        x1, y1 = np.ceil(rows[:, 2:].max(axis=0) / 2).astype(int) * 2
        x0, y0, x1, y1 = max(x0, crop.x0), max(y0, crop.y0), min(x1, crop.x1), min(y1, crop.y1)
        if x0 < x1 and y0 < y1:
            found[shot] = Box(x0=int(x0), y0=int(y0), x1=int(x1), y1=int(y1))
    return found
