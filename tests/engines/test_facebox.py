"""The box around a face: forehead to chin, cheek to cheek, steady, and the authors' own smoothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipsync_ray.engines.facebox import AHEAD, REACH, ahead_boxes, face_boxes, smooth_boxes_upstream
from tests.engines.heads import head, moving, stretches

CHIN, FOREHEAD, LEFT, RIGHT = 152, 10, 234, 454
NO_BREAK = np.zeros(1, bool)


def test_it_holds_forehead_chin_and_cheeks_tightly() -> None:
    face = head(size=200)
    x0, y0, x1, y1 = face_boxes(face[None], NO_BREAK)[0]
    assert y1 == pytest.approx(face[CHIN, 1] + 0.5, abs=1)
    assert y0 == pytest.approx(face[FOREHEAD, 1] + 0.5 - 18, abs=1)
    assert x0 <= face[LEFT, 0] + 0.5 < x0 + 8
    assert x1 >= face[RIGHT, 0] + 0.5 > x1 - 8


def test_a_mouth_lies_in_its_lower_half() -> None:
    face = head()
    _, y0, _, y1 = face_boxes(face[None], NO_BREAK)[0]
    assert face[[0, 17, 61, 291], 1].min() > (y0 + y1) / 2


def test_pads_are_top_bottom_left_right() -> None:
    face = head()[None]
    wider = face_boxes(face, NO_BREAK, (1, 2, 3, 4)) - face_boxes(face, NO_BREAK)
    np.testing.assert_allclose(wider, [[-3, -1, 4, 2]])


def test_a_tremble_is_damped_and_a_motion_is_not_delayed() -> None:
    shift = np.random.default_rng(5).normal(0, 1, 80)
    faces = np.stack([head((300 + 4 * k + d, 240)) for k, d in enumerate(shift)])
    breaks = np.zeros(80, bool)
    centre = face_boxes(faces, breaks)[:, 0], face_boxes(faces, breaks, smooth=False)[:, 0]
    assert np.diff(centre[0], 2).std() < 0.3 * np.diff(centre[1], 2).std()
    assert abs((centre[0] - centre[1]).mean()) < 0.1


def test_without_smoothing_a_box_is_of_its_frame_alone() -> None:
    faces = moving(7)
    raw = face_boxes(faces, np.zeros(7, bool), smooth=False)
    alone = [face_boxes(face[None], NO_BREAK, smooth=False)[0] for face in faces]
    assert np.array_equal(raw, alone)
    assert not np.array_equal(raw, face_boxes(faces, np.zeros(7, bool)))


@settings(max_examples=40, deadline=None)
@given(stretches(24), st.integers(0, 23), st.integers(1, 8))
def test_boxes_do_not_depend_on_how_the_video_was_cut(
    stretch: tuple[np.ndarray, np.ndarray], first: int, count: int
) -> None:
    there, breaks = stretch
    faces = moving(len(there))
    faces[~there] = np.nan
    whole = face_boxes(faces, breaks)
    start, stop = max(0, first - REACH), first + count + REACH
    part = face_boxes(faces[start:stop], breaks[start:stop])
    assert np.array_equal(part[first - start :][:count], whole[first : first + count], equal_nan=True)
    assert np.array_equal(np.isnan(whole).any(1), ~there)


def test_the_authors_boxes_run_ahead_and_lose_fractions() -> None:
    boxes = np.arange(8)[:, None] * [10, 0, 10, 0] + [0, 1, 2, 3]
    smooth = smooth_boxes_upstream(boxes)
    assert smooth[0].tolist() == [20, 1, 22, 3]
    assert smooth[3].tolist() == [50, 1, 52, 3]
    assert np.array_equal(boxes[0], [0, 1, 2, 3])
    assert smooth_boxes_upstream(np.array([[0, 0, 5, 5], [1, 1, 6, 8]]))[0].tolist() == [0, 0, 5, 6]


def test_the_authors_smoothing_of_few_boxes_takes_the_last_ones() -> None:
    boxes = np.array([[0] * 4, [10] * 4, [20] * 4])
    assert smooth_boxes_upstream(boxes)[:, 0].tolist() == [15, 15, 17]


@settings(max_examples=60, deadline=None)
@given(stretches(30), st.integers(0, 29), st.integers(1, 8), st.integers(0, 99))
def test_boxes_that_run_ahead_do_not_depend_on_how_the_video_was_cut(
    stretch: tuple[np.ndarray, np.ndarray], first: int, count: int, seed: int
) -> None:
    there, breaks = stretch
    boxes = np.random.default_rng(seed).uniform(-40, 400, (len(there), 4))
    boxes[~there] = np.nan
    whole = ahead_boxes(boxes, breaks)
    start, stop = max(0, first - AHEAD), first + count + AHEAD
    part = ahead_boxes(boxes[start:stop], breaks[start:stop])
    assert np.array_equal(part[first - start :][:count], whole[first : first + count], equal_nan=True)
    assert np.array_equal(np.isnan(whole).any(1), ~there)


def test_boxes_that_run_ahead_stop_at_cuts_and_gaps() -> None:
    boxes = np.repeat(np.arange(0.0, 180.0, 10)[:, None], 4, 1) + 0.9
    breaks = np.zeros(18, bool)
    breaks[6] = True
    boxes[12] = np.nan
    found = ahead_boxes(boxes, breaks)
    for run in (slice(0, 6), slice(6, 12), slice(13, 18)):
        assert np.array_equal(found[run], smooth_boxes_upstream(np.trunc(boxes[run])))
    assert np.isnan(found[12]).all()
