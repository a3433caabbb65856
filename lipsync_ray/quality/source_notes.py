"""What the source's frames behind a piece of an output show: noted while they are at hand to be drawn on.

The dub is later measured against these few numbers, and the source is not decoded once more for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lipsync_ray.engines.unit_selection.canonical import Poses, Reference, fit_poses
from lipsync_ray.media.frame import Box, Frame
from lipsync_ray.media.mark import marked
from lipsync_ray.quality.detail import DETAIL_EVERY, detail_of
from lipsync_ray.quality.grid import luma_grid
from lipsync_ray.quality.skin import Skin
from lipsync_ray.quality.thumb import face_jpeg

_COLUMNS = ("light", "jerk", "detail")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a stretch before its frames are seen; rows are output frames from ``start`` on."""

    start: int
    faces: np.ndarray  # float32[n,k,468,3] px in the source frame, of each role; NaN where it is not seen
    references: tuple[Reference, ...]  # the roles' median faces
    boxes: tuple[Box | None, ...]  # n crops that may change
    shown: tuple[Mapping[int, Box], ...]  # of each role: part of the picture that is kept of some frames
    mark: str | None  # drawn on every output frame: it is no fault

    def __len__(self) -> int:
        return len(self.boxes)

    def poses(self) -> list[Poses]:
        """Of each role, a row a frame."""
        return [fit_poses(self.faces[:, k], reference) for k, reference in enumerate(self.references)]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceNotes:
    """Rows are output frames of a stretch; NaN where something could not be measured."""

    light: np.ndarray  # float32[n,k]: mean luma of the skin around the lips of each role, levels
    jerk: np.ndarray  # float32[n,k]: change of that skin's change, levels
    detail: np.ndarray  # float32[n,k]: fine over middling detail of the mouth, of every third frame
    luma: np.ndarray  # uint8 or uint16[n,rows,columns], see `grid`
    faces: tuple[Mapping[int, bytes], ...]  # of each role: JPEGs by output frame

    def to_arrays(self) -> dict[str, np.ndarray]:
        """As a file can hold them."""
        faces = {
            f"face-{role}-{number}": np.frombuffer(jpeg, np.uint8)
            for role, kept in enumerate(self.faces)
            for number, jpeg in kept.items()
        }
        return {name: getattr(self, name) for name in (*_COLUMNS, "luma")} | faces

    @staticmethod
    def from_arrays(arrays: Mapping[str, np.ndarray]) -> SourceNotes:
        """What ``to_arrays`` gave."""
        faces: list[dict[int, bytes]] = [{} for _ in range(arrays["light"].shape[1])]
        for name, jpeg in arrays.items():
            if name.startswith("face-"):
                role, number = map(int, name.split("-")[1:])
                faces[role][number] = jpeg.tobytes()
        return SourceNotes(
            luma=arrays["luma"], faces=tuple(faces), **{name: arrays[name] for name in _COLUMNS}
        )


class Witness:
    """Is shown the source frames of a stretch, in order, and notes what will be asked of them."""

    def __init__(self, known: Known) -> None:
        self._known, self._poses = known, known.poses()
        self._skins = [Skin(reference) for reference in known.references]
        shape = (len(known), len(known.references))
        self._columns = {name: np.full(shape, np.nan, np.float32) for name in _COLUMNS}
        self._luma: list[np.ndarray] = []
        self._faces: list[dict[int, bytes]] = [{} for _ in known.references]

    def see(self, frame: Frame) -> None:
        """Note the next frame."""
        known, row = self._known, len(self._luma)
        frame = frame if known.mark is None else marked(frame, known.mark)
        number = known.start + row
        for role, (skin, poses) in enumerate(zip(self._skins, self._poses, strict=True)):
            light, jerk = skin.take(frame, poses, row)
            self._columns["light"][row, role], self._columns["jerk"][row, role] = light, jerk
            if number % DETAIL_EVERY == 0 and np.isfinite(light):
                self._columns["detail"][row, role] = detail_of(frame, known.faces[row, role])
            if number in known.shown[role]:
                self._faces[role][number] = face_jpeg(frame, known.shown[role][number])
        self._luma.append(luma_grid(frame))

    def to_arrays(self) -> dict[str, np.ndarray]:
        """The notes, as a file can hold them."""
        return self.notes().to_arrays()

    def notes(self) -> SourceNotes:
        """Of all frames that were to come.

        Raises:
            ValueError: fewer have come.
        """
        if len(self._luma) != len(self._known):
            raise ValueError(f"{len(self._luma)} frames were seen of {len(self._known)}")
        return SourceNotes(luma=np.stack(self._luma), faces=tuple(self._faces), **self._columns)
