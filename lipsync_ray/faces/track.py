"""The faces of a whole video, on disk, opened part by part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from lipsync_ray.faces import shots
from lipsync_ray.faces.features import THUMB
from lipsync_ray.faces.follow import Candidate
from lipsync_ray.faces.link import link
from lipsync_ray.faces.parts import LIGHT, POINTS, open_notes, read_columns


@dataclass(frozen=True, slots=True, kw_only=True)
class LightFaces:
    """One row per face and frame, ordered by frame; everything but landmarks and pictures."""

    frame: np.ndarray  # int64[r]
    face: np.ndarray  # int32[r], one number for a face as long as it is followed, across ranges, in a shot
    box: np.ndarray  # float32[r,4] px of the upright picture, of the landmarks
    score: np.ndarray  # float32[r] 0..1
    yaw: np.ndarray  # float32[r] degrees, see pose.py
    pitch: np.ndarray  # float32[r]
    roll: np.ndarray  # float32[r]
    redness: np.ndarray  # float32[r,2], upper and lower lip against the skin, not normalised
    sharpness: np.ndarray  # float32[r]
    frames: int  # frames scanned, with or without a face
    best: Candidate | None  # best detection below face.min_score in frames without a face

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def width(self) -> np.ndarray:
        """Width of the face in pixels, ``float32[r]``."""
        return self.box[:, 2] - self.box[:, 0]

    @property
    def size(self) -> np.ndarray:
        """Side of a square as large as the face's box, ``float32[r]`` px: steadier than the width."""
        return np.sqrt(self.width * (self.box[:, 3] - self.box[:, 1]))


def part_path(folder: Path, start: int, stop: int) -> Path:
    """File of one range."""
    return folder / f"faces-{start:08d}-{stop:08d}.arrow"


@dataclass(frozen=True, kw_only=True)  # no slots: the small columns are remembered
class FaceScan:
    """A finished scan: one file per range. Memory holds one part at a time, however long the video."""

    folder: Path
    ranges: tuple[tuple[int, int], ...]

    def __getstate__(self) -> dict[str, object]:
        return {"folder": self.folder, "ranges": self.ranges}

    def __len__(self) -> int:
        return self.ranges[-1][1] if self.ranges else 0

    def light(self) -> LightFaces:
        """The small columns of all faces, about 60 bytes a row; read once."""
        return self._light

    @cached_property
    def _light(self) -> LightFaces:
        columns = self._columns(tuple(name for name in LIGHT if name not in ("frame", "face")))
        notes = [open_notes(self._path(r)).best for r in self.ranges]
        frame, face = self._rows
        angles = columns["angles"]
        return LightFaces(
            frame=frame,
            face=face,
            box=columns["box"],
            score=columns["score"],
            yaw=angles[:, 0],
            pitch=angles[:, 1],
            roll=angles[:, 2],
            redness=columns["redness"],
            sharpness=columns["sharpness"],
            frames=len(self),
            best=max((b for b in notes if b), key=lambda b: b.score, default=None),
        )

    @cached_property
    def _rows(self) -> tuple[np.ndarray, np.ndarray]:
        """``frame`` and ``face`` of `LightFaces`: all that whoever asks for landmarks alone remembers."""
        columns = self._columns(("frame", "face", "box"))
        return columns["frame"], link(columns, list(self.ranges), self._cuts())

    def _columns(self, names: tuple[str, ...]) -> dict[str, np.ndarray]:
        parts = [read_columns(self._path(r), names) for r in self.ranges]
        return {name: np.concatenate([part[name] for part in parts]) for name in names}

    def cut_scores(self) -> np.ndarray:
        """How much each frame looks like the beginning of another scene, ``float32[n]``; see shots.py."""
        return shots.cut_scores(np.concatenate([open_notes(self._path(r)).signatures for r in self.ranges]))

    def landmarks(self, frames: np.ndarray, faces: np.ndarray) -> np.ndarray:
        """Landmarks of face ``faces[i]`` in frame ``frames[i]``: ``float32[m,468,3]`` px, NaN where absent.

        Loaded part by part; the frames may come in any order and repeat.
        """
        out = np.full((len(frames), POINTS, 3), np.nan, np.float32)
        for rows, found, values in self._gather(frames, faces, "landmarks"):
            out[rows] = values[found]
        return out

    def thumbs(self, frames: np.ndarray, faces: np.ndarray) -> np.ndarray:
        """Mouth thumbnails ``uint8[m,20,32,3]`` RGB, zeros where absent."""
        out = np.zeros((len(frames), THUMB[1], THUMB[0], 3), np.uint8)
        for rows, found, values in self._gather(frames, faces, "thumb"):
            out[rows] = values[found]
        return out

    def _gather(
        self, frames: np.ndarray, faces: np.ndarray, name: str
    ) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Per part: rows asked for, where they lie in it, the part's column."""
        frames, faces = np.asarray(frames, np.int64), np.asarray(faces, np.int64)
        asked = np.flatnonzero((frames >= 0) & (faces >= 0))
        if not len(asked):
            return
        order, known = self._keys
        wanted = _key(frames[asked], faces[asked])
        at = np.searchsorted(known, wanted)
        hit = np.append(known, -1)[at] == wanted
        asked, row = asked[hit], order[at[hit]]
        edges = np.searchsorted(self._rows[0], [start for start, _ in self.ranges] + [2**62])
        part = np.searchsorted(edges, row, side="right") - 1
        for number in np.unique(part):
            mine = part == number
            values = read_columns(self._path(self.ranges[number]), (name,))[name]
            yield asked[mine], row[mine] - edges[number], values

    @cached_property
    def _keys(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows in the order of their keys, and the keys, ascending."""
        keys = _key(*self._rows)
        order = np.argsort(keys, kind="stable")
        return order, keys[order]

    def _cuts(self) -> np.ndarray:
        scores = self.cut_scores()
        # Times do not matter here: only whether a cut lies between two sights of a face.
        return shots.find_cuts(scores, np.arange(len(scores), dtype=np.float64))

    def _path(self, wanted: tuple[int, int]) -> Path:
        return part_path(self.folder, *wanted)


def _key(frames: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """One number for a face in a frame, ``int64``."""
    return frames.astype(np.int64) * (1 << 32) + faces
