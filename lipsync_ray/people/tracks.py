"""Descriptions of the faces of a video: a few good frames of each, and what they have in common."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lipsync_ray.faces.link import numbered
from lipsync_ray.faces.track import FaceScan, LightFaces
from lipsync_ray.media.frame import Box
from lipsync_ray.media.table import FrameTable
from lipsync_ray.people.likeness import Describer

# Crops of frames in any order, in that order: RGB ``uint8[h,w,3]`` of each box.
Fetch = Callable[[np.ndarray, list[Box]], list[np.ndarray]]

MOST = 4  # frames that describe a track
EACH_S = 1.5  # a second frame is worth its time where a track is this long, a third where it is twice as long
LEAST_SIZE = 32.0  # px; a smaller face says little about who it is
MOST_YAW = 60.0  # degrees; so does one turned further
CLEAR_SIZE = 150.0  # px; the network sees no more
EDGE = 6  # frames next to a cut, which a dissolve may mix with another face
_YAW, _PITCH, _BLUR = 25.0, 30.0, 0.5  # off the front in degrees, or less sharp in nepers: worth 1 / e of it
_MARGIN = 0.35  # of the face's longer side, around it: the square that is described reaches beyond it


def tracks_of(light: LightFaces, shots: np.ndarray) -> np.ndarray:
    """Number of each row's track, ``int32[r]``: one face in one shot, in the order of their first frames."""
    return numbered(shots[light.frame], light.face)


def describe_tracks(
    tracks: np.ndarray,
    scan: FaceScan,
    shots: np.ndarray,
    table: FrameTable,
    fetch: Fetch,
    describer: Describer,
) -> dict[int, np.ndarray]:
    """Description of each track, ``float32[128]``: the mean over up to ``MOST`` good frames, spread over it.

    Tracks that are nowhere large enough and turned to the camera have none.

    Args:
        tracks: ``int32[r]`` of ``tracks_of``.
        scan: the faces, with their landmarks.
        shots: number of the shot of every frame, ``int32[n]``.
        table: the frames' times, and the picture's size.
        fetch: gets the crops; only those that are looked at.
        describer: describes a face.
    """
    light, times = scan.light(), table.times()
    worth = _worth(light, shots)
    rows = [row for mine in _groups(tracks) for row in _good_rows(mine, worth, times[light.frame[mine]])]
    if not rows:
        return {}
    chosen = np.array(sorted(rows), np.int64)
    boxes = [_crop(light.box[row], table) for row in chosen]
    landmarks = scan.landmarks(light.frame[chosen], light.face[chosen])
    crops = fetch(light.frame[chosen], boxes)
    found: dict[int, list[np.ndarray]] = {}
    for row, box, points, crop in zip(chosen, boxes, landmarks, crops, strict=True):
        local = points[:, :2] - np.array([box.x0, box.y0], np.float32)
        found.setdefault(int(tracks[row]), []).append(describer.describe(crop, local))
    return {track: np.mean(many, 0) for track, many in sorted(found.items())}


def _worth(light: LightFaces, shots: np.ndarray) -> np.ndarray:
    """How well each row shows who it is, ``float64[r]`` in 0..1; 0: not at all."""
    size = np.minimum(light.size / CLEAR_SIZE, 1)
    angle = (light.yaw / _YAW) ** 2 + (light.pitch / _PITCH) ** 2
    sharp = np.minimum(light.sharpness - np.median(light.sharpness), 0) / _BLUR if len(light) else 0.0
    edges = np.flatnonzero(np.diff(shots)) + 1
    near = np.searchsorted(edges, light.frame + EDGE, side="right") != np.searchsorted(
        edges, light.frame - EDGE, side="left"
    )
    worth = size * np.exp(sharp - angle) * np.where(near, 0.1, 1.0)
    return np.where((light.size < LEAST_SIZE) | (np.abs(light.yaw) > MOST_YAW), 0.0, worth)


def _groups(tracks: np.ndarray) -> list[np.ndarray]:
    """Rows of each track, ascending."""
    order = np.argsort(tracks, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(tracks[order])) + 1) if len(order) else []


def _good_rows(rows: np.ndarray, worth: np.ndarray, times: np.ndarray) -> list[int]:
    """The best row of each of a few even parts of a track."""
    count = min(MOST, len(rows), 1 + int((times[-1] - times[0]) / EACH_S))
    best = [int(part[np.argmax(worth[part])]) for part in np.array_split(rows, count)]
    return [row for row in best if worth[row] > 0]


def _crop(face: np.ndarray, table: FrameTable) -> Box:
    """Even box around a face, inside the picture."""
    room = _MARGIN * float((face[2:] - face[:2]).max())
    size = np.array([table.video.width, table.video.height])
    last = np.maximum(size // 2 * 2, 2)
    low = np.clip((face[:2] - room) // 2 * 2, 0, last - 2).astype(int)
    high = np.clip(-((-face[2:] - room) // 2) * 2, low + 2, last).astype(int)
    return Box(x0=int(low[0]), y0=int(low[1]), x1=int(high[0]), y1=int(high[1]))
