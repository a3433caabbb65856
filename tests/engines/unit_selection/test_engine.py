from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from lipsync_ray.engines.base import paint, run_stages
from lipsync_ray.engines.unit_selection import landmarks_sets as sets
from lipsync_ray.engines.unit_selection.engine import UnitSelection
from lipsync_ray.engines.unit_selection.shape_target import SMOOTHING_REACH, Faces
from lipsync_ray.engines.unit_selection.stages import plan_frames
from lipsync_ray.media.colour import crop_rgb, planes_from_rgb
from lipsync_ray.media.frame import Box, Frame, PixelLayout
from lipsync_ray.plane_canvas import PlaneCanvas

ENGINE = UnitSelection()


def between_lips(points: np.ndarray, shape: tuple[int, ...], grow: int = 0) -> np.ndarray:
    mask = np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(points[list(sets.INNER), :2]).astype(np.int32)], 1)
    return (
        cv2.dilate(mask, np.ones((2 * grow + 1,) * 2, np.uint8)).astype(bool) if grow else mask.astype(bool)
    )


def test_asking_for_what_is_there_changes_next_to_nothing(talk):
    rows = list(range(12))
    output, _ = run_stages(ENGINE, talk.batch(rows))
    # Rows at the ends are smoothed by their neighbours, so look at the mean and at the middle ones.
    error = np.abs(output.astype(int) - talk.frames)
    assert error.mean() < 0.25
    assert np.percentile(error[3:9], 99) <= 12


def test_mask_says_exactly_what_changed(talk):
    rows = list(range(12))
    unit = np.roll(np.arange(12, dtype=np.int32), 6)
    batch = talk.batch(rows, unit=unit, target=talk.units.descriptor[unit])
    output, mask = run_stages(ENGINE, batch)
    changed = (output != batch.frames).any(3)
    np.testing.assert_array_equal(mask > 0, changed)
    assert 0.02 < changed.mean() < 0.4
    eyes = talk.landmarks[0, [33, 263], 1].max()
    assert not changed[:, : int(eyes)].any()


def test_neighbours_in_a_batch_do_not_matter(talk):
    rows = list(range(12))
    unit = np.roll(np.arange(12, dtype=np.int32), 5)
    cues = {
        "unit": unit,
        "unit2": np.roll(unit, 1),
        "mix": np.linspace(0, 0.6, 12, dtype=np.float32),
        "target": talk.units.descriptor[unit],
    }
    whole = run_stages(ENGINE, talk.batch(rows, **cues))
    for row in rows:
        alone = run_stages(ENGINE, talk.batch([row], **cues))
        np.testing.assert_array_equal(alone[0][0], whole[0][row])
        np.testing.assert_array_equal(alone[1][0], whole[1][row])


def test_a_window_cut_at_the_margin_gives_the_same_picture(talk):
    batch = talk.batch([6, 7], unit=np.zeros(12, np.int32), target=talk.with_aperture(0.02))
    margin = ENGINE.landmark_margin
    start, stop = 6 - margin, 8 + margin
    window = replace(
        batch.window,
        start=start,
        landmarks=batch.window.landmarks[start:stop],
        breaks=batch.window.breaks[start:stop],
    )
    np.testing.assert_array_equal(
        run_stages(ENGINE, batch)[0], run_stages(ENGINE, replace(batch, window=window))[0]
    )


def test_no_strength_no_unit_or_no_face_leaves_the_frame(talk):
    closed = talk.with_aperture(0.0)
    for cues in ({"strength": np.zeros(12, np.float32)}, {"unit": np.full(12, -1, np.int32)}):
        output, mask = run_stages(ENGINE, talk.batch([2, 6], target=closed, **cues))
        np.testing.assert_array_equal(output, talk.frames[[2, 6]])
        assert not mask.any()
    batch = talk.batch([5, 6], target=closed)
    landmarks = batch.landmarks.copy()
    landmarks[0] = np.nan
    output, mask = run_stages(ENGINE, replace(batch, landmarks=landmarks))
    assert not mask[0].any()
    assert mask[1].any()


def test_strength_lies_between_the_frame_and_the_full_change(talk):
    closed, unit = talk.with_aperture(0.0), np.zeros(12, np.int32)
    half = np.full(12, 0.5, np.float32)
    full, _ = run_stages(ENGINE, talk.batch([6], target=closed, unit=unit))
    output, mask = run_stages(ENGINE, talk.batch([6], target=closed, unit=unit, strength=half))
    expected = (full.astype(float) + talk.frames[[6]]) / 2
    assert np.abs(output - expected).max() <= 1
    assert mask.max() == 128


@pytest.mark.parametrize("kind", ["still", "talk"])
def test_closing_hides_the_teeth(kind, request):
    clip = request.getfixturevalue(kind)
    count = len(clip.frames)
    row = count // 2
    unit = np.full(count, row if kind == "still" else 1, np.int32)
    cues = {"target": clip.with_aperture(0.0), "closed": np.ones(count, np.float32), "unit": unit}
    batch = clip.batch([row], **cues)
    plan = plan_frames(batch, clip.person, clip.units)[0]
    gap = plan.points[list(sets.LOWER_INNER), 1] - plan.points[list(sets.UPPER_INNER), 1]
    assert np.abs(gap).max() < 0.5
    output, _ = run_stages(ENGINE, batch)
    was = clip.frames[row][between_lips(clip.landmarks[row], output[0].shape)]
    line = output[0][between_lips(plan.points, output[0].shape, grow=1)]
    lips = np.median(
        output[0][
            np.round(plan.points[list(sets.OUTER_MID), 1]).astype(int),
            np.round(plan.points[list(sets.OUTER_MID), 0]).astype(int),
        ],
        0,
    )
    assert np.percentile(was.min(1), 90) > 140  # teeth before
    assert np.percentile(line.min(1), 99) < lips.min() + 25  # nothing brighter than lips after


