"""Masks from landmarks: where they reach, how softly they end, and that they move with the face."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipsync_ray.blend.masks import (
    CHIN,
    FOREHEAD,
    LIPS,
    face_height,
    face_mask,
    lips_mask,
    mouth_mask,
)
from lipsync_ray.blend.settings import BlendSettings
from tests.engines.heads import head, turned

Maker = Callable[[np.ndarray, tuple[int, int], BlendSettings], np.ndarray]
SHAPE = (480, 640)
NOSE_TIP, SUBNASALE = 1, 2
BLEND = BlendSettings()
MASKS = pytest.mark.parametrize("make", [mouth_mask, lips_mask, face_mask])


def centre(mask: np.ndarray) -> np.ndarray:
    weight = mask.astype(np.float64)
    y, x = np.indices(mask.shape)
    return np.array([(x * weight).sum(), (y * weight).sum()]) / weight.sum()


def moved(face: np.ndarray, x: float, y: float) -> np.ndarray:
    return face + np.array([x, y, 0], np.float32)


@pytest.mark.parametrize("degrees", [-30.0, 0.0, 20.0])
def test_lips_lie_inside_all_masks(degrees: float) -> None:
    face = turned(head(), degrees)
    x, y = np.rint(face[list(LIPS), :2]).astype(int).T
    for make in (mouth_mask, lips_mask):
        assert make(face, SHAPE, BLEND)[y, x].min() > 240
    assert face_mask(face, SHAPE, BLEND)[y, x].min() == 255


def test_the_room_of_a_mouth_lies_inside_the_mask_of_mouth_and_jaw() -> None:
    face = head()
    lips, mouth = lips_mask(face, SHAPE, BLEND) > 127, mouth_mask(face, SHAPE, BLEND) > 0
    assert lips.sum() < 0.5 * mouth.sum()
    assert mouth[lips].all()


def test_nothing_above_the_nose_belongs_to_a_mouth() -> None:
    face = head()
    tip = int(face[NOSE_TIP, 1])
    sigmas = int(3 * BLEND.feather * face_height(face) / 2.5) + 1  # how far a soft border reaches
    under = int(face[SUBNASALE, 1])
    assert not mouth_mask(face, SHAPE, BLEND)[: under - sigmas].any()
    assert mouth_mask(face, SHAPE, BLEND)[:under].max() < 128
    assert mouth_mask(face, SHAPE, BLEND)[: tip - 2].max() < 64
    assert not lips_mask(face, SHAPE, BLEND)[: tip - 1].any()
    assert face_mask(face, SHAPE, BLEND)[int(face[FOREHEAD, 1]) + 10 : tip].any()


def test_a_mouth_reaches_below_the_chin_as_far_as_it_is_told() -> None:
    face = head()
    hard = BlendSettings(feather=0.0, grow=0.1)
    lowest = np.flatnonzero(mouth_mask(face, SHAPE, hard).any(1)).max()
    assert lowest == pytest.approx(face[CHIN, 1] + 0.1 * face_height(face), abs=1.5)


@MASKS
def test_borders_are_soft_and_as_wide_as_told(make: Maker) -> None:
    face = head()
    hard = make(face, SHAPE, BlendSettings(feather=0.0))
    wide = make(face, SHAPE, BlendSettings(feather=0.12))
    soft = make(face, SHAPE, BLEND)
    partly = [((mask > 0) & (mask < 255)).sum() for mask in (hard, soft, wide)]
    assert partly[0] < 0.2 * partly[1] < 0.2 * partly[2]
    assert max(np.abs(np.diff(soft.astype(int), axis=axis)).max() for axis in (0, 1)) < 60
    assert soft.max() == 255


@MASKS
def test_masks_move_with_the_face_at_fractions_of_a_pixel(make: Maker) -> None:
    face = head()
    start = centre(make(face, SHAPE, BLEND))
    for step in (0.25, 0.5, 0.75, 3.5):
        there = centre(make(moved(face, step, -step), SHAPE, BLEND))
        np.testing.assert_allclose(there - start, [step, -step], atol=0.08)


@MASKS
def test_masks_move_bit_by_bit_with_whole_pixels(make: Maker) -> None:
    face = head()
    there = make(moved(face, 16, 8), SHAPE, BLEND)
    assert np.array_equal(there[8:, 16:], make(face, SHAPE, BLEND)[:-8, :-16])


@MASKS
def test_masks_grow_with_the_face(make: Maker) -> None:
    small, large = (make(head(size=size), SHAPE, BLEND).sum(dtype=np.int64) for size in (100, 200))
    assert large / small == pytest.approx(4, rel=0.05)


@MASKS
def test_a_face_that_has_left_the_picture_leaves_no_mask(make: Maker) -> None:
    assert not make(head((-400.0, 240.0)), SHAPE, BLEND).any()


@MASKS
@settings(max_examples=25, deadline=None)
@given(x=st.floats(-150, 790), y=st.floats(-150, 630), size=st.floats(3, 700))
def test_of_a_face_partly_outside_the_rest_stays(make: Maker, x: float, y: float, size: float) -> None:
    # As float32 a corner far from the origin may be rounded to another eighth of a pixel.
    face, room = head((x, y), size).astype(np.float64), 1500
    mask = make(face, SHAPE, BLEND)
    assert mask.shape == SHAPE
    assert mask.dtype == np.uint8
    whole = make(moved(face, room, room), (SHAPE[0] + 2 * room, SHAPE[1] + 2 * room), BLEND)
    inside = whole[room : room + SHAPE[0], room : room + SHAPE[1]]
    # At the picture's edge the border of the mask is repeated, elsewhere nothing may differ.
    edge = int(np.ceil(1.5 * BLEND.feather * face_height(face))) + 2
    inner = np.s_[edge:-edge, edge:-edge]
    assert np.abs(mask[inner].astype(int) - inside[inner]).max(initial=0) <= 2
