"""Looking at the frames of an output beside those of its source."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from lipsync_ray.engines.facebox import face_boxes
from lipsync_ray.engines.unit_selection.canonical import Poses, Reference, fit_poses, to_canonical
from lipsync_ray.engines.unit_selection.descriptor import A, W, describe
from lipsync_ray.faces.look import look_in
from lipsync_ray.faces.mesh import FaceMesh
from lipsync_ray.faces.picture import clipped
from lipsync_ray.faces.roi import roi_from_landmarks
from lipsync_ray.media.frame import Box, Frame
from lipsync_ray.quality.looks import OUT, SRC, Looks
from lipsync_ray.quality.steady import LIPS, luma_square, mouth_centre, skin_area, to_picture
from lipsync_ray.quality.thumb import face_jpeg

_ROWS = 8  # outside the crop every so many rows are compared: noise of encoders is everywhere
DETAIL_EVERY = 3  # frames; large mouths take long, and a second still has eight looks
# Sigmas in px: between the first two lies the finest detail that an encoder keeps, between the last two what
# even a blurred mouth has. Their ratio hardly depends on what the mouth shows.
_FINE, _MIDDLE = (0.8, 2.0), (1.8, 4.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """An output frame and what is known of it."""

    number: int
    output: Frame
    source: Frame  # that it shows
    faces: np.ndarray  # float32[k,468,3] px in the source frame, of each role; NaN where it is not seen
    box: Box | None  # crop that may have changed
    shown: tuple[Box | None, ...]  # part of the picture that is kept of each role, None: nothing


def look_at(
    pairs: Iterable[Pair], start: int, count: int, references: Sequence[Reference], mesh: FaceMesh
) -> tuple[Looks, ...]:
    """Measure frames ``[start, start + count)``, which come in order: for each role what was seen of it.

    ``references`` are the roles' median faces.
    """
    lookers = [_Looker(start, count, reference, mesh) for reference in references]
    for pair in pairs:
        outside = _outside(pair)
        for looker, landmarks, shown in zip(lookers, pair.faces, pair.shown, strict=True):
            looker.take(pair, landmarks, outside)
            if shown is not None:
                looker.keep(pair, shown)
    return tuple(looker.looks for looker in lookers)


class _Looker:
    def __init__(self, start: int, count: int, reference: Reference, mesh: FaceMesh) -> None:
        def empty(*shape: int) -> np.ndarray:
            return np.full(shape, np.nan, np.float32)

        self._faces: dict[int, tuple[bytes, bytes]] = {}
        self.looks = Looks(
            start=start,
            faces=self._faces,
            mouth=empty(count, 2),
            detail=empty(count, 2),
            face=empty(count, 4),
            light=empty(count),
            jerk=empty(count, 2),
            outside=empty(count),
        )
        self._reference, self._mesh = reference, mesh
        self._centre = mouth_centre(reference)
        self._around = skin_area(reference)
        self._squares: deque[np.ndarray] = deque(maxlen=3)

    def take(self, pair: Pair, landmarks: np.ndarray, outside: float) -> None:
        """Measure the next frame."""
        row = pair.number - self.looks.start
        self.looks.outside[row] = outside
        poses = fit_poses(landmarks[None], self._reference)
        if not np.isfinite(poses.scale[0]):
            self._squares.clear()
            return
        self._mouth(pair, landmarks, row)
        if pair.number % DETAIL_EVERY == 0:
            self.looks.detail[row] = [_detail(frame, landmarks) for frame in (pair.output, pair.source)]
        self._square(pair, row, poses)

    def keep(self, pair: Pair, box: Box) -> None:
        """Keep the face as it was and as it is."""
        self._faces[pair.number] = face_jpeg(pair.source, box), face_jpeg(pair.output, box)

    def _mouth(self, pair: Pair, landmarks: np.ndarray, row: int) -> None:
        seen = look_in(pair.output, roi_from_landmarks(landmarks), self._mesh, 0.0)
        if seen is None:
            return
        faces = seen.landmarks[None]
        shape = to_canonical(faces, fit_poses(faces, self._reference))
        self.looks.mouth[row] = describe(shape, 0.0)[0, [A, W]]
        self.looks.face[row] = face_boxes(faces, np.ones(1, bool), smooth=False)[0]

    def _square(self, pair: Pair, row: int, poses: Poses) -> None:
        matrix = to_picture(poses, 0, self._centre)
        both = np.stack([luma_square(frame, matrix) for frame in (pair.output, pair.source)])
        self._squares.append(both)
        around, squares = self._around, self._squares
        self.looks.light[row] = ((both[OUT] - both[SRC]) * around).sum() / around.sum()
        if len(squares) > 2:
            jerk = np.abs(squares[-1] - 2 * squares[-2] + squares[-3])
            self.looks.jerk[row] = (jerk * around).sum(axis=(1, 2)) / around.sum()


def _detail(frame: Frame, landmarks: np.ndarray) -> float:
    """Standard deviation of the finest detail of the mouth over that of the middling one."""
    points = landmarks[list(LIPS), :2]
    low, high = points.min(axis=0), points.max(axis=0)
    width = float(high[0] - low[0])
    box = clipped(
        (low[0] - 0.25 * width, low[1] - 0.2 * width, high[0] + 0.25 * width, high[1] + 0.45 * width), frame
    )
    if box is None:
        return float("nan")
    part = frame.planes[0][box.y0 : box.y1, box.x0 : box.x1].astype(np.float32)
    fine, middle = (_band(part, *sigmas).std() for sigmas in (_FINE, _MIDDLE))
    return float(fine / middle) if middle > 0 else float("nan")


def _band(picture: np.ndarray, small: float, large: float) -> np.ndarray:
    return cv2.GaussianBlur(picture, (0, 0), small) - cv2.GaussianBlur(picture, (0, 0), large)


def _outside(pair: Pair) -> float:
    """Mean squared difference of luma outside the crop, in 8-bit levels; NaN where all is crop."""
    lumas = [
        frame.planes[0][::_ROWS].astype(np.float32) / (1 << (frame.layout.depth - 8))
        for frame in (pair.output, pair.source)
    ]
    squared = np.square(lumas[0] - lumas[1])
    if pair.box is None:
        return float(squared.mean())
    top, bottom = -(-pair.box.y0 // _ROWS), -(-pair.box.y1 // _ROWS)
    inside = squared[top:bottom, pair.box.x0 : pair.box.x1]
    count = squared.size - inside.size
    return (
        float((squared.sum(dtype=np.float64) - inside.sum(dtype=np.float64)) / count)
        if count
        else float("nan")
    )
