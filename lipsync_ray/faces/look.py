"""One look of the mesh at one face: the square around it, and what is found there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lipsync_ray.faces.mesh import SIZE, FaceMesh
from lipsync_ray.faces.picture import clipped, shrunk
from lipsync_ray.faces.roi import Roi
from lipsync_ray.media.frame import Frame
from lipsync_ray.media.sampling import warped_rgb

MESH_SIDE = 320  # px, what the square around a face keeps, at least: mouths are measured on it too


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A face that the mesh has found in a square."""

    landmarks: np.ndarray  # float32[468,3] px of the upright picture
    score: float
    near: Frame  # the surroundings that were looked at, perhaps smaller
    local: np.ndarray  # float32[468,3], the landmarks in pixels of ``near``


def look_in(frame: Frame, roi: Roi, mesh: FaceMesh, min_score: float) -> Look | None:
    """Landmarks in a square of a picture, or None where there is no face."""
    box = clipped(roi.bounds(), frame)
    if box is None or box.width * box.height < 0.2 * roi.side**2 or roi.side < 8:
        return None
    step = max(1, int(roi.side // MESH_SIDE))
    near, x0, y0 = shrunk(frame, box, step)
    within = roi.within(x0, y0, step)
    local, score = mesh.landmarks(warped_rgb(near, within.matrix(SIZE), (SIZE, SIZE)), within)
    if score < min_score or not np.isfinite(local).all():
        return None
    landmarks = local * np.float32(step)
    landmarks[:, :2] += np.array([x0, y0]) + (step - 1) / 2
    return Look(landmarks=landmarks, score=score, near=near, local=local)
