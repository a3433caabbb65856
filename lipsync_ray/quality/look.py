"""Looking at the frames of an output, beside what is known of its source's."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from lipsync_ray.engines.facebox import face_boxes
from lipsync_ray.engines.unit_selection.canonical import Poses, fit_poses, to_canonical
from lipsync_ray.engines.unit_selection.descriptor import A, W, describe
from lipsync_ray.faces.look import look_in
from lipsync_ray.faces.mesh import FaceMesh
from lipsync_ray.faces.roi import roi_from_landmarks
from lipsync_ray.media.frame import Frame
from lipsync_ray.quality.detail import DETAIL_EVERY, detail_of
from lipsync_ray.quality.grid import difference_outside
from lipsync_ray.quality.looks import OUT, SRC, Looks
from lipsync_ray.quality.skin import Skin
from lipsync_ray.quality.source_notes import Known, SourceNotes
from lipsync_ray.quality.thumb import face_jpeg

_BLOCK = 256  # frames whose landmarks are held, and read together


def look_at(frames: Iterable[Frame], known: Known, notes: SourceNotes, mesh: FaceMesh) -> tuple[Looks, ...]:
    """Measure the output frames of a stretch, which come in order: for each role what was seen of it."""
    lookers = [_Looker(known, notes, role, poses, mesh) for role, poses in enumerate(known.poses())]
    outside = np.full(len(known), np.nan, np.float32)
    for row, frame in enumerate(frames):
        outside[row] = difference_outside(frame, notes.luma[row], known.boxes[row])
        for looker in lookers:
            looker.take(frame, row)
    return tuple(looker.looks(outside) for looker in lookers)


class _Looker:
    """One role's."""

    def __init__(self, known: Known, notes: SourceNotes, role: int, poses: Poses, mesh: FaceMesh) -> None:
        self._known, self._notes, self._role, self._poses, self._mesh = known, notes, role, poses, mesh
        self._skin = Skin(known.references[role])
        self._skins = np.full((len(known), 2), np.nan, np.float32)  # light and jerk
        self._detail = np.full(len(known), np.nan, np.float32)
        self._mouth = np.full((len(known), 2), np.nan, np.float32)
        self._face = np.full((len(known), 4), np.nan, np.float32)
        self._seen: dict[int, np.ndarray] = {}  # landmarks that were detected again, by row
        self._faces: dict[int, tuple[bytes, bytes]] = {}

    def take(self, frame: Frame, row: int) -> None:
        """Measure the next frame."""
        number, landmarks = self._known.start + row, self._known.faces[row, self._role]
        self._skins[row] = self._skin.take(frame, self._poses, row)
        if np.isfinite(self._poses.scale[row]):
            found = look_in(frame, roi_from_landmarks(landmarks), self._mesh, 0.0)
            if found is not None:
                self._seen[row] = found.landmarks
                if len(self._seen) == _BLOCK:
                    self._read()
            if number % DETAIL_EVERY == 0:
                self._detail[row] = detail_of(frame, landmarks)
        before, box = self._notes.faces[self._role].get(number), self._known.shown[self._role].get(number)
        if before is not None and box is not None:
            self._faces[number] = before, face_jpeg(frame, box)

    def _read(self) -> None:
        """Read mouths and boxes from the landmarks so far, which are dropped."""
        rows, faces = list(self._seen), np.stack(list(self._seen.values()))
        shapes = to_canonical(faces, fit_poses(faces, self._known.references[self._role]))
        self._mouth[rows] = describe(shapes, 0.0)[:, [A, W]]
        self._face[rows] = face_boxes(faces, np.ones(len(faces), bool), smooth=False)
        self._seen.clear()

    def looks(self, outside: np.ndarray) -> Looks:
        """What was seen; ``outside float32[n]`` is the same for all roles."""
        notes, role = self._notes, self._role
        if self._seen:
            self._read()
        return Looks(
            start=self._known.start,
            mouth=self._mouth,
            detail=_beside(self._detail, notes.detail[:, role]),
            face=self._face,
            light=self._skins[:, 0] - notes.light[:, role],
            jerk=_beside(self._skins[:, 1], notes.jerk[:, role]),
            outside=outside,
            faces=self._faces,
        )


def _beside(output: np.ndarray, source: np.ndarray) -> np.ndarray:
    both = np.empty((len(output), 2), np.float32)
    both[:, OUT], both[:, SRC] = output, source
    return both