def test_opening_opens(still):
    dark = []
    for aperture in (0.06, 0.11, 0.15):
        batch = still.batch([0], target=still.with_aperture(aperture))
        output, _ = run_stages(ENGINE, batch)
        dark.append(int((output[0].max(2) < 90).sum()))
        plan = plan_frames(batch, still.person, still.units)[0]
        assert plan.aperture == pytest.approx(aperture, abs=0.01)
        eyes = float(np.hypot(*(plan.source[263] - plan.source[33])))
        gap = (plan.points[14, 1] - plan.points[13, 1]) / eyes
        assert gap == pytest.approx(aperture, abs=0.03)
    assert dark[0] < dark[1] < dark[2]


SHIFTS = [(0, 150), (0, 95), (160, 0), (-170, 40), (0, 400), (40, -330)]


@pytest.mark.parametrize("shift", [(0, 0), *SHIFTS])
@pytest.mark.parametrize("clip", ["talk", "still"])
def test_painting_in_planes_is_drawing_as_rgb(clip, shift, request):
    clip = request.getfixturevalue(clip)
    rows = [len(clip.frames) // 2]
    batch = clip.batch(rows, target=clip.with_aperture(0.02), unit=np.zeros(len(clip.frames), np.int32))
    moved = np.array([*shift, 0], np.float32)
    planes = planes_from_rgb(np.roll(batch.frames[0], shift[::-1], axis=(0, 1)), PixelLayout())
    frame = Frame(index=0, planes=planes, layout=PixelLayout())
    crop = Box(x0=1, y0=3, x1=frame.width - 2, y1=frame.height)
    inside = moved - np.array([crop.x0, crop.y0, 0], np.float32)
    window = replace(batch.window, landmarks=batch.window.landmarks + inside)
    crops = crop_rgb(frame, crop)[None]
    batch = replace(batch, frames=crops, landmarks=batch.landmarks + inside, window=window)
    output, mask = run_stages(ENGINE, batch)
    canvas = PlaneCanvas(frame, crop)
    paint(ENGINE, replace(batch, frames=np.empty((1, crop.height, crop.width, 0), np.uint8)), [canvas])
    assert canvas.mask.any() == mask.any()
    painted = crop_rgb(canvas.frame, crop).astype(int)
    assert np.abs(painted - output[0]).mean() < 0.15
    assert np.percentile(np.abs(painted - output[0]), 99.9) <= 6


@pytest.mark.parametrize("shift", SHIFTS)
def test_a_face_cut_by_the_crop_is_drawn_as_far_as_it_shows(talk, shift):
    batch = talk.batch([5, 6], target=talk.with_aperture(0.02), unit=np.zeros(12, np.int32))
    moved = np.array([*shift, 0], np.float32)
    window = replace(batch.window, landmarks=batch.window.landmarks + moved)
    frames = np.roll(batch.frames, shift[::-1], axis=(1, 2))
    cut = replace(batch, frames=frames, landmarks=batch.landmarks + moved, window=window)
    output, mask = run_stages(ENGINE, cut)
    np.testing.assert_array_equal((output != frames).any(3), mask > 0)


def test_absent_neighbours_do_not_reach_into_a_frame(talk):
    batch = talk.batch([6], target=talk.with_aperture(0.02), unit=np.zeros(12, np.int32))
    landmarks = batch.window.landmarks.copy()
    landmarks[[4, 8]] = np.nan
    output, mask = run_stages(ENGINE, replace(batch, window=replace(batch.window, landmarks=landmarks)))
    usual, _ = run_stages(ENGINE, batch)
    assert mask.any()
    assert np.abs(output.astype(int) - usual).mean() < 1


def test_a_face_does_not_depend_on_how_many_rows_lie_beside_it(talk):
    window, person = talk.batch([0], target=talk.with_aperture(0.0)).window, talk.person
    landmarks = np.concatenate([window.landmarks] * 3)
    breaks = np.zeros(len(landmarks), bool)
    landmarks[20] = np.nan
    breaks[[0, 9]] = True
    whole = Faces(landmarks, breaks, person)
    for row in (0, 1, 4, 8, 9, 10, 18, 21, 25, len(landmarks) - 1):
        start, stop = max(0, row - SMOOTHING_REACH), row + SMOOTHING_REACH + 1
        part = Faces(landmarks[start:stop], breaks[start:stop], person)
        one, other = whole.at(np.array([row])), part.at(np.array([row - start]))
        for name in ("shapes", "points", "descriptors"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
        np.testing.assert_array_equal(one.poses.rotation, other.poses.rotation)


def test_another_window_has_other_faces(talk):
    batch = talk.batch([6], unit=np.zeros(12, np.int32), target=talk.with_aperture(0.02))
    run_stages(ENGINE, batch)
    assert batch.window.memo
    assert not replace(batch.window, landmarks=batch.window.landmarks + 1).memo
