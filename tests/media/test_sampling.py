"""Parts of a picture seen through a map are what converting the whole and looking there gives."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from lipsync_ray.media.colour import planes_from_rgb, rgb_of
from lipsync_ray.media.frame import Frame, PixelLayout
from lipsync_ray.media.sampling import rgb_at, warped_rgb

LAYOUTS = [
    PixelLayout(),
    PixelLayout(depth=10, matrix="bt2020"),
    PixelLayout(shift_y=0, full_range=True, matrix="bt601"),
    PixelLayout(shift_x=0, shift_y=0, depth=12),
    PixelLayout(siting_x=0.5, siting_y=1.0),
]


def picture(layout: PixelLayout) -> Frame:
    """Soft stripes of all colours, without clipped ones: linear arithmetic holds for it."""
    y, x = np.mgrid[0:96, 0:128].astype(np.float32)
    waves = [np.sin(x / 9 + phase) * np.cos(y / 11 - phase) for phase in (0.0, 1.1, 2.3)]
    rgb = (128 + 60 * np.stack(waves, -1)).astype(np.uint8)
    return Frame(index=0, planes=planes_from_rgb(rgb, layout), layout=layout)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda each: f"{each.pix_fmt}-{each.siting_x}")
@pytest.mark.parametrize("degrees", [0, 20])
def test_a_map_shows_what_the_converted_picture_shows(layout: PixelLayout, degrees: int) -> None:
    frame = picture(layout)
    turn = cv2.getRotationMatrix2D((30, 25), degrees, 1.4)
    turn[:, 2] += (11.3, 6.8)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    wanted = cv2.warpAffine(rgb_of(frame), turn, (50, 40), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    assert np.abs(warped_rgb(frame, turn, (50, 40)).astype(int) - wanted).max() <= 4


def test_beyond_the_edges_the_nearest_pixels_are_repeated() -> None:
    frame = picture(PixelLayout())
    shown = warped_rgb(frame, np.array([[1.0, 0, -20], [0, 1, -20]]), (30, 30))
    assert np.abs(shown[:20, :20].astype(int) - rgb_of(frame)[0, 0]).max() <= 2


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda each: f"{each.pix_fmt}-{each.siting_x}")
def test_single_pixels_are_those_of_the_converted_picture(layout: PixelLayout) -> None:
    frame = picture(layout)
    points = np.random.default_rng(1).integers(0, (128, 96), (12, 25, 2))
    wanted = rgb_of(frame)[points[..., 1], points[..., 0]]
    assert np.abs(rgb_at(frame, points).astype(int) - wanted).max() <= 2
