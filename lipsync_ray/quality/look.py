"""Looking at the frames of an output, beside what is known of its source's."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from lipsync_ray.engines.facebox import face_boxes
from lipsync_ray.engines.unit_selection.canonical import Poses, Reference, fit_poses, present, to_canonical
from lipsync_ray.engines.unit_selection.descriptor import A, W, describe
from lipsync_ray.faces.look import look_in
from lipsync_ray.faces.mesh import FaceMesh
from lipsync_ray.faces.roi import roi_from_landmarks
from lipsync_ray.media.frame import Frame
from lipsync_ray.quality.detail import EVERY, detail_of
from lipsync_ray.quality.grid import difference_outside
from lipsync_ray.quality.looks import OUT, SRC, Looks
from lipsync_ray.quality.skin import Skin
from lipsync_ray.quality.source_notes import Known, SourceNotes
from lipsync_ray.quality.thumb import face_jpeg


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
        self._seen = np.full((len(known), *known.faces.shape[2:]), np.nan, np.float32)  # detected again
        self._faces: dict[int, tuple[bytes, bytes]] = {}

    def take(self, frame: Frame, row: int) -> None:
        """Measure the next frame."""
        number, landmarks = self._known.start + row, self._known.faces[row, self._role]
        self._skins[row] = self._skin.take(frame, self._poses, row)
        if np.isfinite(self._poses.scale[row]):
            found = look_in(frame, roi_from_landmarks(landmarks), self._mesh, 0.0)
            if found is not None:
                self._seen[row] = found.landmarks
            if number % EVERY == 0:
                self._detail[row] = detail_of(frame, landmarks)
        before, box = self._notes.faces[self._role].get(number), self._known.shown[self._role].get(number)
        if before is not None and box is not None:
            self._faces[number] = before, face_jpeg(frame, box)

    def looks(self, outside: np.ndarray) -> Looks:
        """What was seen; ``outside float32[n]`` is the same for all roles."""
        reference, notes, role = self._known.references[self._role], self._notes, self._role
        return Looks(
            start=self._known.start,
            mouth=_mouths(self._seen, reference),
            detail=_beside(self._detail, notes.detail[:, role]),
            face=face_boxes(self._seen, np.ones(len(self._seen), bool), smooth=False).astype(np.float32),
            light=self._skins[:, 0] - notes.light[:, role],
            jerk=_beside(self._skins[:, 1], notes.jerk[:, role]),
            outside=outside,
            faces=self._faces,
        )


def _mouths(landmarks: np.ndarray, reference: Reference) -> np.ndarray:
    """Aperture and width ``float32[n,2]`` IO of mouths, NaN where there is no face."""
    out = np.full((len(landmarks), 2), np.nan, np.float32)
    there = present(landmarks)
    if there.any():
        faces = landmarks[there]
        out[there] = describe(to_canonical(faces, fit_poses(faces, reference)), 0.0)[:, [A, W]]
    return out


def _beside(output: np.ndarray, source: np.ndarray) -> np.ndarray:
    both = np.empty((len(output), 2), np.float32)
    both[:, OUT], both[:, SRC] = output, source
    return both
