"""Who is dubbed: the right person, in every frame that can be, and nobody where it cannot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from lipsync_ray.errors import ConfigError, FaceNotFound
from lipsync_ray.faces.scan import scan
from lipsync_ray.faces.select import Reason, TargetFaces, choose_target, union_boxes
from lipsync_ray.faces.settings import FaceSettings
from lipsync_ray.faces.shots import find_cuts, shot_of
from lipsync_ray.faces.track import LightFaces
from lipsync_ray.media.index import build_table
from lipsync_ray.media.table import FrameTable
from lipsync_ray.weights.store import WeightStore

Write = Callable[..., Path]
Look = Callable[..., tuple[TargetFaces, LightFaces, FrameTable]]


@pytest.fixture
def look(weights: WeightStore, tmp_path: Path) -> Look:
    """Scan a clip and choose its target."""

    def run(path: Path, **options: Any) -> tuple[TargetFaces, LightFaces, FrameTable]:
        table, settings = build_table(path), FaceSettings(**options)
        found = scan(table, tmp_path, settings, weights=weights)
        light = found.light()
        shots = shot_of(find_cuts(found.cut_scores(), table.times()), len(table))
        return choose_target(light, shots, table, settings), light, table

    return run


def beside(left: np.ndarray, right: np.ndarray, sides: tuple[int, int]) -> np.ndarray:
    """Two people in one picture of 800 x 400."""
    picture = np.full((400, 800, 3), 100, np.uint8)
    for person, side, x in ((left, sides[0], 0), (right, sides[1], 400)):
        picture[400 - side :, x : x + side] = cv2.resize(person, (side, side), interpolation=cv2.INTER_AREA)
    return picture


@pytest.fixture(scope="module")
def couple(talking: list[np.ndarray], write_clip: Write) -> Path:
    """The same person twice, mirrored and smaller on the right."""
    return write_clip(
        "couple", (beside(f, np.ascontiguousarray(f[:, ::-1]), (400, 280)) for f in talking[:30])
    )


@pytest.mark.parametrize(
    ("options", "on_the_left"),
    [
        ({}, True),
        ({"select": "left"}, True),
        ({"select": "right"}, False),
        ({"select": "point", "point": (520.0, 260.0)}, False),
        ({"select": "box", "box": (400.0, 0.0, 800.0, 400.0)}, False),
    ],
)
def test_the_one_who_is_meant(couple: Path, look: Look, options: dict[str, Any], on_the_left: bool) -> None:
    target, light, table = look(couple, **options)
    assert target.counts()["usable"] == len(table) == 30
    assert len(set(target.face)) == 1
    centre = (light.box[target.row, 0] + light.box[target.row, 2]) / 2
    assert ((centre < 400) == on_the_left).all()
    if options.get("select") != "box":
        assert len(light) == 60


def test_covered_mouth_passes_through_with_ramps(
    talking: list[np.ndarray], write_clip: Write, look: Look
) -> None:
    skin = np.median(talking[0][330:350, 170:200].reshape(-1, 3), 0)
    noise = np.random.default_rng(0).normal(0, 4, (590, 590, 1))
    covered = range(25, 45)
    clip = []
    for number, frame in enumerate(talking):
        if number in covered:
            blob = cv2.ellipse(np.zeros(frame.shape[:2], np.float32), (308, 370), (115, 62), 0, 0, 360, 1, -1)
            blob = cv2.GaussianBlur(blob, (0, 0), 3)[..., None]
            frame = np.clip(frame * (1 - blob) + (skin + noise) * blob, 0, 255).astype(np.uint8)
        clip.append(frame)
    target, _, _ = look(write_clip("covered", clip))
    flagged = set(np.flatnonzero(target.reason == Reason.OCCLUDED).tolist())
    assert flagged >= set(covered)
    assert flagged <= set(range(25 - 4, 45 + 4))
    first = min(flagged)
    np.testing.assert_allclose(target.strength[first - 5 : first + 1], [1, 0.8, 0.6, 0.4, 0.2, 0], atol=1e-6)
    assert not target.strength[sorted(flagged)].any()


def test_frames_without_a_face_pass_through(talking: list[np.ndarray], write_clip: Write, look: Look) -> None:
    """A face that goes and comes back at the same place is the same person."""
    hidden = [f if not 20 <= i < 32 else np.full_like(f, 60) for i, f in enumerate(talking[:55])]
    # A gradual change, so that it is a loss and not another shot.
    target, _, _ = look(write_clip("hidden", hidden))
    counts = target.counts()
    assert 12 <= counts["none"] <= 13
    assert counts["usable"] == 55 - counts["none"]
    assert set(np.flatnonzero(target.reason == Reason.NONE)) >= set(range(20, 32))
    assert not target.strength[20:32].any()


def test_shots_choose_for_themselves_and_never_ramp_across_a_cut(
    talking: list[np.ndarray], portrait: np.ndarray, write_clip: Write, look: Look
) -> None:
    other = cv2.resize(portrait, (590, 590), interpolation=cv2.INTER_CUBIC)
    target, light, table = look(write_clip("two", talking[:20] + [other] * 20))
    assert np.unique(target.shot).tolist() == [0, 1]
    assert np.flatnonzero(np.diff(target.shot)).tolist() == [19]
    assert target.counts()["usable"] == 40
    assert (target.strength == 1).all()
    boxes = union_boxes(light, target, table.video, FaceSettings().margin)
    assert set(boxes) == {0, 1}
    assert boxes[0] != boxes[1]


def test_crops_hold_what_engines_touch(couple: Path, look: Look) -> None:
    target, light, table = look(couple, select="right")
    (box,) = union_boxes(light, target, table.video, FaceSettings().margin).values()
    faces = light.box[target.row]
    middle = (faces[:, :2] + faces[:, 2:]) / 2
    low = np.maximum(middle + 1.45 * (faces[:, :2] - middle), 0).min(0)
    high = np.minimum(middle + 1.45 * (faces[:, 2:] - middle), (800, 400)).max(0)
    assert (np.array([box.x0, box.y0]) <= low).all()
    assert (np.array([box.x1, box.y1]) >= high).all()
    assert not any(value % 2 for value in (box.x0, box.y0, box.x1, box.y1))
    assert box.x1 <= 800
    assert box.y1 <= 400


def test_no_face_says_what_was_seen_and_what_to_try(
    portrait: np.ndarray, write_clip: Write, look: Look
) -> None:
    with pytest.raises(FaceNotFound, match=r"no face in grey\.mp4 \(checked 6 of 6 frames\)"):
        look(write_clip("grey", [np.full((120, 160, 3), 90, np.uint8)] * 6))
    # Blurred until the detector has its doubts.
    vague = cv2.GaussianBlur(portrait, (0, 0), 17)
    with pytest.raises(FaceNotFound, match=r"candidate scored 0\.\d\d at 0\.0 s\. Try face\.min_score=0\.\d"):
        look(write_clip("vague", [vague] * 4), min_score=0.95)


def test_unusable_faces_are_counted_in_the_error(portrait: np.ndarray, write_clip: Write, look: Look) -> None:
    with pytest.raises(FaceNotFound, match=r"no usable face in still\.mp4 .*: tiny 4.*face\.min_size"):
        look(write_clip("still", [portrait] * 4), min_size=400)


def test_grey_picture_is_not_taken_for_a_covered_mouth(
    talking: list[np.ndarray], write_clip: Write, look: Look
) -> None:
    grey = [np.repeat(cv2.cvtColor(f, cv2.COLOR_RGB2GRAY)[..., None], 3, 2) for f in talking[:10]]
    assert look(write_clip("grey_face", grey))[0].counts()["usable"] == 10


@pytest.mark.parametrize(
    "options",
    [
        {"select": "point"},
        {"select": "box"},
        {"select": "box", "box": (5, 5, 5, 9)},
        {"stride": 0},
        {"min_score": 1},
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"face\."):
        FaceSettings(**options)


@pytest.mark.parametrize(
    "place", [{"select": "point", "point": (640, 10)}, {"select": "box", "box": (640, 0, 900, 90)}]
)
def test_a_place_outside_the_picture_is_refused(place):
    with pytest.raises(ConfigError, match="outside the upright picture of 640x360"):
        FaceSettings(**place).check_inside(640, 360)
    FaceSettings(**place).check_inside(1280, 720)


@pytest.mark.parametrize("colour", [(200, 216, 224), (32, 36, 40), (64, 96, 64)])
def test_a_mask_worn_all_the_time_is_a_covered_mouth(
    portrait: np.ndarray, write_clip: Write, look: Look, colour: tuple[int, int, int]
) -> None:
    masked = portrait.copy()
    masked[128:210, 165:295] = colour  # from below the eyes to the chin
    noise = np.random.default_rng(0).normal(0, 3, (3, *masked.shape))
    worn = [np.clip(masked + n, 0, 255).astype(np.uint8) for n in noise]
    with pytest.raises(FaceNotFound, match="occluded 3"):
        look(write_clip(f"masked {colour[0]}", worn))
    bare = [np.clip(portrait + n, 0, 255).astype(np.uint8) for n in noise]
    assert look(write_clip("bare", bare))[0].counts()["usable"] == 3
