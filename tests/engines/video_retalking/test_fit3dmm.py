"""A face is found in space from five points, and cut out at one size."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.io import savemat

from lipsync_ray.engines.video_retalking.fit3dmm import (
    SIDE,
    align224,
    face3d_pictures,
    fit_pose,
    five_points,
    move224,
    placements,
    upwards,
)
from lipsync_ray.engines.video_retalking.matfiles import read_expression, read_model_points
from lipsync_ray.engines.video_retalking.points68 import points68
from lipsync_ray.engines.video_retalking.resampling import resampling_rows
from lipsync_ray.errors import WeightsCorrupt
from tests.engines.heads import head, turned

# Eyes, nose and corners of the mouth of a face about as large as the Basel model's, y up, nose to the front.
MODEL = np.array(
    [[-0.31, 0.29, 0.1], [0.31, 0.29, 0.1], [0, 0, 0.5], [-0.25, -0.35, 0.2], [0.25, -0.35, 0.2]]
)


@pytest.fixture
def picture() -> np.ndarray:
    noise = np.random.default_rng(5).integers(0, 256, (256, 256, 3), np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 3)


@pytest.mark.parametrize("degrees", [0, 15, -30])
def test_place_and_scale_are_found_again(degrees: float) -> None:
    angle = np.radians(degrees)
    rows = 90 * np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0]])
    place, scale = fit_pose(MODEL @ rows.T + (120, 130), MODEL)
    np.testing.assert_allclose(place, [120, 130])
    np.testing.assert_allclose(scale, 90)


def test_many_faces_at_once_are_as_one_by_one(picture: np.ndarray) -> None:
    faces = np.stack([head((120 + k, 130), 120 + 3 * k) for k in range(4)])
    faces[2] = turned(faces[2], 12)
    points = points68(faces)
    made, placed = face3d_pictures(np.stack([picture] * 4), points, MODEL)
    assert made.shape == (4, SIDE, SIDE, 3)
    for row in range(4):
        alone = placements(points[row], MODEL, (256, 256))
        np.testing.assert_allclose(placed[row], alone, rtol=1e-12)
        assert np.array_equal(made[row], align224(picture, alone))


def test_no_faces_are_no_pictures() -> None:
    made, placed = face3d_pictures(np.zeros((0, 256, 256, 3), np.uint8), np.zeros((0, 68, 2)), MODEL)
    assert made.shape == (0, SIDE, SIDE, 3)
    assert placed.shape == (0, 5)


def test_the_face_comes_out_at_one_size_in_the_middle() -> None:
    for size in (60, 120, 180):
        points = points68(turned(head((140, 120), size), 5)[None])[0]
        placed = placements(points, MODEL, (256, 256))
        there = move224(upwards(points, 256), placed)
        place, scale = fit_pose(five_points(there), MODEL)
        np.testing.assert_allclose(place, [SIDE / 2, SIDE / 2], atol=1)
        np.testing.assert_allclose(scale, 102, rtol=1e-6)


def test_landmarks_go_where_the_pixels_go() -> None:
    points = points68(head((140, 120), 150)[None])[0]
    placed = placements(points, MODEL, (256, 256))
    dot = np.zeros((256, 256, 3), np.uint8)
    x, y = np.rint(points[30]).astype(int)
    cv2.circle(dot, (int(x), int(y)), 3, (255, 255, 255), -1)
    made = align224(dot, placed)[..., 0].astype(float)
    rows, columns = np.indices(made.shape)
    centre = (columns * made).sum() / made.sum(), (rows * made).sum() / made.sum()
    np.testing.assert_allclose(
        centre, upwards(move224(upwards(np.array([[x, y]]), 256), placed), SIDE)[0], atol=1.5
    )


def test_outside_the_picture_is_black(picture: np.ndarray) -> None:
    points = points68(head((20, 120), 100)[None])[0]
    made = align224(picture, placements(points, MODEL, (256, 256)))
    assert not made[:, :40].any()
    assert made[:, SIDE // 2 + 10 :].any()


@pytest.mark.parametrize(("size", "target"), [(256, 256), (256, 180), (256, 410), (7, 3)])
def test_resampling_keeps_a_constant_and_a_middle(size: int, target: int) -> None:
    weights = resampling_rows(size, target, 0, target)
    np.testing.assert_allclose(weights.sum(1), 1, atol=1e-5)
    inner = slice(target // 3, target - target // 3)
    centres = (np.arange(target) + 0.5) * size / target - 0.5
    np.testing.assert_allclose((weights @ np.arange(size))[inner], centres[inner], atol=0.05 * size / target)


def test_a_window_of_a_resize_is_a_part_of_it() -> None:
    whole = resampling_rows(100, 80, 0, 80)
    window = resampling_rows(100, 80, -5, 60)
    assert not window[:5].any()
    assert np.array_equal(window[5:], whole[:55])


def test_model_points_and_expressions_are_read(tmp_path: Path) -> None:
    landmarks = np.random.default_rng(1).normal(size=(68, 3))
    savemat(tmp_path / "points.mat", {"lm": landmarks})
    rows = {
        name: np.random.default_rng(2).normal(size=(2, 70))
        for name in ("expression_center", "expression_mouth")
    }
    savemat(tmp_path / "expression.mat", rows)
    np.testing.assert_allclose(read_model_points(tmp_path / "points.mat"), five_points(landmarks))
    for name, key in (("neutral", "expression_center"), ("smile", "expression_mouth")):
        found = read_expression(tmp_path / "expression.mat", name)  # pyright: ignore[reportArgumentType]
        np.testing.assert_allclose(found, rows[key][0, :64], rtol=1e-6)
        assert found.dtype == np.float32


def test_another_file_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "text.mat").write_text("no MATLAB file at all, but long enough to hold a header" * 5)
    savemat(tmp_path / "other.mat", {"lm": np.zeros((5, 3)), "expression_center": np.zeros((1, 10))})
    with pytest.raises(WeightsCorrupt, match=r"text\.mat"):
        read_model_points(tmp_path / "text.mat")
    with pytest.raises(WeightsCorrupt, match=r"other\.mat.*\(5, 3\)"):
        read_model_points(tmp_path / "other.mat")
    with pytest.raises(WeightsCorrupt, match=r"other\.mat holds no expression_mouth"):
        read_expression(tmp_path / "other.mat", "smile")
    with pytest.raises(WeightsCorrupt, match=r"64 coefficients"):
        read_expression(tmp_path / "other.mat", "neutral")
