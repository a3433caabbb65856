"""One person is one person in bad light, far away and badly encoded; another person never is."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from lipsync_ray.people.likeness import SAME, aligned_face, likeness
from tests.people.conftest import Describe, Pair

MARGIN = 0.05  # from the limit: measured are .59 and more for one person, .45 and less for two

Treat = Callable[[np.ndarray], np.ndarray]


def small(rgb: np.ndarray) -> np.ndarray:
    return cv2.resize(rgb, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)


def dark(rgb: np.ndarray) -> np.ndarray:
    return (rgb * 0.35).astype(np.uint8)


def warm(rgb: np.ndarray) -> np.ndarray:
    return np.clip(rgb * np.array([1.15, 0.95, 0.7]), 0, 255).astype(np.uint8)


def leant(rgb: np.ndarray) -> np.ndarray:
    height, width = rgb.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 20, 1)
    return cv2.warpAffine(rgb, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)


def spoiled(rgb: np.ndarray) -> np.ndarray:
    data = cv2.imencode(".jpg", rgb, [cv2.IMWRITE_JPEG_QUALITY, 12])[1]
    out = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert out is not None
    return out


def mirrored(rgb: np.ndarray) -> np.ndarray:
    return rgb[:, ::-1]


@pytest.mark.parametrize("treat", [small, dark, warm, leant, spoiled, mirrored])
def test_the_same_face_made_worse_is_the_same_person(
    treat: Treat, portrait: np.ndarray, pair: Pair, describe: Describe
) -> None:
    first, other, worse = (describe(rgb) for rgb in (portrait, pair.anna[0], treat(portrait)))
    assert likeness(first, worse) > SAME + MARGIN
    assert likeness(other, worse) < SAME - MARGIN


def test_a_talking_face_stays_one_person(pair: Pair, describe: Describe) -> None:
    anna, ben = (np.stack([describe(one) for one in many[::24]]) for many in (pair.anna, pair.ben))
    for faces, others in ((anna, ben), (ben, anna)):
        assert likeness(faces[1:], faces[0]).min() > SAME + MARGIN
        assert likeness(others, faces[0]).max() < SAME - MARGIN


def test_likeness_falls_from_one_to_zero() -> None:
    here, there = np.zeros(128), np.eye(128)[0]
    assert likeness(here, here) == 1
    assert likeness(here, there * 0.6) == pytest.approx(SAME)
    assert likeness(here, there * 9) == 0
    assert likeness(np.stack([here, there]), here).tolist() == pytest.approx([1, 1 - 1 / 1.2])


@pytest.mark.parametrize("scale", [0.4, 1.0, 6.0])
def test_faces_come_to_one_place_and_size(scale: float) -> None:
    """Dots at the outer corners of the eyes and under the nose are where the network wants them."""
    points = np.zeros((468, 2))
    places = {33: (80, 100), 133: (95, 101), 362: (117, 101), 263: (132, 100), 2: (106, 130)}
    picture = np.zeros((220, 220, 3), np.uint8)
    for index, place in places.items():
        points[index] = place
        cv2.circle(picture, place, 3, (255, 255, 255), -1)
    size = round(220 * scale)
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    picture = cv2.resize(picture, (size, size), interpolation=method)
    face = aligned_face(picture, (points + 0.5) * scale - 0.5)
    for x, y in ((37, 46), (111, 46), (74, 88)):
        assert face[y - 2 : y + 3, x - 2 : x + 3].mean() > 100
    assert face.mean() < 40
