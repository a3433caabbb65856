"""Noise that belongs to a frame, not to the order of drawing."""

from __future__ import annotations

import numpy as np

from lipsync_ray.neural.noise import frame_noise

SIZES = (8, 8, 32)


def test_a_frames_noise_is_the_same_whatever_is_drawn_beside_it() -> None:
    together = frame_noise(3, np.array([4, 9, 7]), SIZES)
    alone = frame_noise(3, np.array([7]), SIZES)
    assert [maps.shape for maps in together] == [(3, 1, 8, 8), (3, 1, 8, 8), (3, 1, 32, 32)]
    assert {maps.dtype for maps in together} == {np.dtype(np.float32)}
    for several, one in zip(together, alone, strict=True):
        np.testing.assert_array_equal(several[2], one[0])


def test_frames_maps_and_seeds_differ() -> None:
    first, second, _ = frame_noise(3, np.array([4, 5]), SIZES)
    other = frame_noise(4, np.array([4, 5]), SIZES)[0]
    drawn = [first[0], first[1], second[0], second[1], other[0], other[1]]
    assert len({each.tobytes() for each in drawn}) == len(drawn)


def test_noise_is_normal() -> None:
    (maps,) = frame_noise(0, np.arange(20), (64,))
    assert abs(float(maps.mean())) < 0.02
    assert abs(float(maps.std()) - 1) < 0.02
    neighbours = np.corrcoef(maps[:-1].ravel(), maps[1:].ravel())[0, 1]
    assert abs(neighbours) < 0.02


def test_no_frames_have_no_noise() -> None:
    assert [maps.shape for maps in frame_noise(0, np.zeros(0, np.int64), SIZES)] == [
        (0, 1, size, size) for size in SIZES
    ]
