"""The part of a crop that the engine is shown holds all that it can touch; nothing depends on the rest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipsync_ray.engines.base import run_stages
from lipsync_ray.engines.unit_selection.basis import load_prior, move
from lipsync_ray.engines.unit_selection.engine import UnitSelection
from lipsync_ray.engines.unit_selection.sight import reach_of, views
from lipsync_ray.engines.unit_selection.warp import region
from lipsync_ray.media.frame import Box
from lipsync_ray.role import enclosing
from tests.engines.heads import head, moving, turned

WHOLE = Box(x0=0, y0=0, x1=640, y1=480)


@settings(max_examples=60, deadline=None)
@given(
    size=st.floats(40, 220),
    degrees=st.floats(-40, 40),
    opened=st.floats(-0.1, 0.25),
    wider=st.floats(-0.1, 0.1),
)
def test_it_holds_the_region_that_any_mouth_moves(
    size: float, degrees: float, opened: float, wider: float
) -> None:
    source = turned(head(size=size), degrees)
    eyes = float(np.hypot(*(source[263, :2] - source[33, :2])))
    change = np.array([[opened, wider, 0.0, 0.62 * opened, 0.42 * opened, 0.0]])
    target = move(source[None] / eyes, change, load_prior(), float(source[2, 1] / eyes))[0] * eyes
    reach = np.maximum(reach_of(source[None])[0], 0)
    box = np.array(region(source.astype(np.float64)[:, :2], target[:, :2], 10_000, 10_000))
    assert (reach[:2] <= box[:2] + 1).all()
    assert (reach[2:] >= box[2:] - 1).all()


def test_shots_have_the_union_of_their_frames_inside_their_crops() -> None:
    faces = moving(20)
    faces[3] = np.nan
    reach, shots = reach_of(faces), np.repeat(np.array([0, 1, 2], np.int32), [8, 8, 4])
    drawn = np.ones(20, bool)
    drawn[16:] = False
    crops = {0: WHOLE, 1: Box(x0=200, y0=150, x1=400, y1=300), 2: WHOLE}
    found = views(reach, drawn, shots, crops)
    assert set(found) == {0, 1}  # nothing is drawn in the third
    rows = reach[[row for row in range(8) if row != 3]]
    assert found[0].x0 <= rows[:, 0].min() < found[0].x0 + 2
    assert found[0].y1 - 2 < min(float(rows[:, 3].max()), WHOLE.y1) <= found[0].y1
    assert enclosing([found[1], crops[1]]) == crops[1]
    corners = [(box.x0, box.y0, box.x1, box.y1) for box in found.values()]
    assert not (np.array(corners) % 2).any()


def test_a_face_beside_its_crop_has_no_view() -> None:
    reach = reach_of(moving(4))
    crops = {0: Box(x0=0, y0=0, x1=20, y1=20)}
    assert views(reach, np.ones(4, bool), np.zeros(4, np.int32), crops) == {}


@pytest.mark.parametrize("kind", ["talk", "still"])
def test_a_view_is_drawn_as_the_whole_crop_is(kind: str, request: pytest.FixtureRequest) -> None:
    clip = request.getfixturevalue(kind)
    cues = {"target": clip.with_aperture(0.12)}
    rows = list(range(len(clip.frames)))
    batch = clip.batch(rows, **cues)
    height, width = batch.frames.shape[1:3]
    crop = Box(x0=0, y0=0, x1=width, y1=height)
    box = views(reach_of(clip.landmarks), np.ones(len(rows), bool), np.zeros(len(rows), np.int32), {0: crop})[
        0
    ]
    assert box.width * box.height < 0.9 * width * height
    shift = np.array([box.x0, box.y0, 0], np.float32)
    window = replace(batch.window, landmarks=batch.window.landmarks - shift)
    part = replace(
        batch,
        frames=np.ascontiguousarray(batch.frames[:, box.y0 : box.y1, box.x0 : box.x1]),
        landmarks=batch.landmarks - shift,
        window=window,
    )
    engine = UnitSelection()
    (whole, mask), (seen, own) = run_stages(engine, batch), run_stages(engine, part)
    outside = mask.copy()
    outside[:, box.y0 : box.y1, box.x0 : box.x1] = 0
    assert not outside.any()
    inside = whole[:, box.y0 : box.y1, box.x0 : box.x1].astype(int)
    assert np.abs(inside - seen).mean() < 0.02  # places in pixels are rounded elsewhere
    assert (own > 0).mean() == pytest.approx((mask[:, box.y0 : box.y1, box.x0 : box.x1] > 0).mean(), rel=0.02)
