from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipsync_ray.media.chroma import narrow, widen
from lipsync_ray.media.colour import crop_rgb, planes_from_rgb, rgb_of
from lipsync_ray.media.composite import composite
from lipsync_ray.media.frame import Box, Frame, PixelLayout

LAYOUTS = [
    PixelLayout(depth=depth, shift_x=x, shift_y=y, matrix=matrix, full_range=full, siting_y=0.5 if y else 0.0)
    for depth, (x, y), matrix, full in itertools.product(
        (8, 10, 12), ((1, 1), (1, 0), (0, 0)), ("bt601", "bt709", "bt2020"), (False, True)
    )
]
JPEG = PixelLayout(matrix="bt601", full_range=True, siting_x=0.5)
SITED = [PixelLayout().turned(r, m) for r in (0, 90, 180, 270) for m in (False, True)] + [JPEG]


def smooth(height: int, width: int, phase: float = 0.0) -> np.ndarray:
    x, y = np.meshgrid(np.linspace(0, 2, width), np.linspace(0, 2, height))
    rgb = [
        120 + 60 * np.sin(x + phase),
        120 + 60 * np.cos(y - phase),
        120 + 50 * np.sin(x - y + 2 * phase),
    ]
    return np.rint(np.stack(rgb, axis=-1)).astype(np.uint8)


def frame_of(rgb: np.ndarray, layout: PixelLayout) -> Frame:
    planes = planes_from_rgb(rgb, layout)
    for plane in planes:
        plane.flags.writeable = False
    return Frame(index=7, planes=planes, layout=layout)


def noise(layout: PixelLayout, height: int = 50, width: int = 70, seed: int = 0) -> Frame:
    """Any sample value, also those outside the colours that RGB can hold."""
    rng = np.random.default_rng(seed)
    shape = layout.chroma_shape(height, width)
    y, u, v = (
        rng.integers(0, 1 << layout.depth, s).astype(layout.dtype) for s in ((height, width), shape, shape)
    )
    return Frame(index=0, planes=(y, u, v), layout=layout)


@pytest.mark.parametrize("layout", LAYOUTS + SITED, ids=str)
def test_a_smooth_picture_survives_the_round_trip(layout):
    rgb = smooth(91, 121)
    off = rgb_of(frame_of(rgb, layout)).astype(int) - rgb
    assert np.abs(off).max() <= 2
    assert np.abs(off.mean(axis=(0, 1))).max() < 0.1


@pytest.mark.parametrize(
    ("matrix", "rgb", "yuv"),
    [  # published in BT.601, BT.709: the bars of the colours at full level, limited range
        ("bt601", (255, 0, 0), (81, 90, 240)),
        ("bt601", (0, 255, 0), (145, 54, 34)),
        ("bt709", (255, 0, 0), (63, 102, 240)),
        ("bt709", (0, 0, 255), (32, 240, 118)),
        ("bt2020", (255, 255, 255), (235, 128, 128)),
        ("bt709", (0, 0, 0), (16, 128, 128)),
    ],
)
def test_colour_bars_have_their_published_codes(matrix, rgb, yuv):
    picture = np.full((8, 8, 3), rgb, np.uint8)
    for depth in (8, 10):
        layout = PixelLayout(matrix=matrix, depth=depth)
        planes = planes_from_rgb(picture, layout)
        unit = 1 << (depth - 8)
        np.testing.assert_allclose([p[3, 3] / unit for p in planes], yuv, atol=0.51)
        assert np.abs(rgb_of(frame_of(picture, layout)).astype(int) - picture).max() <= 1


def test_a_crop_is_the_same_part_of_the_whole():
    for layout in (*SITED, PixelLayout(shift_y=0, siting_y=0.0), PixelLayout(depth=10)):
        frame = noise(layout, 61, 83)
        whole = rgb_of(frame)
        for box in (
            Box(x0=0, y0=0, x1=9, y1=7),
            Box(x0=11, y0=5, x1=82, y1=60),
            Box(x0=80, y0=58, x1=83, y1=61),
        ):
            np.testing.assert_array_equal(crop_rgb(frame, box), whole[box.y0 : box.y1, box.x0 : box.x1])


