"""The embedded detector finds real faces where they are, and none where there are none."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from lipsync_ray.faces.detector import letterbox, merge, overlaps
from lipsync_ray.faces.models import FaceModels

FACE = np.array([165, 60, 280, 190])  # of the portrait, by eye


def test_portrait_has_one_face(models: FaceModels, portrait: np.ndarray) -> None:
    found = models.detector.detect(portrait, 0.5)
    assert len(found) == 1
    assert overlaps(found[0].box, FACE[None].astype(float))[0] > 0.5
    right_eye, left_eye = found[0].keypoints[:2]
    assert right_eye[0] < left_eye[0]
    assert abs(right_eye[1] - left_eye[1]) < 15


@pytest.mark.parametrize("size", [(512, 1024), (1024, 512), (181, 179)])
def test_boxes_are_in_pixels_of_any_picture(
    models: FaceModels, portrait: np.ndarray, size: tuple[int, int]
) -> None:
    """The same face in a wide, a tall and a small picture."""
    height, width = size
    side = min(size)
    picture = np.full((height, width, 3), 90, np.uint8)
    picture[-side:, -side:] = cv2.resize(portrait, (side, side), interpolation=cv2.INTER_AREA)
    expected = FACE * side / 512 + np.array([width - side, height - side] * 2)
    assert overlaps(models.detector.detect(picture, 0.5)[0].box, expected[None])[0] > 0.45


def test_nothing_in_noise(models: FaceModels) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (240, 320, 3), np.uint8)
    assert models.detector.detect(noise, 0.5) == []


def test_letterbox_leads_back() -> None:
    square, scale, shift = letterbox(np.full((100, 400, 3), 255, np.uint8))
    assert square.shape == (192, 192, 3)
    assert scale == pytest.approx(400 / 192)
    assert (shift[0], shift[1]) == (0, pytest.approx(150, abs=scale))
    assert square[96, 96].min() == 255
    assert square[10].max() == 0


def test_overlapping_boxes_become_their_mean_by_score() -> None:
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [50, 50, 60, 60]], float)
    found = merge(boxes, np.array([0.9, 0.6, 0.7]), np.zeros((3, 6, 2)))
    assert [d.score for d in found] == [0.9, 0.7]
    np.testing.assert_allclose(found[0].box, [0.4, 0, 10.4, 10])
