"""The smaller picture an engine may work on, and the way back."""

from __future__ import annotations

import numpy as np
import pytest

from lipsync_ray.shrink import enlarge, shrink, shrink_landmarks, small_size


@pytest.fixture
def picture() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (121, 90, 3), np.uint8)


def test_nothing_drawn_leaves_every_pixel(picture: np.ndarray) -> None:
    small = shrink(picture, 3)
    full, mask = enlarge(picture, small, small.copy(), np.zeros(small.shape[:2], np.uint8))
    assert np.array_equal(full, picture)
    assert not mask.any()


def test_where_the_engine_changed_nothing_the_source_keeps_its_detail(picture: np.ndarray) -> None:
    small = shrink(picture, 2)
    drawn = small.copy()
    drawn[:20] = 0  # a part far away is another picture
    full, _ = enlarge(picture, small, drawn, np.full(small.shape[:2], 255, np.uint8))
    assert np.abs(full[80:].astype(int) - picture[80:]).max() <= 1
    assert full[:30].max() < 100


def test_landmarks_stay_on_their_pixels() -> None:
    picture = np.zeros((100, 60, 3), np.uint8)
    picture[40:44, 20:24] = 255
    small = shrink(picture, 2)
    at = shrink_landmarks(np.array([[21.5, 41.5, 8.0]], np.float32), (60, 100), 2)[0]
    rows, columns = np.nonzero(small[..., 0])
    assert at == pytest.approx([columns.mean(), rows.mean(), 4.0])


def test_one_is_the_picture_itself(picture: np.ndarray) -> None:
    assert shrink(picture, 1) is picture
    assert small_size(90, 121, 3) == (30, 40)
