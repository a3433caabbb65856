"""Mouths that are not drawn but interpolated."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from lipsync_ray.between import STEADY, Drawn, interpolate, similarity

SIZE = 160


def landmarks(shift: float = 0.0) -> np.ndarray:
    points = np.random.default_rng(1).uniform(20, SIZE - 20, (468, 3)).astype(np.float32)
    return points + np.array([shift, 0, 0], np.float32)


def drawn(number: int, at: float, shift: float = 0.0) -> Drawn:
    """A white bar, the lower lip, ``at`` pixels from the top, on a picture that moves with the head."""
    picture = np.full((SIZE, SIZE, 3), 60, np.uint8)
    left = round(60 + shift)
    picture[round(at) : round(at) + 8, left : left + 40] = 220
    mask = np.zeros((SIZE, SIZE), np.uint8)
    mask[50:120, left - 10 : left + 50] = 255
    return Drawn(number=number, time=float(number), landmarks=landmarks(shift), picture=picture, mask=mask)


def bar(picture: np.ndarray) -> tuple[float, float]:
    rows, columns = np.nonzero(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) > 140)
    return float(rows.mean()), float(columns.mean())


@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
def test_a_lip_is_where_its_time_says(share: float) -> None:
    source = np.full((SIZE, SIZE, 3), 60, np.uint8)
    middle, mask = interpolate(source, landmarks(), share, drawn(0, 70), drawn(1, 78))
    row, _ = bar(middle)
    assert row == pytest.approx(73.5 + 8 * share, abs=1.0)
    assert np.array_equal(middle[mask == 0], source[mask == 0])


def test_the_mouth_goes_with_the_head() -> None:
    source = np.full((SIZE, SIZE, 3), 60, np.uint8)
    middle, _ = interpolate(source, landmarks(6), 0.5, drawn(0, 70), drawn(1, 70, shift=12))
    _, column = bar(middle)
    assert column == pytest.approx(79.5 + 6, abs=1.0)


def test_a_face_that_is_not_known_is_left_alone() -> None:
    source = np.full((SIZE, SIZE, 3), 60, np.uint8)
    unknown = np.full((468, 3), np.nan, np.float32)
    out, mask = interpolate(source, unknown, 0.5, drawn(0, 70), drawn(1, 78))
    assert out is source
    assert not mask.any()


def test_similarity_finds_turn_scale_and_shift() -> None:
    points = landmarks()[STEADY, :2]
    angle = 0.3
    turn = 1.2 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    found = similarity(points, points @ turn.T + [5, -7])
    assert found == pytest.approx(np.column_stack([turn, [5, -7]]), abs=1e-4)
