"""Which windows count, and distances whose truth is known."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from lipsync_ray.media.colour import planes_from_rgb
from lipsync_ray.media.frame import Frame, PixelLayout
from lipsync_ray.quality.figures import sum_up as figures_of
from lipsync_ray.quality.lipcrop import SIDE, cut_lips
from lipsync_ray.quality.lse import (
    SHIFTS,
    Distances,
    Grid,
    Lse,
    distances,
    heard_windows,
    make_grid,
    sum_up,
)
from lipsync_ray.quality.page import Content, Person, page
from lipsync_ray.quality.review import make_review
from lipsync_ray.quality.settings import QualitySettings
from lipsync_ray.quality.text import page as text_page
from tests.quality.made import make_seen

BOX = np.array([10.0, 20.0, 50.0, 80.0])


def grid_of(times: np.ndarray, bad: slice = slice(0), breaks: tuple[int, ...] = (0,)) -> Grid:
    count = len(times)
    usable, jumps = np.ones(count, bool), np.zeros(count, bool)
    usable[bad] = False
    jumps[list(breaks)] = True
    return make_grid(times, np.tile(BOX, (count, 1)), usable, jumps)


@pytest.mark.parametrize(("fps", "frames"), [(25, 100), (50, 200), (30, 120), (12.5, 50), (24000 / 1001, 96)])
def test_every_rate_becomes_25_moments_a_second(fps: float, frames: int) -> None:
    times = 0.3 + np.arange(frames) / fps
    grid = grid_of(times)
    assert abs(len(grid) - 25 * frames / fps) <= 2
    shown = times[grid.frame] - times[0]
    assert np.abs(shown - np.arange(len(grid)) / 25).max() <= 0.5 / fps + 1e-9
    if fps == 25:
        assert grid.frame.tolist() == list(range(100))
        # As the original: of 100 frames the windows 0..94.
        assert grid.windows().tolist() == list(range(95))


def test_windows_lie_within_runs_of_usable_frames() -> None:
    times = np.arange(200) / 25
    grid = grid_of(times, bad=slice(60, 70), breaks=(0, 85, 100))  # runs 0-59, 70-84, 85-99, 100-199
    assert grid.windows().tolist() == [*range(55), *range(100, 195)]  # 15 frames are too few
    assert np.isnan(grid.face[60:100]).all()
    assert grid.face[:60].tolist() == [[30.0, 50.0, 30.0]] * 60
    assert grid.between(50, 120).tolist() == [*range(50, 55), *range(100, 120)]
    assert not len(grid_of(np.arange(4) / 25).windows())


def test_a_single_wrong_box_moves_no_crop() -> None:
    boxes = np.tile(BOX, (50, 1))
    boxes[20] += 40
    boxes[0] -= 7
    grid = make_grid(np.arange(50) / 25, boxes, np.ones(50, bool), np.arange(50) == 0)
    assert np.ptp(grid.face[1:], axis=0).max() == 0


def pretended(grid: Grid, late: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Features ``[G,64]`` of lips that come ``late`` frames after their sound, and of that sound."""
    chance = np.random.default_rng(seed)
    words = chance.normal(0, 1, (len(grid) + 40, 64)).astype(np.float32)
    noise = chance.normal(0, 0.2, (len(grid), 64)).astype(np.float32)
    return words[20 - late : 20 - late + len(grid)] + noise, words[20 : 20 + len(grid)]


def measured(grid: Grid, lips: np.ndarray, sound: np.ndarray, cuts: tuple[int, ...] = ()) -> Lse | None:
    edges, parts = [0, *cuts, 10_000], []
    for start, stop in pairwise(edges):
        windows = grid.between(start, stop)
        total = distances(lips[windows], sound, heard_windows(grid, windows))
        parts.append(Distances(frames=stop - start, windows=len(windows), total=total))
    return sum_up(parts)


