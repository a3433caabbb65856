"""Landmarks are where lips and eyes are, in any position of the square."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from lipsync_ray.faces.look import look_in
from lipsync_ray.faces.mesh import LIPS
from lipsync_ray.faces.models import FaceModels, load_models
from lipsync_ray.faces.pose import head_angles
from lipsync_ray.faces.roi import Roi, roi_from_detection, roi_from_landmarks
from lipsync_ray.media.colour import planes_from_rgb
from lipsync_ray.media.frame import Frame, PixelLayout
from lipsync_ray.weights.store import WeightStore

_LAYOUT = PixelLayout(depth=8, shift_x=0, shift_y=0, matrix="bt601", full_range=True)


@pytest.fixture(scope="module")
def landmarks(models: FaceModels, portrait: np.ndarray) -> np.ndarray:
    return find(models, portrait)


def find(models: FaceModels, rgb: np.ndarray) -> np.ndarray:
    face = models.detector.detect(rgb, 0.3)[0]
    frame = Frame(index=0, planes=planes_from_rgb(rgb, _LAYOUT), layout=_LAYOUT)
    first = look_in(frame, roi_from_detection(face.box, face.keypoints), models.mesh, 0.0)
    assert first is not None
    seen = look_in(frame, roi_from_landmarks(first.landmarks), models.mesh, 0.9)
    assert seen is not None
    return seen.landmarks


def eye_distance(points: np.ndarray) -> float:
    return float(np.hypot(*(points[263, :2] - points[33, :2])))


def test_smile_of_the_portrait(landmarks: np.ndarray) -> None:
    """Corners outside, upper lip above lower lip, teeth between them; all below the nose."""
    assert landmarks[61, 0] < landmarks[0, 0] < landmarks[291, 0]
    assert landmarks[2, 1] < landmarks[0, 1] < landmarks[13, 1] < landmarks[14, 1] < landmarks[17, 1]
    assert (landmarks[14, 1] - landmarks[13, 1]) / eye_distance(landmarks) > 0.05
    assert len(set(LIPS.tolist())) == 80


def test_turning_the_picture_turns_the_landmarks(
    models: FaceModels, portrait: np.ndarray, landmarks: np.ndarray
) -> None:
    matrix = cv2.getRotationMatrix2D((222, 125), -20, 1.3)
    turned = find(models, cv2.warpAffine(portrait, matrix, (512, 512), borderMode=cv2.BORDER_REFLECT))
    expected = landmarks[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    error = np.linalg.norm(turned[:, :2] - expected, axis=1) / eye_distance(turned)
    assert error.mean() < 0.03
    assert error[LIPS].mean() < 0.03
    yaw, pitch, roll = np.subtract(head_angles(turned), head_angles(landmarks))
    assert roll == pytest.approx(20, abs=3)
    assert abs(yaw) < 5
    assert abs(pitch) < 5


def test_mirror_changes_the_sign_of_yaw(
    models: FaceModels, portrait: np.ndarray, landmarks: np.ndarray
) -> None:
    mirrored = head_angles(find(models, np.ascontiguousarray(portrait[:, ::-1])))
    assert mirrored[0] == pytest.approx(-head_angles(landmarks)[0], abs=3)
    assert mirrored[1] == pytest.approx(head_angles(landmarks)[1], abs=3)


def test_small_picture_square_is_the_large_ones() -> None:
    roi = Roi(x=320.5, y=200.0, side=400.0, angle=0.3)
    small = roi.within(100, 50, 4)
    corner = np.array([17.0, 33.0, 1.0])
    in_small, in_large = small.matrix(192) @ corner, roi.matrix(192) @ corner
    np.testing.assert_allclose(in_large, (in_small + 0.5) * 4 - 0.5 + [100, 50])


def test_models_are_cut_once(weights: WeightStore, models: FaceModels) -> None:
    before = {path: path.stat().st_mtime_ns for path in weights.folder.glob("face_mesh.*.tflite")}
    load_models(weights)
    assert len(before) == 2
    assert before == {path: path.stat().st_mtime_ns for path in map(Path, before)}
