"""The 68 points lie where iBUG's scheme says, in its order."""

from __future__ import annotations

import numpy as np

from lipsync_ray.engines.video_retalking.points68 import VERTICES, points68
from tests.engines.heads import head

MIRROR = [  # which point is the mirror image of which, by the scheme
    *range(16, -1, -1),
    *range(26, 16, -1),
    *(27, 28, 29, 30),
    *range(35, 30, -1),
    *(45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40),
    *(54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55),
    *(64, 63, 62, 61, 60, 67, 66, 65),
]


def face() -> np.ndarray:
    return points68(head((0, 0))[None])[0]


def test_there_are_68_of_them_and_none_twice() -> None:
    assert VERTICES.shape == (68,)
    assert len(set(VERTICES.tolist())) == 68


def test_both_halves_of_a_face_are_mirror_images() -> None:
    points = face()
    middle = points[27, 0]
    mirrored = points[MIRROR] * [-1, 1] + [2 * middle, 0]
    assert np.abs(mirrored - points).max() < 0.06 * np.ptp(points[:, 0])


def test_the_order_is_that_of_the_scheme() -> None:
    points = face()
    x, y = points.T
    assert (np.diff(x[:17]) > 0).sum() >= 14  # the jaw runs from left to right ...
    assert y[8] == y.max()  # ... by the chin
    assert (np.diff(x[17:27]) > 0).all()
    assert (np.diff(y[27:31]) > 0).all()
    assert (np.diff(x[31:36]) > 0).all()
    for eye in (points[36:42], points[42:48]):
        assert eye[0, 0] < eye[1, 0] < eye[2, 0] < eye[3, 0]
        assert eye[[1, 2], 1].max() < eye[[4, 5], 1].min()
    assert (np.diff(x[48:55]) > 0).all()
    assert (np.diff(x[54:60]) < 0).all()
    assert y[17:27].max() < y[36:48].min() < y[30] < y[33] < y[51] < y[62] < y[66] < y[57] < y[8]


def test_many_faces_at_once_and_absent_ones_stay_absent() -> None:
    faces = np.stack([head(), np.full((468, 3), np.nan, np.float32)])
    points = points68(faces)
    assert points.shape == (2, 68, 2)
    assert points.dtype == np.float32
    assert np.isfinite(points[0]).all()
    assert np.isnan(points[1]).all()
