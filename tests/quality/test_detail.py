from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from lipsync_ray.quality.detail import detail_of
from tests.quality.faces import SIZE, landmarks, textured


def test_a_blur_takes_detail() -> None:
    sharp = textured()
    soft = replace(sharp, planes=(cv2.GaussianBlur(sharp.planes[0], (0, 0), 1.5), *sharp.planes[1:]))
    assert detail_of(soft, landmarks()) < 0.5 * detail_of(sharp, landmarks())


def test_a_mouth_outside_the_picture_has_none() -> None:
    assert np.isnan(detail_of(textured(), landmarks() + np.float32([0, SIZE, 0])))


def test_a_flat_picture_has_none() -> None:
    flat = textured()
    flat.planes[0][:] = 100
    assert np.isnan(detail_of(flat, landmarks()))