@pytest.mark.parametrize("layout", LAYOUTS + SITED, ids=str)
def test_an_identity_engine_changes_no_bit(layout):
    frame = noise(layout)
    box = Box(x0=3, y0=5, x1=64, y1=45)
    rgb = crop_rgb(frame, box)
    done = composite(frame, box, rgb, rgb.copy(), np.full(rgb.shape[:2], 255, np.uint8))
    for new, old in zip(done.planes, frame.planes, strict=True):
        np.testing.assert_array_equal(new, old)


@settings(max_examples=120, deadline=None)
@given(
    layout=st.sampled_from(LAYOUTS + SITED),
    height=st.integers(6, 40),
    width=st.integers(6, 40),
    data=st.data(),
)
def test_what_the_mask_does_not_cover_keeps_its_bits(layout, height, width, data):
    frame = noise(layout, height, width, seed=height * width)
    x0, y0 = data.draw(st.integers(0, width - 2)), data.draw(st.integers(0, height - 2))
    x1, y1 = data.draw(st.integers(x0 + 1, width)), data.draw(st.integers(y0 + 1, height))
    box = Box(x0=x0, y0=y0, x1=x1, y1=y1)
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    before = crop_rgb(frame, box)
    after = rng.integers(0, 256, before.shape).astype(np.uint8)
    mask = (rng.random(before.shape[:2]) < data.draw(st.sampled_from([0.0, 0.05, 0.5, 1.0]))).astype(
        np.float32
    )
    source = [p.copy() for p in frame.planes]

    done = composite(frame, box, before, after, mask)

    covered = np.zeros((height, width), bool)
    covered[y0:y1, x0:x1] = mask > 0
    rows, columns = layout.chroma_shape(height, width)
    own = np.zeros((rows << layout.shift_y, columns << layout.shift_x), bool)
    own[:height, :width] = covered
    own = own.reshape(rows, 1 << layout.shift_y, columns, 1 << layout.shift_x).any(axis=(1, 3))
    for new, old, may_change in zip(done.planes, source, (covered, own, own), strict=True):
        np.testing.assert_array_equal(new[~may_change], old[~may_change])
        assert new.max() < 1 << layout.depth
    for plane, old in zip(frame.planes, source, strict=True):  # the source itself is never written to
        np.testing.assert_array_equal(plane, old)


@pytest.mark.parametrize("layout", LAYOUTS + SITED, ids=str)
def test_a_smooth_change_equals_a_direct_conversion(layout):
    height, width = 90, 120
    old, new = smooth(height, width), smooth(height, width, phase=0.15)
    frame = frame_of(old, layout)
    box = Box(x0=0, y0=0, x1=width, y1=height)
    before = crop_rgb(frame, box)
    after = np.clip(before.astype(int) + new.astype(int) - old, 0, 255).astype(np.uint8)
    done = composite(frame, box, before, after, np.ones((height, width)))
    for got, right in zip(done.planes, planes_from_rgb(new, layout), strict=True):
        off = got.astype(int) - right
        assert np.abs(off).max() <= 2 * (1 << (layout.depth - 8))
        assert abs(off.mean()) < 0.3 * (1 << (layout.depth - 8))


def test_a_change_inside_the_frame_shows_as_asked():
    frame = frame_of(smooth(120, 160), PixelLayout())
    box = Box(x0=31, y0=17, x1=131, y1=97)
    before = crop_rgb(frame, box)
    disc = cv2.ellipse(np.zeros((80, 100), np.float32), (50, 40), (24, 16), 0, 0, 360, 1, -1)
    soft = cv2.GaussianBlur(disc, (0, 0), 4)
    soft, mask = soft[..., None], soft > 0.004
    after = np.rint(before + soft * [40, -20, 10]).astype(np.uint8)
    seen = crop_rgb(composite(frame, box, before, after, mask), box).astype(int)
    assert np.abs(seen - after).mean() < 0.6
    assert np.abs(seen - after).max() <= 6  # chroma cannot follow within one of its samples


