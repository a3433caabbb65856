from __future__ import annotations

import pickle
from dataclasses import dataclass, field, replace
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

from lipsync_ray.engines.base import Preparation, Scene
from lipsync_ray.engines.unit_selection.lipgap import lip_gap
from lipsync_ray.engines.unit_selection.prepare import prepare
from lipsync_ray.engines.unit_selection.settings import UnitSelectionSettings
from lipsync_ray.errors import FaceNotFound
from lipsync_ray.faces.select import TargetFaces
from lipsync_ray.media.frame import Box
from lipsync_ray.media.timeline import SyncSettings, build_timeline
from lipsync_ray.speech.driving import Given
from lipsync_ray.speech.track import MouthCues
from tests.engines.unit_selection.talker import Talker, cues, speechlike, talk
from tests.media.output_clips import table_of

SIZE = (640, 560)
LIP, DARK = (180, 80, 90), (30, 8, 10)


@dataclass(kw_only=True)
class Footage:
    """A talker as a scanned video: faces in memory, pictures painted when they are asked for."""

    talker: Talker
    open_secretly: frozenset[int] = frozenset()  # frames with a dark mouth that the landmarks call closed
    fetched: list[int] = field(default_factory=list)

    def landmarks(self, frames: np.ndarray, faces: np.ndarray) -> np.ndarray:
        out = self.talker.landmarks[frames].copy()
        out[faces < 0] = np.nan
        return out

    def thumbs(self, frames: np.ndarray, faces: np.ndarray) -> np.ndarray:
        shade = 200 - 600 * self.talker.descriptors[frames, 0]
        return np.tile(np.clip(shade, 0, 255).astype(np.uint8)[:, None, None, None], (1, 20, 32, 3))

    def light(self) -> SimpleNamespace:
        n = len(self.talker.landmarks)
        return SimpleNamespace(frame=np.arange(n), face=np.zeros(n, np.int32), sharpness=np.full(n, 3.0))

    def fetch(self, frames: np.ndarray, boxes: list[Box]) -> list[np.ndarray]:
        self.fetched.extend(frames.tolist())
        return [self._paint(frame, box) for frame, box in zip(frames.tolist(), boxes, strict=True)]

    def _paint(self, frame: int, box: Box) -> np.ndarray:
        picture = np.full((box.height, box.width, 3), LIP, np.uint8)
        if frame in self.open_secretly:
            x, y = (self.talker.landmarks[frame, [13, 14], :2].mean(axis=0) - (box.x0, box.y0)).astype(int)
            picture[y - 4 : y + 4, x - 15 : x + 15] = DARK
        return picture


def scene(footage: Footage, said: MouthCues, *, mode: str = "silence", **target) -> Scene:
    n = len(footage.talker.landmarks)
    table = table_of(range(0, 512 * n, 512), still=n == 1)
    table = replace(table, video=replace(table.video, width=SIZE[0], height=SIZE[1]))
    timeline = build_timeline(table, Fraction(len(said), 25), SyncSettings(mode=mode))
    plain = {
        "face": np.zeros(n, np.int32),
        "row": np.arange(n),
        "reason": np.zeros(n, np.uint8),
        "strength": np.ones(n, np.float32),
        "shot": np.zeros(n, np.int32),
    }
    chosen = TargetFaces(**{**plain, **target})
    return Scene(
        table=table,
        timeline=timeline,
        scan=footage,  # type: ignore[arg-type]
        target=chosen,
        crops={0: Box(x0=0, y0=0, x1=SIZE[0], y1=SIZE[1])},
        speech=Given(given=said),
        times=timeline.times(),
        fetch=footage.fetch,
    )


def speech(n: int, seed: int = 5) -> MouthCues:
    aperture = speechlike(n, seed)[0]
    return cues(n, aperture=aperture / 0.15, closure=(aperture < 0.004).astype(np.float32))


@pytest.fixture(scope="module")
def footage() -> Footage:
    return Footage(talker=talk(*speechlike(200)))


@pytest.fixture(scope="module")
def made(footage: Footage) -> Preparation:
    return prepare(scene(footage, speech(200)))


def test_every_output_frame_is_told_everything(made: Preparation):
    rows = {name: (values.shape, values.dtype) for name, values in made.frames.items()}
    assert rows == {
        "target": ((200, 6), np.float64),
        "unit": ((200,), np.int32),
        "unit2": ((200,), np.int32),
        "mix": ((200,), np.float32),
        "strength": ((200,), np.float32),
        "closed": ((200,), np.float32),
    }


