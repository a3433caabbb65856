"""What an engine needs of a picture that draws inside a face's box: the box and its joint's reach."""

from __future__ import annotations

import numpy as np

from lipsync_ray.engines.base import Scene
from lipsync_ray.engines.facebox import face_boxes
from lipsync_ray.engines.facebox_settings import FaceBoxSettings
from lipsync_ray.engines.unit_selection.sight import views
from lipsync_ray.media.frame import Box

# Of the box's width, around it. A box that is held steady leaves the measured ones by little, and above it
# nothing is joined; on the other sides the joint's coarse colours run out of the box.
_ABOVE, _AROUND = 0.05, 0.15
_BLOCK = 1000  # frames whose landmarks are in memory at a time, 17 kB each with their doubles


def box_views(scene: Scene, settings: FaceBoxSettings) -> dict[int, Box]:
    """The part of each shot's crop that holds the boxes of its dubbed frames, and what is joined around."""
    shown = np.zeros(len(scene.table), bool)
    shown[scene.timeline.source] = True
    drawn = shown & (scene.target.row >= 0) & (scene.target.strength > 0)
    reach = np.full((len(drawn), 4), np.nan, np.float32)
    rows = np.flatnonzero(drawn)
    for start in range(0, len(rows), _BLOCK):
        part = rows[start : start + _BLOCK]
        reach[part] = _with_room(_boxes(scene, part, settings))
    return views(reach, drawn, scene.target.shot, scene.crops)


def _boxes(scene: Scene, rows: np.ndarray, settings: FaceBoxSettings) -> np.ndarray:
    """Boxes ``float64[M,4]`` of source frames, not smoothed; NaN where there is no face."""
    if settings.box is not None:
        top, bottom, left, right = settings.box
        return np.tile(np.array([left, top, right, bottom], np.float64), (len(rows), 1))
    landmarks = scene.scan.landmarks(rows, scene.target.face[rows])
    return face_boxes(landmarks, np.ones(len(rows), bool), settings.pads, smooth=False)


def _with_room(boxes: np.ndarray) -> np.ndarray:
    width = boxes[:, 2:3] - boxes[:, :1]
    return boxes + width * np.array([-_AROUND, -_ABOVE, _AROUND, _AROUND])
