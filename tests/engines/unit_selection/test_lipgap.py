from __future__ import annotations

import cv2
import numpy as np
import pytest

from lipsync_ray.engines.unit_selection.canonical import Poses, to_pixels
from lipsync_ray.engines.unit_selection.landmarks_sets import INNER, LOWER_EDGE_IN, OUTER, UPPER_EDGE_IN
from lipsync_ray.engines.unit_selection.lipgap import CLOSED_GAP, OPEN_GAP, contact_shade, lip_gap
from tests.engines.unit_selection.talker import neutral, talk

SKIN, LIP, DARK, TOOTH = (200, 150, 120), (180, 80, 90), (40, 12, 14), (215, 205, 195)


def drawn(
    aperture: float, inside: tuple[int, int, int], scale: float, lip=LIP
) -> tuple[np.ndarray, np.ndarray]:
    """A flat drawing of a mouth, and landmarks that call it closed; aperture 0 is a thin dark line."""
    centre = np.array([[2.2 * scale, 0.0, 0.0]])
    poses = Poses(scale=np.array([scale]), rotation=np.eye(3)[None], translation=centre)
    opened, shut = (
        to_pixels(shape, poses)[0, :, :2] for shape in (talk(np.array([aperture])).shapes, neutral())
    )
    upper, lower = list(UPPER_EDGE_IN), list(LOWER_EDGE_IN)
    shut[upper] = shut[lower] = (shut[upper] + shut[lower]) / 2
    picture = np.full((round(1.6 * scale), round(4.4 * scale), 3), SKIN, np.uint8)
    cv2.fillPoly(picture, [_fixed(opened[list(OUTER)])], lip, cv2.LINE_AA, 4)
    if aperture > 0:
        cv2.fillPoly(picture, [_fixed(opened[list(INNER)])], inside, cv2.LINE_AA, 4)
    else:
        cv2.polylines(
            picture, [_fixed(shut[upper])], False, inside, max(1, round(0.006 * scale)), cv2.LINE_AA, 4
        )
    return picture, shut


def _fixed(points: np.ndarray) -> np.ndarray:
    return np.round(points * 16).astype(np.int32)


@pytest.mark.parametrize("scale", [60.0, 150.0, 400.0])
@pytest.mark.parametrize("inside", [DARK, TOOTH])
def test_an_open_mouth_is_seen_although_the_landmarks_deny_it(inside, scale):
    picture, landmarks = drawn(0.05, inside, scale)
    assert lip_gap(picture, landmarks, scale) > OPEN_GAP


@pytest.mark.parametrize("scale", [60.0, 150.0, 400.0])
@pytest.mark.parametrize("lip", [LIP, (120, 60, 50), (70, 42, 36), (205, 140, 130)])
def test_a_closed_mouth_is_closed_whatever_the_lips_colour(lip, scale):
    picture, landmarks = drawn(0.0, DARK, scale, lip)
    assert lip_gap(picture, landmarks, scale) < CLOSED_GAP


@pytest.mark.parametrize("depth", [0.5, 0.8])
def test_the_contact_line_is_as_dark_as_in_the_picture(depth):
    picture, landmarks = drawn(0.0, tuple(round(depth * c) for c in LIP), 300.0)
    np.testing.assert_allclose(contact_shade(picture, landmarks, 300.0), depth, atol=0.06)


def test_a_wider_gap_measures_more():
    gaps = [lip_gap(*drawn(aperture, DARK, 200.0), 200.0) for aperture in (0.0, 0.03, 0.05)]
    assert gaps == sorted(gaps)
    assert gaps[0] < gaps[2]


def test_a_mouth_at_the_edge_of_the_picture_is_measured():
    picture, landmarks = drawn(0.05, DARK, 100.0)
    assert np.isfinite(lip_gap(picture[: picture.shape[0] // 2], landmarks, 100.0))
