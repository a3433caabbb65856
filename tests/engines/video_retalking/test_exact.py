"""The authors' last steps with simple stubs in place of the networks: what changes where, frame by frame."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from lipsync_ray.blend.settings import BlendSettings
from lipsync_ray.engines.base import FaceBatch, Resources, Window
from lipsync_ray.engines.facebox import face_boxes
from lipsync_ray.engines.joining import paste_hard
from lipsync_ray.engines.registry import load_engine
from lipsync_ray.engines.video_retalking.exact import ExactFinish, blend_whole
from lipsync_ray.engines.video_retalking.files import weights_for
from lipsync_ray.engines.video_retalking.settings import VideoReTalkingSettings
from lipsync_ray.enhance.settings import EnhanceSettings
from lipsync_ray.neural.settings import ComputeSettings
from tests.engines.heads import head, moving
from tests.enhance.stubs import picture

SHAPE = (480, 640)
COUNT = 3
FRAMES = np.stack([picture(SHAPE, seed, cell=40) for seed in range(COUNT)])
FACES = moving(COUNT)
BOXES = np.trunc(face_boxes(FACES, np.zeros(COUNT, bool), smooth=False))
MOUTH = (340, 400, 200, 315)  # of the aligned face: rows and columns that the stub calls lips


class Striped(torch.nn.Module):
    """Adds stripes: of a change that is flat, a pyramid down to one pixel leaves nothing."""

    def forward(self, face: Tensor, noise: Any = None, part: Any = None) -> Tensor:
        return face + 0.3 * torch.sin(torch.arange(512) * (torch.pi / 12))


class Parsed(torch.nn.Module):
    """Skin in an oval, lips at ``MOUTH``."""

    def forward(self, face: Tensor) -> Tensor:
        y, x = np.indices((512, 512))
        scores = torch.zeros(len(face), 19, 512, 512)
        oval = ((y - 280) / 210) ** 2 + ((x - 256) / 170) ** 2 < 1
        scores[:, 1] = torch.from_numpy(oval).float()
        scores[:, 11, MOUTH[0] : MOUTH[1], MOUTH[2] : MOUTH[3]] = 2
        return scores


class Store:
    def path(self, name: str) -> Path:
        return Path(name)

    def digest(self, name: str) -> str:
        return name


def resources() -> Resources:
    return Resources(
        weights=Store(),  # pyright: ignore[reportArgumentType]
        compute=ComputeSettings(device="cpu"),
        enhance=EnhanceSettings(name="gfpgan"),
        blend=BlendSettings(),
    )


@pytest.fixture
def finish(monkeypatch: pytest.MonkeyPatch) -> ExactFinish:
    monkeypatch.setattr("lipsync_ray.enhance.restorers.load_gfpgan", lambda path: Striped())
    monkeypatch.setattr("lipsync_ray.enhance.restorers.load_gpen", lambda path: Gpen())
    monkeypatch.setattr("lipsync_ray.engines.video_retalking.exact.load_parsenet", lambda path: Parsed())
    paths = {name: Path(name) for name in ("gfpgan_v1.3", "gpen", "parsenet")}
    return ExactFinish(paths, resources(), 0)


class Gpen(torch.nn.Module):
    def forward(self, face: Tensor, part: Any = None) -> Tensor:
        return face - 0.3


def batch(rows: slice = slice(None), faces: np.ndarray = FACES, boxes: np.ndarray = BOXES) -> FaceBatch:
    pasted = [
        paste_hard(f, np.full((384, 384, 3), 90, np.uint8), b) for f, b in zip(FRAMES, boxes, strict=True)
    ]
    return FaceBatch(
        frames=FRAMES[rows],
        landmarks=faces[rows],
        time=np.arange(COUNT)[rows] / 25,
        number=np.arange(COUNT)[rows],
        window=Window(start=0, landmarks=faces, breaks=np.zeros(COUNT, bool)),
        cues={},
        shared={},
        output=np.stack([output for output, _ in pasted])[rows],
        mask=np.stack([mask for _, mask in pasted])[rows],
    )


def through_512(frame: np.ndarray) -> np.ndarray:
    return cv2.resize(cv2.resize(frame, (512, 512)), (SHAPE[1], SHAPE[0]))


def test_the_mouth_is_restored_and_the_face_is_the_drawn_one(finish: ExactFinish) -> None:
    made = finish.finish(batch(), BOXES)
    assert made.output is not None
    for output, box in zip(made.output, BOXES, strict=True):
        x0, y0, x1, y1 = box.astype(int)
        lips, cheek = (y0 + (y1 - y0) * share // 512 for share in (370, 300))
        middle = slice(x0 + (x1 - x0) * 220 // 512, x0 + (x1 - x0) * 295 // 512)
        assert np.ptp(output[lips, middle].mean(1)) > 40
        assert np.ptp(output[cheek, middle].mean(1)) < 8
        assert output[cheek, middle].mean() == pytest.approx(90, abs=6)


def test_outside_the_box_the_frame_went_through_512_pixels(finish: ExactFinish) -> None:
    made = finish.finish(batch(), BOXES)
    assert made.output is not None
    for frame, output, box in zip(FRAMES, made.output, BOXES, strict=True):
        right = int(box[2]) + 60
        assert np.abs(output[:, right:].astype(int) - through_512(frame)[:, right:]).max() <= 2


def test_the_mask_is_what_changed(finish: ExactFinish) -> None:
    made = finish.finish(batch(), BOXES)
    assert made.output is not None
    assert made.mask is not None
    assert made.mask.dtype == np.uint8
    assert np.array_equal(made.mask > 0, (made.output != FRAMES).any(3))


def test_a_frame_does_not_depend_on_its_batch(finish: ExactFinish) -> None:
    whole = finish.finish(batch(), BOXES)
    assert whole.output is not None
    for row in range(COUNT):
        part = slice(row, row + 1)
        alone = finish.finish(batch(part), BOXES[part])
        assert alone.output is not None
        assert np.array_equal(alone.output[0], whole.output[row])


def test_a_face_partly_or_wholly_outside_does_no_harm(finish: ExactFinish) -> None:
    faces = np.stack([head((20.0, 240.0)), head((630.0, 470.0)), head((-500.0, 240.0))])
    boxes = np.trunc(face_boxes(faces, np.zeros(COUNT, bool), smooth=False))
    made = finish.finish(batch(faces=faces, boxes=boxes), boxes)
    assert made.output is not None
    assert np.array_equal(made.output[2], FRAMES[2])


def test_references_are_restored_inside_the_face(finish: ExactFinish) -> None:
    heads = np.full((2, 256, 256, 3), 120, np.uint8)
    faces = np.stack([head((128.0, 128.0), 150.0), head((120.0, 135.0), 140.0)])
    made = finish.references(heads, faces[..., :2], np.arange(2))
    assert made[0, 128, 128].mean() == pytest.approx(120 - 0.3 * 127.5, abs=3)
    assert np.array_equal(made[:, :40, :40], heads[:, :40, :40])
    assert np.array_equal(made[1], finish.references(heads[1:], faces[1:, :, :2], np.arange(1, 2))[0])


def test_the_wide_blend_reaches_far_but_keeps_what_is_equal() -> None:
    frame = FRAMES[0]
    mask = np.zeros(SHAPE, np.float32)
    mask[300:340, 280:360] = 1
    assert np.abs(blend_whole(frame, frame, mask).astype(int) - through_512(frame)).max() <= 1
    bright = frame.copy()
    bright[280:360, 240:400] += 40
    off = np.abs(blend_whole(bright, frame, mask).astype(int) - through_512(frame)).mean(2)
    assert off[320, 320] > 10  # a flat change is lost where only the coarsest levels hold it
    assert off[320, 365:420].max() > 1  # outside the mask


def test_weights_are_those_of_the_script_and_nothing_restores_twice() -> None:
    exact = VideoReTalkingSettings(upstream_exact=True)
    usual = VideoReTalkingSettings()
    assert set(weights_for(exact)) - set(weights_for(usual)) == {"gfpgan_v1.3", "gpen", "parsenet"}
    assert "gpen" not in weights_for(VideoReTalkingSettings(upstream_exact=True, stabilize=False))
    engine = load_engine("video_retalking", exact, resources())
    assert set(engine.weights) == set(weights_for(exact))
    assert "gfpgan_v1.4" in load_engine("video_retalking", usual, resources()).weights
