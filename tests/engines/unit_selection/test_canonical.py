from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipsync_ray.engines.unit_selection.canonical import (
    Poses,
    Reference,
    angles,
    build_reference,
    fit_poses,
    runs,
    smooth,
    to_canonical,
    to_pixels,
)
from tests.engines.unit_selection.talker import neutral, speechlike, talk, turned

ANGLE = st.floats(-40, 40)


@settings(max_examples=30, deadline=None)
@given(yaw=ANGLE, pitch=ANGLE, roll=st.floats(-170, 170), scale=st.floats(15, 900), x=st.floats(-500, 4000))
def test_a_pose_comes_back(yaw, pitch, roll, scale, x):
    shape = neutral()
    poses = Poses(
        scale=np.array([scale]),
        rotation=turned(np.array([yaw]), np.array([pitch]), np.array([roll])),
        translation=np.array([[x, 200.0, 5.0]]),
    )
    found = fit_poses(to_pixels(shape, poses), Reference(shape=shape[0]))
    assert np.allclose(found.rotation, poses.rotation, atol=1e-9)
    assert np.allclose(found.scale, scale)
    assert np.allclose(found.translation, poses.translation, atol=1e-6)
    assert np.linalg.det(found.rotation[0]) == pytest.approx(1)


def test_angles_tell_where_a_face_looks():
    poses = Poses(
        scale=np.ones(4),
        rotation=turned(np.array([20.0, 0, 0, 0]), np.array([0, 15.0, 0, 0]), np.array([0, 0, 10.0, 0])),
        translation=np.zeros((4, 3)),
    )
    yaw, pitch, roll = angles(poses)
    assert np.abs(yaw[0]) == pytest.approx(20)
    assert np.abs(pitch[1]) == pytest.approx(15)
    assert roll[2] == pytest.approx(10)
    assert (yaw[3], pitch[3], roll[3]) == (0, 0, 0)


def test_the_reference_is_upright_and_of_unit_size():
    talker = talk(*speechlike(60))
    reference = build_reference(talker.landmarks)
    left, right = reference.shape[33], reference.shape[263]
    assert np.allclose(left + right, 0, atol=1e-9)
    assert np.allclose(right - left, [1, 0, 0], atol=1e-9)
    assert reference.shape[152, 1] > 0.5  # the chin is below the eyes
    assert reference.shape[1, 2] < reference.shape[234, 2]  # the nose is in front of the ears


def test_shapes_are_freed_of_the_head():
    talker = talk(np.full(40, 0.05))
    reference = build_reference(talker.landmarks)
    shapes = to_canonical(talker.landmarks, fit_poses(talker.landmarks, reference))
    assert np.abs(shapes - shapes[0]).max() < 1e-4


def test_pixels_come_back():
    talker = talk(*speechlike(20))
    poses = fit_poses(talker.landmarks, build_reference(talker.landmarks))
    assert np.abs(to_pixels(to_canonical(talker.landmarks, poses), poses) - talker.landmarks).max() < 1e-3


def test_an_absent_face_stays_absent_and_harms_no_other():
    talker = talk(*speechlike(20))
    holed = talker.landmarks.copy()
    holed[[0, 7, 19]] = np.nan
    poses = fit_poses(holed, build_reference(talker.landmarks))
    whole = fit_poses(talker.landmarks, build_reference(talker.landmarks))
    assert np.isnan(poses.scale[[0, 7, 19]]).all()
    assert np.isnan(to_canonical(holed, poses)[7]).all()
    kept = np.setdiff1d(np.arange(20), [0, 7, 19])
    assert np.array_equal(poses.rotation[kept], whole.rotation[kept])


def test_a_reference_needs_a_face():
    with pytest.raises(ValueError, match="no face"):
        build_reference(np.full((5, 468, 3), np.nan))


def test_smoothing_keeps_parabolas_and_lowers_noise():
    t = np.arange(30.0)
    curve = (0.1 * t**2 - t + 3)[:, None]
    assert np.allclose(smooth(curve, np.zeros(30, bool)), curve)
    noise = np.random.default_rng(0).normal(size=(500, 1))
    assert smooth(noise, np.zeros(500, bool)).std() < 0.75 * noise.std()


def test_smoothing_never_crosses_a_break_or_an_absence():
    values = np.zeros((24, 2))
    values[12:] = 5.0
    breaks = np.zeros(24, bool)
    breaks[12] = True
    assert np.allclose(smooth(values, breaks), values)
    values[5] = np.nan
    out = smooth(values, breaks)
    assert np.isnan(out[5]).all()
    assert np.allclose(out[:5], 0)
    assert np.allclose(out[6:12], 0)


def test_four_rows_of_margin_make_smoothing_independent_of_the_cut():
    rng = np.random.default_rng(3)
    values = rng.normal(size=(60, 3))
    values[[20, 41]] = np.nan
    breaks = np.zeros(60, bool)
    breaks[[9, 33]] = True
    whole = smooth(values, breaks)
    for start in range(4, 50, 3):
        stop = start + 6
        part = smooth(values[start - 4 : stop + 4], breaks[start - 4 : stop + 4])[4:-4]
        assert np.array_equal(part, whole[start:stop], equal_nan=True)


def test_runs_end_at_gaps_and_breaks():
    rows = np.array([1, 1, 0, 1, 1, 1, 1, 0], bool)
    breaks = np.array([1, 0, 0, 1, 0, 1, 0, 0], bool)
    assert runs(rows, breaks) == [(0, 2), (3, 5), (5, 7)]
    assert runs(np.zeros(3, bool), np.zeros(3, bool)) == []