def test_ten_bits_keep_their_fine_steps():
    layout = PixelLayout(depth=10)
    frame = noise(layout)
    box = Box(x0=0, y0=0, x1=70, y1=50)
    frame.planes[0][:] = np.arange(70) + 400  # steps that 8 bits cannot hold
    before = crop_rgb(frame, box)
    brighter = np.clip(before.astype(int) + 10, 0, 255).astype(np.uint8)
    before = np.clip(brighter.astype(int) - 10, 0, 255).astype(np.uint8)
    done = composite(frame, box, before, brighter, np.ones((50, 70)))
    inner = (brighter.astype(int) - before == 10).all(axis=2)
    assert inner.any()
    assert set((done.planes[0].astype(int) - frame.planes[0])[inner].tolist()) == {round(10 * 4 * 219 / 255)}


def test_an_empty_mask_gives_the_frame_itself():
    frame = noise(PixelLayout())
    box = Box(x0=2, y0=2, x1=12, y1=12)
    rgb = crop_rgb(frame, box)
    assert composite(frame, box, rgb, 255 - rgb, np.zeros((10, 10), np.uint8)) is frame


def test_what_does_not_fit_is_refused():
    frame = noise(PixelLayout())
    with pytest.raises(ValueError, match="outside the picture of 70x50"):
        crop_rgb(frame, Box(x0=60, y0=0, x1=71, y1=10))
    rgb = np.zeros((10, 10, 3), np.uint8)
    with pytest.raises(ValueError, match="do not fit"):
        composite(frame, Box(x0=0, y0=0, x1=10, y1=11), rgb, rgb, np.zeros((10, 10)))
    with pytest.raises(ValueError, match="cannot be empty"):
        Box(x0=4, y0=4, x1=4, y1=8)
    with pytest.raises(ValueError, match="no working layout"):
        PixelLayout(shift_x=0, shift_y=1)


@pytest.mark.parametrize("siting", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("axis", [0, 1])
def test_chroma_resampling_keeps_a_ramp_in_place(siting, axis):
    """A ramp in luma positions, narrowed and widened again, is the same ramp: nothing is shifted."""
    ramp = np.arange(40, dtype=np.float32)
    grid = np.tile(ramp, (12, 1)) if axis else np.tile(ramp[:, None], (1, 12))
    sitings = (siting, None) if axis else (None, siting)
    small = narrow(grid, *sitings)
    inner = small[0, 1:-1] if axis else small[1:-1, 0]
    np.testing.assert_allclose(inner, 2 * np.arange(20)[1:-1] + siting)
    wide = widen(small, axis, siting, 40)
    inner = wide[0, 4:-4] if axis else wide[4:-4, 0]
    np.testing.assert_allclose(inner, ramp[4:-4])


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("mirrored", [False, True])
def test_chroma_stays_with_its_pixels_when_a_picture_is_turned(rotation, mirrored):
    from lipsync_ray.media.planes import turn

    layout = PixelLayout()
    frame = noise(layout, 40, 60)
    turned = layout.turned(rotation, mirrored)
    planes = turn(frame.planes, layout, rotation, mirrored)
    upright = np.rot90(rgb_of(frame), -rotation // 90)
    upright = upright[:, ::-1] if mirrored else upright
    seen = rgb_of(Frame(index=0, planes=planes, layout=turned))
    assert np.abs(seen.astype(int) - upright).max() <= 1


@pytest.mark.parametrize("layout", LAYOUTS + SITED, ids=str)
def test_fine_chroma_and_clipped_light_do_not_show_through_a_new_picture(layout):
    plain = np.full((48, 64, 3), 120, np.uint8)
    frame = noise(layout, 48, 64)
    for plane, flat in zip(frame.planes, planes_from_rgb(plain, layout), strict=True):
        plane[:] = flat
    unit = 1 << (layout.depth - 8)
    frame.planes[0][20:28] = 250 * unit  # brighter than RGB can say in limited range
    frame.planes[1][::2, ::2] -= 20 * unit
    frame.planes[2][::2, ::2] += 40 * unit  # red dots of one sample
    box = Box(x0=0, y0=0, x1=64, y1=48)
    before, new = crop_rgb(frame, box), np.full((48, 64, 3), (180, 60, 70), np.uint8)
    done = composite(frame, box, before, new, np.ones((48, 64)))
    for got, right in zip(done.planes, planes_from_rgb(new, layout), strict=True):
        assert np.abs(got.astype(int) - right).max() <= 2 * unit
