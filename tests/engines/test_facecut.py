"""Cutting a face out and putting it back moves nothing."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from lipsync_ray.engines.facecut import cut_face, cut_faces, put_face


@pytest.fixture
def frame() -> np.ndarray:
    noise = np.random.default_rng(5).integers(0, 256, (200, 300, 3), np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 4)


@pytest.mark.parametrize("box", [(50, 30, 210, 190), (50.4, 30.3, 190.9, 177.7), (-20, -10, 100, 100)])
def test_there_and_back_is_the_same_picture(frame: np.ndarray, box: tuple[float, ...]) -> None:
    there = cut_face(frame, np.array(box, float), 256)
    back = put_face(np.zeros_like(frame), there, np.array(box, float))
    inside = back.any(2)
    inner = cv2.erode(inside.view(np.uint8), np.ones((9, 9))) > 0
    assert inner.sum() > 5000
    assert np.abs(back[inner].astype(int) - frame[inner]).mean() < 1.0
    _, _, x1, y1 = box
    assert not back[:, max(0, int(np.floor(x1))) + 1 :].any()
    assert not back[max(0, int(np.floor(y1))) + 1 :].any()


def test_whole_pixels_are_cut_as_they_are(frame: np.ndarray) -> None:
    assert np.array_equal(cut_face(frame, np.array([10.0, 20, 106, 116]), 96), frame[20:116, 10:106])


def test_a_large_face_is_averaged() -> None:
    stripes = np.zeros((384, 384, 3), np.uint8)
    stripes[::2] = 255
    small = cut_faces(stripes[None], np.array([[0.0, 0, 384, 384]]), 96)[0]
    assert np.abs(small.astype(int) - 128).max() <= 2


def test_half_a_pixel_counts(frame: np.ndarray) -> None:
    box = np.array([40.0, 40, 136, 136])
    half = cut_face(frame, box + np.array([0.5, 0, 0.5, 0]), 96).astype(float)
    mean = (cut_face(frame, box, 96).astype(float) + cut_face(frame, box + np.array([1, 0, 1, 0]), 96)) / 2
    assert np.abs(half - mean).max() <= 1


def test_a_box_outside_changes_nothing(frame: np.ndarray) -> None:
    face = np.zeros((96, 96, 3), np.uint8)
    assert np.array_equal(put_face(frame, face, np.array([400.0, 0, 500, 100])), frame)
