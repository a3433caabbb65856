"""One person through a shot: who it is, and the same one again after a short loss."""

from __future__ import annotations

import numpy as np

from lipsync_ray.faces.detector import overlaps
from lipsync_ray.faces.settings import FaceSettings
from lipsync_ray.faces.track import LightFaces

SHORT_LOSS_S = 1.5  # a face that appears at the same place within this time is the same person
GONE_S = 2.0  # one that stays away longer, up to the shot's end, may be followed by another person
SAME_PLACE = 0.3  # overlap of boxes
COMPARABLE = 0.5  # of the largest face: smaller ones are bystanders for left and right
PRESENT = 0.2  # of the longest presence: the same


def held_rows(
    light: LightFaces,
    start: int,
    stop: int,
    times: np.ndarray,
    settings: FaceSettings,
    among: np.ndarray | None = None,
) -> np.ndarray:
    """Row of the target face in frames ``start`` to ``stop`` of one shot, ``int64``; -1 where none.

    ``among``: ``bool[r]``, the rows of ``light`` that may be the target's; None: all.
    """
    rows = np.full(stop - start, -1, np.int64)
    choice = np.arange(*np.searchsorted(light.frame, [start, stop]))
    if among is not None:
        choice = choice[among[choice]]
    _fill(rows, light, choice, start, times, settings, None)
    return rows


def _fill(
    rows: np.ndarray,
    light: LightFaces,
    choice: np.ndarray,
    start: int,
    times: np.ndarray,
    settings: FaceSettings,
    least: float | None,
) -> None:
    """Enter the best face of the candidates' rows, then others before it came and after it left."""
    face = _best_face(light, choice, settings, least)
    if face is None:
        return
    mine = choice[light.face[choice] == face]
    rows[light.frame[mine] - start] = mine
    mine = _extend(rows, light, choice, mine, start, times)
    least = COMPARABLE * float(np.median(light.size[mine]))
    when = times[light.frame[choice]]
    first, last = times[light.frame[mine[0]]], times[light.frame[mine[-1]]]
    for part in (choice[when < first - GONE_S], choice[when > last + GONE_S]):
        _fill(rows, light, part, start, times, settings, least)


def _extend(
    rows: np.ndarray,
    light: LightFaces,
    choice: np.ndarray,
    mine: np.ndarray,
    start: int,
    times: np.ndarray,
) -> np.ndarray:
    """Add faces that take the place of the chosen one during its absences; all its rows, in order."""
    others = [int(f) for f in dict.fromkeys(light.face[choice].tolist()) if f != light.face[mine[0]]]
    while others:
        best: tuple[float, int, np.ndarray] | None = None
        for face in others:
            theirs = choice[light.face[choice] == face]
            if (rows[light.frame[theirs] - start] >= 0).any():
                continue  # seen together with the chosen face: somebody else
            gap = _gap(light, mine, theirs, times)
            if gap is not None and (best is None or gap < best[0]):
                best = (gap, face, theirs)
        if best is None:
            break
        rows[light.frame[best[2]] - start] = best[2]
        mine = np.sort(np.concatenate([mine, best[2]]))
        others.remove(best[1])
    return mine


def _gap(light: LightFaces, mine: np.ndarray, theirs: np.ndarray, times: np.ndarray) -> float | None:
    """Seconds between two stretches of faces if they join at the same place, or None."""
    ends = []
    for edge in (theirs[0], theirs[-1]):
        at = int(np.searchsorted(mine, edge))
        for near in mine[max(0, at - 1) : at + 1]:
            gap = abs(float(times[light.frame[near]] - times[light.frame[edge]]))
            boxes = light.box[[near, edge]].astype(np.float64)
            if gap <= SHORT_LOSS_S and overlaps(boxes[0], boxes[1:])[0] > SAME_PLACE:
                ends.append(gap)
    return min(ends, default=None)


def _best_face(
    light: LightFaces, choice: np.ndarray, settings: FaceSettings, least: float | None
) -> int | None:
    """Number of the face that the settings mean, among the rows of ``choice``."""
    if settings.select == "box" and settings.box is not None:
        centre = _centres(light, choice)
        x0, y0, x1, y1 = settings.box
        inside = (centre >= (x0, y0)).all(1) & (centre <= (x1, y1)).all(1)
        choice = choice[inside]
    faces = np.unique(light.face[choice])
    if least is not None:
        faces = np.array([f for f in faces if np.median(_sizes(light, choice, f)) >= least], np.int64)
    if not len(faces):
        return None
    # Area summed over frames: large, and there for long.
    weight = np.array([(_sizes(light, choice, f).astype(np.float64) ** 2).sum() for f in faces])
    place = np.array([np.median(_centres(light, choice[light.face[choice] == f]), 0) for f in faces])
    if settings.select == "point" and settings.point is not None:
        return int(faces[np.argmin(np.hypot(*(place - settings.point).T))])
    if settings.select in ("left", "right"):
        size = np.array([np.median(_sizes(light, choice, f)) for f in faces])
        count = np.array([(light.face[choice] == f).sum() for f in faces])
        serious = (size >= COMPARABLE * size.max()) & (count >= PRESENT * count.max())
        x = np.where(serious, place[:, 0] * (1 if settings.select == "left" else -1), np.inf)
        return int(faces[np.argmin(x)])
    return int(faces[np.argmax(weight)])


def _centres(light: LightFaces, rows: np.ndarray) -> np.ndarray:
    return (light.box[rows, :2] + light.box[rows, 2:]) / 2


def _sizes(light: LightFaces, rows: np.ndarray, face: int) -> np.ndarray:
    return light.size[rows[light.face[rows] == face]]
