"""Offset, agreement and closures of curves whose truth is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lipsync_ray.quality.sync import LEAST_FRAMES, find_offset, measure_sync
from tests.quality.made import RATE, make_seen, wish, with_looks


@pytest.mark.parametrize("late", [-0.2, -0.04, 0.0, 0.013, 0.2, 0.44])
def test_an_offset_is_found_to_a_few_milliseconds(late: float) -> None:
    seen = make_seen(500, late=late)
    found = measure_sync(seen.aim, seen.aperture, seen.times, seen.drawn)
    assert found.offset_ms == pytest.approx(1000 * late, abs=8)
    assert found.r is not None
    assert found.r > 0.95
    assert found.gain == pytest.approx(1.0, abs=0.05)


def test_uneven_times_do_not_move_the_offset() -> None:
    chance = np.random.default_rng(3)
    times = np.sort(np.arange(400) / RATE + chance.uniform(-0.012, 0.012, 400))
    grid = np.arange(400) / RATE
    asked = np.interp(times, grid, wish(400))
    shown = np.interp(times - 0.1, grid, wish(400))
    assert find_offset(asked, shown, times, np.ones(400, bool)) == pytest.approx(0.1, abs=0.012)


def test_closures_are_counted_where_the_mouth_is_with_one_frame_of_grace() -> None:
    seen = make_seen(500, late=0.2)
    good = measure_sync(seen.aim, seen.aperture, seen.times, seen.drawn)
    assert good.closed > 50
    assert good.hits > 0.95 * good.closed
    parted = seen.looks.mouth.copy()
    parted[:, 0] += 0.05
    bad = with_looks(seen, mouth=parted)
    assert measure_sync(bad.aim, bad.aperture, bad.times, bad.drawn).hits == 0


def test_too_little_talk_tells_nothing() -> None:
    seen = make_seen(200, talk=slice(0, LEAST_FRAMES - 1))
    found = measure_sync(seen.aim, seen.aperture, seen.times, seen.drawn)
    assert (found.offset_ms, found.r, found.frames) == (None, None, LEAST_FRAMES - 1)


def test_frames_that_pass_through_do_not_count() -> None:
    seen = make_seen(400)
    mouth = seen.looks.mouth.copy()
    mouth[200:, 0] = 0.3  # the source's own, whatever it does
    drawn = np.arange(400) < 200
    spoilt = replace(with_looks(seen, mouth=mouth), drawn=drawn)
    found = measure_sync(spoilt.aim, spoilt.aperture, spoilt.times, spoilt.drawn)
    assert found.r is not None
    assert found.r > 0.95
    assert found.frames == 200
