"""Cuts are found; flashes, pans and busy pictures are not taken for cuts."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from lipsync_ray.faces.shots import cut_scores, find_cuts, shot_of
from lipsync_ray.faces.signature import signature
from lipsync_ray.media.colour import planes_from_rgb
from lipsync_ray.media.frame import Frame, PixelLayout

SIZE = (180, 320)


def scene(seed: int, shift: float = 0.0, zoom: float = 1.0) -> np.ndarray:
    """A picture with large and small structures of its own colours, seen by a moving camera."""
    rng = np.random.default_rng(seed)
    base = np.zeros((2 * SIZE[0], 3 * SIZE[1], 3), np.float32)
    for cells in (4, 9, 40):
        noise = rng.random((cells, cells * 2, 3), np.float32)
        base += cv2.resize(noise, (base.shape[1], base.shape[0]), interpolation=cv2.INTER_CUBIC) / np.sqrt(
            cells
        )
    base = (base - base.min()) / np.ptp(base) * rng.uniform(120, 250, 3) + rng.uniform(0, 5, 3)
    matrix = np.array([[1 / zoom, 0, 100 + shift], [0, 1 / zoom, 50]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.clip(cv2.warpAffine(base, matrix, SIZE[::-1], flags=flags), 0, 255).astype(np.uint8)


def mark(index: int, picture: np.ndarray) -> np.ndarray:
    layout = PixelLayout()
    return signature(Frame(index=index, planes=planes_from_rgb(picture, layout), layout=layout))


def cuts(pictures: list[np.ndarray]) -> list[int]:
    marks = [mark(i, picture) for i, picture in enumerate(pictures)]
    return find_cuts(cut_scores(np.array(marks)), np.arange(len(marks)) / 25).tolist()


@pytest.fixture(scope="module")
def a() -> list[np.ndarray]:
    return [scene(1, shift=i) for i in range(30)]


@pytest.fixture(scope="module")
def b() -> list[np.ndarray]:
    return [scene(2, shift=2 * i) for i in range(30)]


def test_hard_cuts(a: list[np.ndarray], b: list[np.ndarray]) -> None:
    assert cuts(a + b + a) == [0, 30, 60]
    assert cuts(a[:8] + b[:7] + a[8:20]) == [0, 8, 15]


def test_cut_at_the_very_ends(a: list[np.ndarray], b: list[np.ndarray]) -> None:
    assert cuts(a + b[:2])[:1] == [0]
    assert cuts(a[:6] + b) == [0, 6]


def test_new_angle_in_the_same_light(a: list[np.ndarray]) -> None:
    assert cuts(a + [np.ascontiguousarray(p[:, ::-1]) for p in a]) == [0, 30]


def test_flash_is_no_cut(a: list[np.ndarray]) -> None:
    for frames in (1, 2, 3):
        flashed = [p if not 10 <= i < 10 + frames else np.full_like(p, 250) for i, p in enumerate(a)]
        assert cuts(flashed) == [0]
    brighter = [
        np.clip(p.astype(int) + (90 if i % 7 == 0 else 0), 0, 255).astype(np.uint8) for i, p in enumerate(a)
    ]
    assert cuts(brighter) == [0]


def test_lights_going_on_is_no_other_picture(a: list[np.ndarray]) -> None:
    dimmed = [p if i >= 15 else (p * 0.7).astype(np.uint8) for i, p in enumerate(a)]
    assert cuts(dimmed) == [0]


def test_moving_camera_is_no_cut() -> None:
    assert cuts([scene(3, shift=12 * i) for i in range(40)]) == [0]
    assert cuts([scene(4, zoom=1 + 0.04 * i) for i in range(40)]) == [0]


def test_dissolve_is_one_cut_in_its_middle(a: list[np.ndarray], b: list[np.ndarray]) -> None:
    for length in (10, 20):
        mixed = [cv2.addWeighted(a[-1], 1 - w, b[0], w, 0) for w in np.linspace(0, 1, length + 2)[1:-1]]
        found = cuts(a + mixed + b)
        assert len(found) == 2
        assert abs(found[1] - (30 + length / 2)) <= 4


def test_fade_through_black_parts_the_scenes(a: list[np.ndarray], b: list[np.ndarray]) -> None:
    down = [(p * w).astype(np.uint8) for p, w in zip(a[-10:], np.linspace(1, 0, 10), strict=True)]
    up = [(p * w).astype(np.uint8) for p, w in zip(b[:10], np.linspace(0, 1, 10), strict=True)]
    found = cuts(a[:-10] + down + up + b[10:])
    assert any(20 <= f <= 40 for f in found)
    assert all(18 <= f <= 42 for f in found[1:])


def test_speaking_face_is_one_shot(talking: list[np.ndarray]) -> None:
    even = [p[:588, :588] for p in talking]
    assert cuts(even) == [0]


def test_shots_number_every_frame() -> None:
    assert shot_of(np.array([0, 3, 5]), 7).tolist() == [0, 0, 0, 1, 1, 2, 2]


def test_blocks_make_no_difference(
    a: list[np.ndarray], b: list[np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    marks = np.array([mark(i, picture) for i, picture in enumerate(a + b + a[:10] + b[5:])])
    whole = cut_scores(marks)
    monkeypatch.setattr("lipsync_ray.faces.shots.BLOCK", 16)
    np.testing.assert_array_equal(cut_scores(marks), whole)


def test_few_frames() -> None:
    assert cuts([]) == []
    assert cuts([scene(1)]) == [0]
    assert cuts([scene(1), scene(2)]) == [0, 1] or cuts([scene(1), scene(2)]) == [0]
