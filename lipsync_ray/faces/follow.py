"""Following faces from frame to frame: landmarks lead, detection corrects."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lipsync_ray.faces.detector import Detection, overlaps
from lipsync_ray.faces.look import look_in
from lipsync_ray.faces.models import FaceModels
from lipsync_ray.faces.picture import clipped, shrunk_rgb, whole
from lipsync_ray.faces.roi import Roi, roi_from_detection, roi_from_landmarks
from lipsync_ray.faces.settings import FaceSettings
from lipsync_ray.media.frame import Box, Frame

WATCHED_SCORE = 0.1  # detections below face.min_score that are still worth a remark
SEARCH_STRIDE = 3  # frames between detections while no face is seen
MEMORY = 25  # frames during which a lost face may come back under its number
SAME_FACE = 0.3  # overlap (intersection over union) of boxes
MISSES = 3  # detections in a row that see nothing where a face is followed


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one face is in one frame."""

    face: int  # number, unique within the range
    landmarks: np.ndarray  # float32[468,3] px of the upright picture
    score: float

    @property
    def box(self) -> np.ndarray:
        """Box of the landmarks, ``float32[4]``."""
        return bounds_of(self.landmarks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting(Place):
    """The same with its picture, which holds on to the memory of the whole frame."""

    near: Frame  # the surroundings that were looked at, perhaps smaller
    local: np.ndarray  # float32[468,3], the landmarks in pixels of ``near``

    def place(self) -> Place:
        """The face without its picture, for keeping."""
        return Place(face=self.face, landmarks=self.landmarks, score=self.score)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """The best detection that was not good enough."""

    score: float
    frame: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Track:
    face: int
    landmarks: np.ndarray
    seen: int  # frames taken in by the follower when it was last seen
    misses: int = 0


class Follower:
    """Takes the frames of a range one after the other; its state is the range's alone."""

    def __init__(self, models: FaceModels, settings: FaceSettings) -> None:
        self.best: Candidate | None = None
        self._models, self._settings = models, settings
        self._live: list[_Track] = []
        self._lost: list[_Track] = []
        self._count = self._faces = 0
        self._detected = -(10**9)  # when detection last ran

    def step(self, frame: Frame, cut: bool) -> list[Sighting]:
        """Faces of the next frame, largest first; ``cut`` says that it may begin another scene."""
        self._count += 1
        sightings = [] if cut else [s for t in self._live if (s := self._follow(frame, t))]
        sightings = _distinct(sightings)
        live = {s.face for s in sightings}
        lost = [t for t in self._live if t.face not in live]
        self._lost = [t for t in self._lost if self._count - t.seen <= MEMORY] + lost
        since = self._count - self._detected
        due = self._settings.stride if sightings else SEARCH_STRIDE
        misses = {t.face: t.misses for t in self._live}
        if cut or lost or since >= due or self._just_lost():
            sightings, misses = self._redetect(frame, sightings, misses)
        sightings = sorted(sightings, key=lambda s: -_width(s.box))[: self._settings.max_faces]
        self._live = [
            _Track(face=s.face, landmarks=s.landmarks, seen=self._count, misses=misses.get(s.face, 0))
            for s in sightings
        ]
        live = {s.face for s in sightings}
        self._lost = [t for t in self._lost if t.face not in live]
        return sightings

    def _just_lost(self) -> bool:
        """Whether a face went missing so recently that every frame is worth a detection."""
        return any(self._count - t.seen <= 3 for t in self._lost)

    def _follow(self, frame: Frame, track: _Track) -> _Sight:
        before = bounds_of(track.landmarks)
        seen = self._look(frame, roi_from_landmarks(track.landmarks), track.face)
        if seen is None:
            return None
        # Landmarks that leap or explode have slid off the face.
        after = seen.box
        shift = np.abs((after[:2] + after[2:]) - (before[:2] + before[2:])).max() / 2
        ratio = _width(after) / max(_width(before), 1e-6)
        return seen if shift < 0.6 * _width(before) and 0.6 < ratio < 1.7 else None

    def _redetect(
        self, frame: Frame, sightings: list[Sighting], misses: dict[int, int]
    ) -> tuple[list[Sighting], dict[int, int]]:
        """Detect: confirm what is followed, add what is new, give up what nobody else sees."""
        self._detected = self._count
        found = self._detect(frame)
        boxes = np.array([d.box for d in found]).reshape(-1, 4)
        good = [d for d in found if d.score >= self._settings.min_score]
        misses = {s.face: 0 if self._seen_by(s.box, boxes) else misses.get(s.face, 0) + 1 for s in sightings}
        sightings = [s for s in sightings if misses[s.face] < MISSES]
        for detection in sorted(good, key=lambda d: -d.width):
            if not self._seen_by(detection.box, np.array([s.box for s in sightings]).reshape(-1, 4)):
                started = self._start(frame, detection)
                sightings = _distinct([*sightings, *([started] if started else [])])
        rejected = [d for d in found if d.score < self._settings.min_score]
        for detection in rejected if not sightings else []:
            if self.best is None or detection.score > self.best.score:
                self.best = Candidate(score=detection.score, frame=frame.index)
        return sightings, misses

    def _seen_by(self, box: np.ndarray, others: np.ndarray) -> bool:
        return bool(len(others)) and bool((overlaps(box, others) > SAME_FACE).any())

    def _start(self, frame: Frame, detection: Detection) -> Sighting | None:
        # Twice: a detector's square is less exact than the one around landmarks.
        first = self._look(frame, roi_from_detection(detection.box, detection.keypoints), -1)
        seen = self._look(frame, roi_from_landmarks(first.landmarks), -1) if first else None
        if seen is None:
            return None
        same = [(overlaps(seen.box, bounds_of(t.landmarks)[None])[0], -t.face) for t in self._lost]
        overlap, face = max(same, default=(0.0, 0))
        if overlap > SAME_FACE:
            return replace(seen, face=-face)
        self._faces += 1
        return replace(seen, face=self._faces - 1)

    def _look(self, frame: Frame, roi: Roi, face: int) -> _Sight:
        """Landmarks in a square, or None where there is no face."""
        seen = look_in(frame, roi, self._models.mesh, self._settings.min_score)
        if seen is None:
            return None
        return Sighting(
            face=face, landmarks=seen.landmarks, score=seen.score, near=seen.near, local=seen.local
        )

    def _detect(self, frame: Frame) -> list[Detection]:
        """Detections of the whole picture; only where it shows none, of its square parts."""
        watched = min(WATCHED_SCORE, self._settings.min_score)
        found: list[Detection] = []
        for regions in search_regions(frame, self._settings):
            found += [d for region in regions for d in self._detect_in(frame, region, watched)]
            if any(d.score >= self._settings.min_score for d in found):
                break
        return found

    def _detect_in(self, frame: Frame, region: Box, min_score: float) -> list[Detection]:
        step = max(1, max(region.width, region.height) // self._models.shown)
        rgb, x0, y0 = shrunk_rgb(frame, region, step)
        shift = np.array([x0, y0]) + (step - 1) / 2
        return [
            replace(d, box=d.box * step + np.tile(shift, 2), keypoints=d.keypoints * step + shift)
            for d in self._models.detector.detect(rgb, min_score)
        ]


_Sight = Sighting | None


def search_regions(frame: Frame, settings: FaceSettings) -> list[list[Box]]:
    """Where to look for faces, in order: each entry only if those before gave nothing.

    The network sees 192 x 192 px; in a wide picture two overlapping squares show faces almost twice as large.
    """
    area = whole(frame)
    if settings.select == "box" and settings.box is not None:
        area = clipped(settings.box, frame) or area
    side = min(area.width, area.height)
    if max(area.width, area.height) < 1.3 * side:
        return [[area]]
    ends = [(area.x0, area.y0), (area.x1 - side, area.y1 - side)]
    return [[area], [Box(x0=x, y0=y, x1=x + side, y1=y + side) for x, y in ends]]


def bounds_of(landmarks: np.ndarray) -> np.ndarray:
    """Upright box of landmarks ``[468,2+]``: ``float32[4]``."""
    points = landmarks[:, :2]
    return np.concatenate([points.min(0), points.max(0)]).astype(np.float32)


def _width(box: np.ndarray) -> float:
    return float(box[2] - box[0])


def _distinct(sightings: list[Sighting]) -> list[Sighting]:
    """Drop the later of two tracks that have run onto the same face."""
    kept: list[Sighting] = []
    for sighting in sorted(sightings, key=lambda s: s.face):
        boxes = np.array([s.box for s in kept]).reshape(-1, 4)
        if not len(boxes) or not (overlaps(sighting.box, boxes) > 0.5).any():
            kept.append(sighting)
    return kept