@pytest.mark.parametrize("late", [-12, -1, 0, 3, 15])
def test_a_known_offset_is_found_however_the_output_is_cut(late: int) -> None:
    grid = grid_of(np.arange(150) / 25, bad=slice(60, 62))
    lips, sound = pretended(grid, late)
    found = measured(grid, lips, sound)
    assert found is not None
    assert found.offset == late
    assert found.c > 1
    assert found.windows == 55 + 83
    assert measured(grid, lips, sound, cuts=(40, 90, 91)) == found


def test_distances_are_those_of_the_original_with_nothing_beyond_a_run() -> None:
    """``calc_pdist`` of syncnet_python, said anew: pairwise distances to the sound, padded with zeros."""
    grid = grid_of(np.arange(60) / 25)
    lips, sound = (torch.from_numpy(part) for part in pretended(grid, 2))
    lips, sound = lips[:55], sound[:55]
    padded = torch.nn.functional.pad(sound, (0, 0, SHIFTS, SHIFTS))
    mean = torch.stack(
        [
            torch.nn.functional.pairwise_distance(lips, padded[k : k + 55]).mean()
            for k in range(2 * SHIFTS + 1)
        ]
    )
    found = measured(grid, lips.numpy(), sound.numpy())
    assert found is not None
    assert found.d == pytest.approx(float(mean.min()), abs=1e-3)
    assert found.c == pytest.approx(float(mean.median() - mean.min()), abs=1e-3)
    assert found.offset == SHIFTS - int(mean.argmin()) == 2


def test_nothing_to_see_tells_nothing() -> None:
    assert sum_up([]) is None


def gradient(width: int, height: int) -> Frame:
    across, down = np.meshgrid(np.arange(width), np.arange(height))
    rgb = np.stack([across, down, np.full_like(across, 60)], axis=2).astype(np.uint8)
    layout = PixelLayout(shift_x=0, shift_y=0, full_range=True)
    return Frame(planes=planes_from_rgb(rgb, layout), layout=layout, index=0)


def test_the_crop_reaches_to_the_sides_and_below() -> None:
    crop = cut_lips(gradient(240, 240), np.array([120.0, 100.0, 40.0])).astype(int)
    assert crop.shape == (SIDE, SIDE, 3)
    # Columns 64..176 and rows 60..172: 112 px shown on 224. Blue, green (down), red (across).
    assert crop[112, 112].tolist() == pytest.approx([60, 116, 120], abs=2)
    assert crop[0, 0].tolist() == pytest.approx([60, 60, 64], abs=2)
    assert crop[-1, -1].tolist() == pytest.approx([60, 171, 175], abs=2)


def test_what_lies_beyond_the_picture_is_grey() -> None:
    frame = gradient(120, 120)
    crop = cut_lips(frame, np.array([110.0, 100.0, 40.0]))
    assert (crop[:, -60:] == 110).all()
    assert (crop[-100:] == 110).all()
    assert (crop[:100, :100] != 110).any()
    assert (cut_lips(frame, np.array([900.0, 100.0, 40.0])) == 110).all()


def test_figures_text_and_report_tell_it() -> None:
    seen = make_seen()
    assert figures_of(seen, {}).lse_c is None
    told = replace(seen, lse=Lse(c=7.25, d=6.5, offset=-1, windows=40))
    review = make_review([told], {}, QualitySettings())
    plain = review.to_plain()["figures"]
    assert (plain["lse_c"], plain["lse_d"], plain["lse_offset"]) == (7.25, 6.5, -1)
    lines = text_page(review).splitlines()
    assert [line.split() for line in lines if line.startswith("lse")] == [
        ["lse", "c", "7.25"],
        ["lse", "d", "6.5"],
        ["lse", "offset", "-1"],
    ]
    person = Person(review=review.roles[0], seen=told, plots=[], pictures=[])
    html = page(Content(name="x", people=[person], settings=QualitySettings(), told={}))
    assert '<td>LSE-C, SyncNet’s confidence</td><td class="n">7.25</td>' in html
    assert '<td>LSE-D, SyncNet’s distance</td><td class="n">6.5</td>' in html
