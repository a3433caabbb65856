"""A small talking clip made from the portrait: its own mouth at several apertures, landmarks known."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

from lipsync_ray.engines.base import FaceBatch, Window, run_stages
from lipsync_ray.engines.unit_selection import landmarks_sets as sets
from lipsync_ray.engines.unit_selection.basis import load_prior
from lipsync_ray.engines.unit_selection.canonical import build_reference, fit_poses, to_canonical
from lipsync_ray.engines.unit_selection.closure import SHADOW
from lipsync_ray.engines.unit_selection.descriptor import describe
from lipsync_ray.engines.unit_selection.engine import UnitSelection, mesh_of
from lipsync_ray.engines.unit_selection.person import Person
from lipsync_ray.engines.unit_selection.stages import plan_frames
from lipsync_ray.engines.unit_selection.units import UnitBank

HERE = Path(__file__).resolve().parent
PORTRAIT = HERE.parents[2] / "examples" / "portrait.png"
CROP = (150, 10, 310, 210)  # x0, y0, x1, y1 of the face in the portrait
ZOOM = 2.0  # so that the face is 182 px wide, as in a usual clip
SLOPES = np.array([[-0.15, 0.62, 0.42, 0.0], [0.0, -0.05, -0.05, -0.05]])


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """Pictures, landmarks and everything an engine wants to know of them."""

    frames: np.ndarray  # uint8[N,H,W,3]
    landmarks: np.ndarray  # float32[N,468,3] px
    person: Person
    units: UnitBank

    def batch(self, rows: list[int], **cues: np.ndarray) -> FaceBatch:
        """Some rows of the clip; cues have a row for each of its frames, by default those it shows itself."""
        count = len(self.frames)
        given = {
            "target": self.units.descriptor.copy(),
            "unit": np.arange(count, dtype=np.int32),
            "unit2": np.full(count, -1, np.int32),
            "mix": np.zeros(count, np.float32),
            "strength": np.ones(count, np.float32),
            "closed": np.zeros(count, np.float32),
            **cues,
        }
        mesh = mesh_of(self.person)
        return FaceBatch(
            frames=self.frames[rows],
            landmarks=self.landmarks[rows],
            time=np.asarray(rows) / 25,
            number=np.asarray(rows),
            window=Window(start=0, landmarks=self.landmarks, breaks=np.zeros(count, bool)),
            cues={name: values[rows] for name, values in given.items()},
            shared={"person": self.person, "units": self.units, "mesh": mesh},
        )

    def with_aperture(self, aperture: float) -> np.ndarray:
        """Wanted descriptors ``[N,6]``: one aperture for all, the rest by the person's slopes."""
        wanted = self.units.descriptor.copy()
        change = aperture - wanted[:, 0]
        wanted[:, 0] = aperture
        wanted[:, 2:] += change[:, None] * self.person.slopes[0]
        return wanted


def make_clip(frames: np.ndarray, landmarks: np.ndarray, layered: bool) -> Clip:
    """A clip of these pictures, each of which is also a unit."""
    reference = build_reference(landmarks)
    shapes = to_canonical(landmarks, fit_poses(landmarks, reference))
    nose_y = float(np.median(shapes[:, sets.SUBNASALE, 1]))
    found = describe(shapes, nose_y)
    person = Person(
        reference=reference,
        nose_y=nose_y,
        mean_descriptor=found.mean(0),
        low=found.min(0),
        mid=np.median(found, 0),
        high=found.max(0),
        p1=found.min(0),
        p99=found.max(0),
        slopes=SLOPES,
        basis=load_prior(),
        rest_aperture=0.0,
        rest_width=float(np.median(found, 0)[1]),
        change_p99=np.full(6, 0.05),
        frame_seconds=0.04,
        layered=layered,
        frames=len(frames),
    )
    low = np.floor(landmarks[:, list(sets.OUTER), :2].min((0, 1)) - 45).astype(int)
    high = np.ceil(landmarks[:, list(sets.OUTER), :2].max((0, 1)) + 45).astype(int)
    units = UnitBank(
        source=np.arange(len(frames)),
        descriptor=found,
        shape=shapes,
        landmarks=(landmarks[..., :2] - low).astype(np.float32),
        patches=[np.ascontiguousarray(frame[low[1] : high[1], low[0] : high[0]]) for frame in frames],
        verified_closed=found[:, 0] < 0.012,
        contact=SHADOW,
    )
    return Clip(frames=frames, landmarks=landmarks, person=person, units=units)


@pytest.fixture(scope="session")
def still() -> Clip:
    """The portrait as a clip of one frame, mouth drawn in layers."""
    picture = cv2.imread(str(PORTRAIT))
    if picture is None:
        pytest.skip(f"no portrait at {PORTRAIT}")
    x0, y0, x1, y1 = CROP
    face = cv2.resize(picture[y0:y1, x0:x1, ::-1], None, fx=ZOOM, fy=ZOOM, interpolation=cv2.INTER_CUBIC)
    landmarks = np.load(HERE / "portrait_landmarks.npz")["landmarks"].astype(np.float64)
    landmarks[:, :2] = (landmarks[:, :2] - (x0, y0)) * ZOOM
    landmarks[:, 2] *= ZOOM
    return make_clip(np.ascontiguousarray(face)[None], landmarks[None].astype(np.float32), layered=True)


@pytest.fixture(scope="session")
def talk(still: Clip) -> Clip:
    """Twelve frames of the portrait, its mouth going from closed to open and back, its head drifting."""
    apertures = 0.075 - 0.075 * np.cos(np.arange(12) * 2 * np.pi / 12)
    frames, landmarks = [], []
    for number, aperture in enumerate(apertures):
        closed = np.full(1, float(aperture < 0.01), np.float32)
        batch = still.batch([0], target=still.with_aperture(aperture), closed=closed)
        points = still.landmarks[0].copy()
        points[:, :2] = plan_frames(batch, still.person, still.units)[0].points
        turn = np.array([[1, 0.004 * number, 0.5 * number], [-0.004 * number, 1, 0.7 * number]])
        picture = run_stages(UnitSelection(), batch)[0][0]
        size = picture.shape[1::-1]
        frames.append(
            cv2.warpAffine(picture, turn, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        )
        points[:, :2] = points[:, :2] @ turn[:, :2].T + turn[:, 2]
        landmarks.append(points)
    return make_clip(np.stack(frames), np.stack(landmarks).astype(np.float32), layered=False)
