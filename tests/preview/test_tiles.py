"""Sheets of moments: every tile has one size, and shows the same place before and after."""

from __future__ import annotations

import numpy as np
import pytest

from lipsync_ray.preview.overlay import Overlay
from lipsync_ray.preview.tiles import GAP, LABEL, Pair, cut, draw_sheet, draw_tile, mouth_size


def face(shift: float = 0.0) -> np.ndarray:
    points = np.random.default_rng(0).uniform(60, 140, (468, 3)).astype(np.float32)
    points[61, :2], points[291, :2] = (80, 120), (120, 120)
    return points + np.float32(shift)


@pytest.mark.parametrize("zoom", [1.0, 4.0, 0.5])
def test_a_cut_shows_the_place_it_is_centred_on(zoom: float) -> None:
    picture = np.zeros((200, 300, 3), np.uint8)
    picture[90:110, 140:160] = 200
    out = cut(picture, np.array([149.5, 99.5]), (40, 40), zoom)
    size = round(40 * zoom)
    assert out.shape == (size, size, 3)
    assert (out[size // 4 + 2 : -size // 4 - 2, size // 4 + 2 : -size // 4 - 2] > 180).all()
    assert (out[: size // 4 - 2] < 30).all()


def test_a_cut_over_the_edge_is_black_outside() -> None:
    out = cut(np.full((50, 50, 3), 9, np.uint8), np.array([0.0, 0.0]), (20, 20), 1.0)
    assert not out[:9, :9].any()
    assert (out[11:, 11:] == 9).all()


@pytest.mark.parametrize("zoom", [4.0, 0.5])
def test_lines_over_a_cut_lie_where_they_do_in_the_whole(zoom: float) -> None:
    square = np.array([[140.0, 90.0], [160.0, 90.0], [160.0, 110.0], [140.0, 110.0]])
    lines = Overlay(outlines=(square,), faces=(np.full((468, 2), np.nan, np.float32),))
    out = cut(np.zeros((200, 300, 3), np.uint8), np.array([150.0, 100.0]), (40, 40), zoom, lines)
    rows, columns = np.nonzero(out[..., 0] > 100)
    middle = (40 * zoom - 1) / 2
    for found in (rows, columns):
        assert [found.min(), found.max()] == pytest.approx([middle - 10 * zoom, middle + 10 * zoom], abs=1.5)


def test_tiles_of_a_sheet_have_one_size_and_are_taken_one_by_one() -> None:
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 255, (5, 200, 200, 3), np.uint8)
    taken = []

    def pairs():
        for k, picture in enumerate(pictures):
            taken.append(k)
            yield Pair(before=picture, after=255 - picture, titles=(f"{k}", "after"), face=face(7 * k))

    mouth = mouth_size([face(7 * k) for k in range(5)])
    assert mouth == (68, 52)
    sheet = draw_sheet(pairs(), mouth, zoom=4.0, columns=3)
    tile = draw_tile(next(pairs()), mouth, 4.0)
    assert taken == [0, 1, 2, 3, 4, 0]
    assert sheet.shape == (2 * (tile.shape[0] + GAP), 3 * (tile.shape[1] + GAP), 3)
    assert (sheet[: tile.shape[0], : tile.shape[1]] == tile).all()
    half = tile.shape[1] // 2
    left, right = tile[LABEL + 5, 140].astype(int), tile[LABEL + 5, 140 + half + GAP // 2].astype(int)
    assert np.abs(left + right - 255).max() <= 6  # the same place: one is the other's negative
