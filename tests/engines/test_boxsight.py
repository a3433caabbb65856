"""What engines are shown that draw inside a box: all of every box, and all that its joint can change."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as tried

from lipsync_ray.blend.settings import BlendSettings
from lipsync_ray.engines.base import FaceBatch, Preparation, Resources, Scene, Window
from lipsync_ray.engines.boxed import Boxed
from lipsync_ray.engines.boxsight import box_views
from lipsync_ray.engines.enhanced import Enhanced
from lipsync_ray.engines.facebox import face_boxes
from lipsync_ray.engines.facebox_settings import FaceBoxSettings
from lipsync_ray.engines.facecut import cut_faces
from lipsync_ray.enhance.settings import EnhanceSettings
from lipsync_ray.media.frame import Box
from lipsync_ray.neural.settings import ComputeSettings
from lipsync_ray.weights.store import WeightStore
from tests.engines.heads import moving, stretches

CROP = Box(x0=0, y0=0, x1=640, y1=480)
USUAL = FaceBoxSettings()


def scene(faces: np.ndarray, source: list[int] | None = None, crop: Box = CROP) -> Scene:
    """A job of one shot that shows some source frames, all of them if none are named."""
    count = len(faces)
    target = SimpleNamespace(
        face=np.zeros(count, np.int32),
        row=np.arange(count),
        strength=np.ones(count, np.float32),
        shot=np.zeros(count, np.int32),
    )
    told = SimpleNamespace(
        table=range(count),
        timeline=SimpleNamespace(source=np.arange(count) if source is None else np.array(source)),
        target=target,
        scan=SimpleNamespace(landmarks=lambda rows, _: faces[rows]),
        crops={0: crop},
    )
    return cast(Scene, told)


def boxed(settings: FaceBoxSettings = USUAL) -> Boxed:
    return Boxed(
        settings,
        Resources(
            weights=WeightStore(),
            compute=ComputeSettings(),
            enhance=EnhanceSettings(),
            blend=BlendSettings(),
        ),
    )


@tried(max_examples=40, deadline=None)
@given(stretches(30))
def test_it_holds_every_box_however_it_is_held_steady(given: tuple[np.ndarray, np.ndarray]) -> None:
    there, breaks = given
    faces = moving(len(there))
    faces[~there] = np.nan
    found = box_views(scene(faces), USUAL)
    boxes = face_boxes(faces, breaks, USUAL.pads)[there]
    if not len(boxes):
        assert found == {}
        return
    view = found[0]
    assert (boxes[:, :2].min(0) >= np.maximum((view.x0, view.y0), 0) - 1e-3).all()
    assert (np.minimum(boxes[:, 2:].max(0), (640, 480)) <= (view.x1, view.y1)).all()


def test_frames_that_are_not_shown_do_not_count() -> None:
    faces = moving(9)
    faces[4] += 100
    assert box_views(scene(faces, [0, 1, 2, 7]), USUAL) != box_views(scene(faces), USUAL)
    assert box_views(scene(faces, [0, 1, 2, 7]), USUAL) == box_views(scene(faces, [0, 1, 2, 7, 7]), USUAL)


def test_a_box_that_stays_is_seen_wherever_the_face_is() -> None:
    fixed = FaceBoxSettings(box=(100, 300, 200, 400))
    assert box_views(scene(moving(5)), fixed) == {0: Box(x0=170, y0=90, x1=430, y1=330)}


def part_of(batch: FaceBatch, view: Box) -> FaceBatch:
    shift = np.array([view.x0, view.y0, 0], np.float32)
    return replace(
        batch,
        frames=np.ascontiguousarray(batch.frames[:, view.y0 : view.y1, view.x0 : view.x1]),
        landmarks=batch.landmarks - shift,
        window=replace(batch.window, landmarks=batch.window.landmarks - shift),
        origin=(view.x0, view.y0),
    )


def talking(faces: np.ndarray) -> FaceBatch:
    rough = np.random.default_rng(5).integers(40, 200, (len(faces), 480, 640, 3)).astype(np.uint8)
    return FaceBatch(
        frames=np.stack([cv2.GaussianBlur(picture, (0, 0), 3) for picture in rough]),
        landmarks=faces,
        time=np.arange(len(faces)) / 25,
        number=np.arange(len(faces)),
        window=Window(start=0, landmarks=faces, breaks=np.arange(len(faces)) == 0),
        cues={"strength": np.ones(len(faces), np.float32)},
        shared={},
    )


@pytest.mark.parametrize("level", [0, 255])  # drawn faces as unlike as can be: their colours reach farthest
def test_a_view_is_drawn_as_the_whole_crop_is(level: int) -> None:
    faces = moving(4)
    batch, engine = talking(faces), boxed()
    view = engine.views(scene(faces))[0]
    assert view.width * view.height < 0.4 * 640 * 480
    part = part_of(batch, view)
    drawn = np.full((4, 96, 96, 3), level, np.uint8)
    boxes, own = engine.boxes(batch), engine.boxes(part)
    assert np.array_equal(cut_faces(batch.frames, boxes, 96), cut_faces(part.frames, own, 96))
    whole, seen = engine.join(batch, drawn, boxes), engine.join(part, drawn, own)
    pictures, masks = (given[:, view.y0 : view.y1, view.x0 : view.x1] for given in filled(whole))
    outside = np.abs(filled(whole)[0].astype(int) - batch.frames).max(3)
    outside[:, view.y0 : view.y1, view.x0 : view.x1] = 0
    assert not outside.any()
    assert np.abs(pictures.astype(int) - filled(seen)[0]).mean() < 0.05  # pyramids begin at another pixel
    assert ((masks > 0) != (filled(seen)[1] > 0)).mean() < 0.02


def filled(batch: FaceBatch) -> tuple[np.ndarray, np.ndarray]:
    assert batch.output is not None
    assert batch.mask is not None
    return batch.output, batch.mask


def test_restorers_are_shown_whole_heads() -> None:
    pytest.importorskip("torch")

    class Narrow:
        name, context, landmark_margin, weights = "narrow", None, 0, {}

        def prepare(self, scene: Scene) -> Preparation:
            return Preparation(views={0: CROP}, shared={"mel": 1})

    resources = cast(Any, SimpleNamespace(enhance=EnhanceSettings(), weights=Known()))
    prepared = Enhanced(cast(Any, Narrow()), "gfpgan", resources).prepare(scene(moving(2)))
    assert (prepared.views, prepared.shared) == ({}, {"mel": 1})


class Known:
    """A store that has every file."""

    def path(self, name: str) -> str:
        return name

    def digest(self, name: str) -> str:
        return name