def test_the_bank_holds_what_the_path_uses_and_closed_mouths(made: Preparation, footage: Footage):
    bank = made.shared["units"]
    used = np.unique(np.concatenate([made.frames["unit"], made.frames["unit2"]]))
    assert used[used >= 0].max() < len(bank)
    assert (np.diff(bank.source) > 0).all()
    assert len(bank) <= len(used) + 3
    assert bank.verified_closed.any()
    for row in range(len(bank)):
        corner = bank.landmarks[row] - footage.talker.landmarks[bank.source[row], :, :2]
        assert np.ptp(corner, axis=0).max() < 1e-3
        height, width = bank.patches[row].shape[:2]
        assert (bank.landmarks[row, [61, 291, 0, 17]] < [width, height]).all()
        assert (bank.landmarks[row, [61, 291, 0, 17]] > 0).all()


def test_units_show_what_speech_asks_for(made: Preparation):
    bank, target = made.shared["units"], made.frames["target"]
    shown = bank.descriptor[made.frames["unit"]]
    assert np.corrcoef(shown[:, 0], target[:, 0])[0, 1] > 0.97
    closed = made.frames["closed"] > 0
    assert closed.any()
    assert (target[closed, 0] == 0).all()
    assert (shown[closed, 0] < 0.02).all()


def test_preparing_twice_is_preparing_once(made: Preparation, footage: Footage):
    assert prepare(scene(footage, speech(200))).digest() == made.digest()


def test_it_travels(made: Preparation):
    assert pickle.loads(pickle.dumps(made)).digest() == made.digest()


def test_a_mouth_that_is_open_in_the_picture_does_not_close():
    talker = talk(*speechlike(200))
    closed = np.flatnonzero(talker.descriptors[:, 0] < 0.008)
    lying = frozenset(closed[: len(closed) // 2].tolist())
    footage = Footage(talker=talker, open_secretly=lying)
    made = prepare(scene(footage, speech(200)))
    bank = made.shared["units"]
    assert not bank.verified_closed[np.isin(bank.source, list(lying))].any()
    shown = bank.source[made.frames["unit"][made.frames["closed"] > 0]]
    assert not np.isin(shown, list(lying)).any()
    assert all(
        lip_gap(patch, points, 100.0) < 0.012
        for patch, points, good in zip(bank.patches, bank.landmarks, bank.verified_closed, strict=True)
        if good
    )


def test_frames_left_alone_keep_their_mouth(footage: Footage):
    reason, face = np.zeros(200, np.uint8), np.zeros(200, np.int32)
    strength = np.ones(200, np.float32)
    reason[80:100], strength[80:100] = 4, 0
    face[120:130], reason[120:130], strength[120:130] = -1, 1, 0
    strength[[76, 103]] = 0.5
    made = prepare(scene(footage, speech(200), face=face, reason=reason, strength=strength))
    unit, bank = made.frames["unit"], made.shared["units"]
    assert (unit[80:100] == -1).all()
    assert (unit[120:130] == -1).all()
    assert (unit[np.r_[0:80, 100:120, 130:200]] >= 0).all()
    assert not np.isin(bank.source, np.r_[80:100, 120:130]).any()
    shown = footage.talker.descriptors[[76, 103], 0]
    free = prepare(scene(footage, speech(200))).frames["target"][[76, 103], 0]
    between = made.frames["target"][[76, 103], 0]
    assert np.allclose(between, (shown + free) / 2, atol=0.02)
    assert np.isfinite(made.frames["target"]).all()


def test_a_still_speaks_in_layers():
    footage = Footage(talker=talk(np.array([0.05])))
    made = prepare(scene(footage, speech(75)))
    assert made.shared["person"].layered
    assert (made.frames["unit"] == 0).all()
    assert len(made.shared["units"]) == 1
    assert made.frames["target"][:, 0].max() > 0.1
    assert len(made.frames["target"]) == 75


def test_a_silent_actor_lends_one_picture_that_shows_teeth_if_there_is_one():
    aperture = np.full(120, 0.01)
    aperture[60:64] = 0.045
    made = prepare(scene(Footage(talker=talk(aperture)), speech(120)))
    bank = made.shared["units"]
    assert made.shared["person"].layered
    assert len(bank) == 1
    assert 60 <= bank.source[0] < 64


def test_looped_footage_is_one_sequence_per_turn(footage: Footage):
    made = prepare(scene(footage, speech(460), mode="loop"))
    assert len(made.frames["unit"]) == 460
    assert (made.frames["unit"] >= 0).all()


def test_a_long_video_keeps_its_bank_small():
    footage = Footage(talker=talk(*speechlike(1500)))
    made = prepare(scene(footage, speech(1500)), UnitSelectionSettings(max_units=300))
    assert len(made.shared["units"]) <= 300
    assert len(set(footage.fetched)) == len(footage.fetched)  # nothing is decoded twice


def test_no_usable_face_is_an_error_one_can_read(footage: Footage):
    with pytest.raises(FaceNotFound, match="usable face"):
        prepare(scene(footage, speech(200), reason=np.full(200, 2, np.uint8)))
