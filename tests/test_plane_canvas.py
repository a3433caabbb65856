"""Drawing in planes: the same picture as drawing in RGB, and every bit that nothing touched."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipsync_ray.engines.canvas import Rect, RgbCanvas, Shift, cut
from lipsync_ray.media.colour import crop_rgb
from lipsync_ray.media.composite import composite
from lipsync_ray.media.frame import Box
from lipsync_ray.plane_canvas import PlaneCanvas
from tests.media.test_colour import LAYOUTS, SITED, frame_of, noise, smooth


def waves(height: int, width: int) -> np.ndarray:
    """Colours ``uint8[h,w,3]`` that change by up to 9 levels a pixel."""
    y, x = np.mgrid[0:height, 0:width] * (2 * np.pi / 40)
    return np.rint(128 + 55 * np.stack([np.sin(x), np.cos(y + 1), np.sin(x - y)], axis=-1)).astype(np.uint8)


def bulge(box: Rect, most: float) -> Shift:
    """A shift that is 0 at the edges of a box and ``most`` px, aslant, in its middle."""
    width, height = box[2] - box[0], box[3] - box[1]
    y, x = (np.sin(np.pi * (np.arange(n) + 0.5) / n) ** 2 for n in (height, width))
    length = (most * y[:, None] * x).astype(np.float32)
    moving = np.where(length > 0.03, 255, 0).astype(np.uint8)
    return Shift(x0=box[0], y0=box[1], x=length, y=-0.6 * length, moving=moving)


@pytest.mark.parametrize("layout", LAYOUTS + SITED, ids=str)
@pytest.mark.parametrize("box", [(0, 0, 120, 90), (7, 5, 114, 83), (8, 4, 115, 88)])
def test_a_moved_picture_looks_like_one_that_was_moved_as_rgb(layout, box):
    frame, crop = frame_of(waves(90, 120), layout), Box(x0=box[0], y0=box[1], x1=box[2], y1=box[3])
    planes, rgb = PlaneCanvas(frame, crop), RgbCanvas(crop_rgb(frame, crop))
    for canvas in (planes, rgb):
        canvas.move(bulge((11, 9, 90, 70), 4.0))
        canvas.finish(1.0)
    seen = crop_rgb(planes.frame, crop).astype(int)
    moved = np.abs(seen - crop_rgb(frame, crop)).max()
    assert moved > 20
    assert np.abs(seen - rgb.picture).max() <= 5
    assert np.abs(seen - rgb.picture).mean() < 0.3


@settings(max_examples=80, deadline=None)
@given(
    layout=st.sampled_from(LAYOUTS + SITED),
    left=st.integers(0, 5),
    top=st.integers(0, 5),
    width=st.integers(20, 41),
    height=st.integers(20, 41),
    strength=st.sampled_from([1.0, 0.5, 0.003]),
    most=st.floats(0, 6),
)
def test_what_the_mask_does_not_cover_keeps_its_bits(layout, left, top, width, height, strength, most):
    frame = noise(layout, top + height, left + width, seed=width * height)
    source = [plane.copy() for plane in frame.planes]
    canvas = PlaneCanvas(frame, Box(x0=left, y0=top, x1=left + width, y1=top + height))
    canvas.move(bulge((3, 2, width - 2, height), most))
    part = (5, 6, 15, 19)
    before = canvas.shown(part)
    where = np.random.default_rng(0).random(before.shape[:2]).round()
    canvas.lay(part, before, 255 - before, where)
    canvas.finish(strength)
    covered = np.zeros((top + height, left + width), bool)
    covered[top:, left:] = canvas.mask > 0
    assert set(np.unique(canvas.mask)) <= {0, max(1, round(255 * strength))}
    assert (cut(canvas.mask, part)[where > 0] > 0).all()
    rows, columns = layout.chroma_shape(*covered.shape)
    own = np.zeros((rows << layout.shift_y, columns << layout.shift_x), bool)
    own[: covered.shape[0], : covered.shape[1]] = covered
    own = own.reshape(rows, 1 << layout.shift_y, columns, 1 << layout.shift_x).any(axis=(1, 3))
    for new, old, may_change in zip(canvas.frame.planes, source, (covered, own, own), strict=True):
        np.testing.assert_array_equal(new[~may_change], old[~may_change])
        assert new.max() < 1 << layout.depth
    for plane, old in zip(frame.planes, source, strict=True):
        np.testing.assert_array_equal(plane, old)


def test_what_is_laid_over_is_what_composite_makes():
    frame, crop = noise(LAYOUTS[0], 60, 80), Box(x0=9, y0=7, x1=70, y1=50)
    canvas = PlaneCanvas(frame, crop)
    before = canvas.source((10, 4, 40, 30))
    np.testing.assert_array_equal(before, crop_rgb(frame, Box(x0=19, y0=11, x1=49, y1=37)))
    where = np.eye(*before.shape[:2])
    canvas.lay((10, 4, 40, 30), before, 255 - before, where)
    right = composite(frame, Box(x0=19, y0=11, x1=49, y1=37), before, 255 - before, where)
    for new, known in zip(canvas.frame.planes, right.planes, strict=True):
        np.testing.assert_array_equal(new, known)


def test_half_the_strength_is_half_way():
    layout = LAYOUTS[0]
    frame = frame_of(smooth(90, 120), layout)
    whole, half = (PlaneCanvas(frame, Box(x0=0, y0=0, x1=120, y1=90)) for _ in range(2))
    for canvas, strength in ((whole, 1.0), (half, 0.5)):
        canvas.move(bulge((10, 10, 100, 80), 5.0))
        canvas.finish(strength)
    for old, new, between in zip(frame.planes, whole.frame.planes, half.frame.planes, strict=True):
        assert (old != new).any()
        assert np.abs(between.astype(float) - (old.astype(float) + new) / 2).max() <= 0.5


def test_a_frame_on_which_nothing_is_drawn_is_the_source_itself():
    frame = frame_of(smooth(30, 40), LAYOUTS[0])
    canvas = PlaneCanvas(frame, Box(x0=0, y0=0, x1=40, y1=30))
    canvas.finish(0.5)
    assert canvas.frame is frame
    assert not canvas.mask.any()
