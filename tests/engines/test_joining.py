"""A drawn face joined with its frame: softly at the mouth, or as a hard rectangle."""

from __future__ import annotations

import numpy as np
import pytest

from lipsync_ray.blend.masks import mouth_mask
from lipsync_ray.blend.settings import BlendSettings
from lipsync_ray.engines.facebox import face_boxes
from lipsync_ray.engines.joining import join_mouth, paste_hard
from tests.engines.heads import head

SHAPE = (480, 640)
BLEND = BlendSettings()
FACE = head()
BOX = face_boxes(FACE[None], np.zeros(1, bool))[0]
FRAME = np.full((*SHAPE, 3), 100, np.uint8)
DRAWN = np.full((96, 96, 3), 160, np.uint8)


def joined(
    strength: float = 1.0, box: np.ndarray = BOX, own: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    return join_mouth(FRAME, DRAWN, FACE, box, strength, BLEND, own=own)


def test_the_mouth_is_taken_and_all_else_is_left() -> None:
    output, mask = joined()
    x, y = FACE[[61, 291], :2].mean(0).astype(int)
    assert output[y, x].tolist() == pytest.approx([160] * 3, abs=2)
    assert mask[y, x] == 255
    assert np.array_equal(output[mask == 0], FRAME[mask == 0])
    assert not mask[: int(FACE[6, 1])].any()  # from the eyes up
    assert mask[mouth_mask(FACE, SHAPE, BLEND) == 255].mean() > 200


def test_without_strength_nothing_changes() -> None:
    output, mask = joined(0.0)
    assert np.array_equal(output, FRAME)
    assert output is not FRAME
    assert not mask.any()


def test_strength_is_a_share_and_stays_between_none_and_all() -> None:
    x, y = FACE[[61, 291], :2].mean(0).astype(int)
    output, mask = joined(0.5)
    assert output[y, x, 0] == pytest.approx(130, abs=2)
    assert mask[y, x] == pytest.approx(128, abs=1)
    assert np.array_equal(joined(7.0)[0], joined(1.0)[0])
    assert np.array_equal(joined(-1.0)[0], FRAME)


def test_the_mask_ends_softly_at_the_box() -> None:
    lower = int(FACE[17, 1])
    output, mask = joined(box=np.array([BOX[0], BOX[1], BOX[2], lower]))
    inside = mask[:lower]
    assert not (mask[lower:] > 1).any()
    assert inside[-1].max() < 60
    assert np.abs(np.diff(output[:, 320, 0].astype(int))).max() < 20


def test_a_box_beside_the_mouth_gives_nothing_to_take() -> None:
    output, mask = joined(box=np.array([0.0, 0.0, 60.0, 60.0]))
    assert np.array_equal(output, FRAME)
    assert not mask.any()


def test_the_face_s_own_mask_keeps_what_lies_over_it() -> None:
    own = np.full(SHAPE, 255, np.uint8)
    own[:, 330:] = 0  # a hand
    output, mask = joined(own=own)
    assert mask[:, :310].max() == 255
    assert np.array_equal(output[:, 400:], FRAME[:, 400:])
    assert output[int(FACE[17, 1]), 300, 0] > 140
    assert not joined(own=np.zeros_like(own))[1].any()


def test_a_hard_rectangle_is_exactly_the_drawn_face() -> None:
    face = np.random.default_rng(0).integers(0, 255, (40, 30, 3), np.uint8)
    output, mask = paste_hard(FRAME, face, np.array([50.9, 60.2, 80.9, 100.2]))
    assert np.array_equal(output[60:100, 50:80], face)
    assert (mask[60:100, 50:80] == 255).all()
    assert mask.sum(dtype=int) == 255 * 40 * 30
    assert np.array_equal(output[mask == 0], FRAME[mask == 0])


def test_a_hard_rectangle_beside_the_picture_is_nothing() -> None:
    face = np.full((10, 10, 3), 200, np.uint8)
    for box in ([-50, 0, -10, 40], [700, 0, 800, 40], [10, 10, 10, 40]):
        output, mask = paste_hard(FRAME, face, np.array(box, float))
        assert np.array_equal(output, FRAME)
        assert not mask.any()


def test_of_a_rectangle_partly_outside_only_the_inside_is_seen() -> None:
    face = np.zeros((40, 40, 3), np.uint8)
    face[:, 20:] = 200
    output, mask = paste_hard(FRAME, face, np.array([-20.0, 10.0, 20.0, 50.0]))
    assert (mask[10:50, :20] == 255).all()
    assert mask.sum(dtype=int) == 255 * 40 * 20
    assert (output[10:50, 2:18] == 200).all()
