"""Lines over a picture: around the mask, and points where the landmarks are."""

from __future__ import annotations

import numpy as np

from lipsync_ray.faces.mesh import LIPS
from lipsync_ray.preview.overlay import FACE, LIP, Overlay, outlines_of


def blobs() -> np.ndarray:
    """A square with a hole and specks around it."""
    mask = np.zeros((200, 200), np.uint8)
    mask[60:120, 40:100] = 255
    mask[80, 70] = 0
    mask[5:180:25, 150] = 1
    return mask


def test_an_outline_follows_a_mask_and_leaves_specks_out() -> None:
    (line,) = outlines_of(blobs(), (1000, 500))
    assert line.min(0).tolist() == [1040, 560]
    assert line.max(0).tolist() == [1099, 619]
    assert outlines_of(np.zeros((50, 50), np.uint8), (0, 0)) == ()


def test_landmarks_are_points_of_two_colours() -> None:
    points = np.stack([np.arange(468) % 26, np.arange(468) // 26], 1).astype(np.float32) * 8 + 20
    lines = Overlay(outlines=outlines_of(blobs(), (0, 0)), faces=(points,))
    black = np.zeros((400, 400, 3), np.uint8)
    shown = lines.draw(black, zoom=1.5)
    assert not black.any()  # a copy
    for number, (x, y) in enumerate(points):
        right = np.array(LIP if number in LIPS else FACE)
        wrong = np.array(FACE if number in LIPS else LIP)
        seen = shown[round(y * 1.5), round(x * 1.5)].astype(int)
        assert np.abs(seen - right).sum() < np.abs(seen - wrong).sum()
    yellow = shown[..., 0].astype(int) - shown[..., 2]
    assert (yellow > 150).sum() > 4 * 60
    lost = Overlay(outlines=(), faces=(np.full((468, 2), np.nan, np.float32),))
    assert not lost.draw(black).any()
