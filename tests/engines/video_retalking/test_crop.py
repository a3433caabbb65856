"""The head's square follows the head, is upright, and the same wherever a job is cut."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipsync_ray.engines.facecut import cut_face
from lipsync_ray.engines.video_retalking.crop import (
    face_rectangles,
    ffhq_quad,
    fixed_rectangles,
    into_square,
)
from lipsync_ray.engines.video_retalking.points68 import points68
from lipsync_ray.engines.video_retalking.upstream import first_frame_crop
from tests.engines.heads import head, moving, stretches, turned

NO_BREAK = np.zeros(1, bool)


def test_a_level_face_has_a_square_twice_as_wide_as_its_mesh_that_holds_it() -> None:
    face = head(size=200)
    x0, y0, x1, y1 = face_rectangles(face[None], NO_BREAK, 0)[0]
    assert x1 - x0 == pytest.approx(y1 - y0, rel=0.05)
    assert 1.5 < (y1 - y0) / 200 < 2.2
    assert (face[:, :2].min(0) > (x0, y0)).all()
    assert (face[:, :2].max(0) < (x1, y1)).all()


def test_the_quad_leans_with_the_head() -> None:
    face = points68(head()[None])
    level, leaning = ffhq_quad(face)[0], ffhq_quad(points68(turned(head(), 20)[None]))[0]
    edge, lean = level[3] - level[0], leaning[3] - leaning[0]
    angle = np.degrees(np.arctan2(lean[1], lean[0]) - np.arctan2(edge[1], edge[0]))
    assert angle == pytest.approx(20, abs=0.1)
    assert np.hypot(*lean) == pytest.approx(np.hypot(*edge), rel=1e-3)


@settings(max_examples=40)
@given(stretches(24), st.integers(0, 23), st.integers(1, 8), st.integers(0, 6))
def test_rectangles_do_not_depend_on_how_the_video_was_cut(
    stretch: tuple[np.ndarray, np.ndarray], first: int, count: int, reach: int
) -> None:
    there, breaks = stretch
    faces = moving(len(there))
    faces[~there] = np.nan
    whole = face_rectangles(faces, breaks, reach)
    start, stop = max(0, first - reach), first + count + reach
    part = face_rectangles(faces[start:stop], breaks[start:stop], reach)
    assert np.array_equal(part[first - start :][:count], whole[first : first + count], equal_nan=True)


def test_a_moving_head_stays_inside() -> None:
    faces = moving(60)
    rectangles = face_rectangles(faces, np.zeros(60, bool), 12)
    inside = into_square(points68(faces), rectangles, 256)
    assert inside.min() > 10
    assert inside.max() < 245
    steps = [np.abs(np.diff(face_rectangles(faces, np.zeros(60, bool), k), 2, 0)).mean() for k in (0, 12)]
    assert steps[1] < 0.15 * steps[0]


def test_points_go_where_the_pixels_go() -> None:
    frame = np.zeros((300, 400, 3), np.uint8)
    frame[180, 210] = 255
    rectangle = np.array([100.3, 90.7, 300.3, 290.7])
    found = cut_face(cv2.GaussianBlur(frame, (0, 0), 4), rectangle, 256)[..., 0].astype(float)
    y, x = np.indices(found.shape)
    centre = (x * found).sum() / found.sum(), (y * found).sum() / found.sum()
    expected = into_square(np.array([[[210.0, 180.0]]]), rectangle[None], 256)[0, 0]
    np.testing.assert_allclose(centre, expected, atol=0.1)


def test_the_fixed_crop_of_a_portrait_keeps_the_chin() -> None:
    face = head((180, 500), 260)
    points, size = points68(face[None])[0], (360, 1280)
    outer, inner = fixed_rectangles(points, size)
    bottom = outer[1] + inner[3]
    assert bottom > face[152, 1]
    assert (outer >= 0).all()
    assert (outer[2:] <= size).all()
    _, theirs = first_frame_crop(points, size)
    assert theirs[3] == 360  # the picture's width, whatever its height
    assert outer[1] + theirs[3] < bottom


def test_a_face_as_large_as_4k_is_cropped_like_any_other() -> None:
    large, small = (
        fixed_rectangles(
            points68(head((1920 * k, 1080 * k), 1100 * k)[None])[0], (int(3840 * k), int(2160 * k))
        )
        for k in (1.0, 0.25)
    )
    np.testing.assert_allclose(large[0], 4 * small[0], atol=12)
    np.testing.assert_allclose(large[1], 4 * small[1], atol=12)
