from __future__ import annotations

import contact_sheet
import numpy as np
import pytest


def test_frames_are_matched_by_time():
    uneven = np.array([0.033, 0.1, 0.133, 0.5])
    wanted = np.array([0.0, 0.06, 0.07, 0.134, 0.3, 9.0])
    assert contact_sheet.nearest(uneven, wanted).tolist() == [0, 0, 1, 2, 2, 3]
    assert contact_sheet.nearest(np.array([0.0]), wanted).tolist() == [0] * 6


@pytest.mark.parametrize("zoom", [1.0, 4.0, 0.5])
def test_a_cut_shows_the_place_it_is_centred_on(zoom):
    picture = np.zeros((200, 300, 3), np.uint8)
    picture[90:110, 140:160] = 200
    out = contact_sheet.cut(picture, np.array([149.5, 99.5]), (40, 40), zoom)
    size = round(40 * zoom)
    assert out.shape == (size, size, 3)
    assert (out[size // 4 + 2 : -size // 4 - 2, size // 4 + 2 : -size // 4 - 2] > 180).all()
    assert (out[: size // 4 - 2] < 30).all()


def test_a_cut_over_the_edge_is_black_outside():
    out = contact_sheet.cut(np.full((50, 50, 3), 9, np.uint8), np.array([0.0, 0.0]), (20, 20), 1.0)
    assert not out[:9, :9].any()
    assert (out[11:, 11:] == 9).all()


def test_tiles_of_a_sheet_have_one_size():
    rng = np.random.default_rng(0)
    face = rng.uniform(60, 140, (468, 3)).astype(np.float32)
    face[61, :2], face[291, :2] = (80, 120), (120, 120)
    pairs = [
        contact_sheet.Pair(source=picture, output=255 - picture, source_time=0.1 * k, output_time=0.11 * k)
        for k, picture in enumerate(rng.integers(0, 255, (5, 200, 200, 3), np.uint8))
    ]
    sheet = contact_sheet.draw_sheet(pairs, [face + 7 * k for k in range(5)], zoom=4.0, columns=3)
    tile = contact_sheet.draw_tile(pairs[0], face, (68, 52), 4.0)
    gap = contact_sheet.GAP
    assert sheet.shape == (2 * (tile.shape[0] + gap), 3 * (tile.shape[1] + gap), 3)
