"""One look of the mesh at one face: the square around it, and what is found there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lipsync_ray.faces.mesh import FaceMesh
from lipsync_ray.faces.picture import clipped, shrunk_rgb
from lipsync_ray.faces.roi import Roi
from lipsync_ray.media.frame import Frame

MESH_SIDE = 320  # px, what the square around a face keeps, at least: mouths are measured on it too


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A face that the mesh has found in a square."""

    landmarks: np.ndarray  # float32[468,3] px of the upright picture
    score: float
    rgb: np.ndarray  # uint8[h,w,3], the surroundings that were looked at
    local: np.ndarray  # float32[468,3], the landmarks in pixels of ``rgb``


def look_in(frame: Frame, roi: Roi, mesh: FaceMesh, min_score: float) -> Look | None:
    """Landmarks in a square of a picture, or None where there is no face."""
    box = clipped(roi.bounds(), frame)
    if box is None or box.width * box.height < 0.2 * roi.side**2 or roi.side < 8:
        return None
    step = max(1, int(roi.side // MESH_SIDE))
    rgb, x0, y0 = shrunk_rgb(frame, box, step)
    local, score = mesh.landmarks(rgb, roi.within(x0, y0, step))
    if score < min_score or not np.isfinite(local).all():
        return None
    landmarks = local * np.float32(step)
    landmarks[:, :2] += np.array([x0, y0]) + (step - 1) / 2
    return Look(landmarks=landmarks, score=score, rgb=rgb, local=local)
