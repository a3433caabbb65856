from __future__ import annotations

from dataclasses import replace

import dubscores
import numpy as np
import pytest
from dubscores import Mouth

from tests.benchmarks import synced


def dub_of(truth, late=0.0, gain=1.0, times=None):
    """The truth as a dub would show it, ``late`` seconds after it was said."""
    times = truth.times if times is None else times
    return Mouth(
        times=times,
        aperture=gain * synced.UNIT * synced.opening(times - late),
        width=0.6 + 0.1 * synced.opening(times - late, 101),
    )


def judged(truth, out, target=None, told=None):
    facts = {"kind": "dubbed", "whole": truth, "told": told, "flicker": (1.0, 1.0)}
    return dubscores.judge(out=out, target=target, truth=truth, **facts)


def test_a_perfect_dub():
    truth = synced.truth()
    row = judged(truth, dub_of(truth), dub_of(truth))
    for value in (row.r, row.r_all, row.r_target, row.r_target_all, row.follow, row.width, row.width_target):
        assert value == pytest.approx(1)
    assert (row.lag, row.lag_target, row.mae) == pytest.approx((0, 0, 0), abs=0.01)
    assert (row.p95, row.p95_target, row.jitter) == pytest.approx((1, 1, 1))
    assert row.closures.f == row.closures.plosives == 1
    assert row.drawn == row.asked > 10
    assert np.isnan(row.pauses)


@pytest.mark.parametrize("frames", [-3, -0.5, 1, 2])
@pytest.mark.parametrize("rate", [25.0, 50.0])
def test_a_late_dub_has_a_positive_lag(frames, rate):
    truth = synced.truth(rate=rate)
    row = judged(truth, dub_of(truth, late=frames / rate))
    assert row.lag == pytest.approx(frames, abs=0.1)
    assert np.isnan(row.r_target)
    assert np.isnan(row.lag_target)


def test_frames_need_not_fall_on_those_of_the_truth():
    truth = synced.truth(rate=50)
    times = np.sort(np.random.default_rng(4).uniform(0.1, synced.SECONDS - 0.1, 300))
    row = judged(truth, dub_of(truth, times=times))
    assert row.r > 0.99
    assert row.lag == pytest.approx(0, abs=0.1)


def test_a_small_opening_is_told():
    truth = synced.truth()
    row = judged(truth, dub_of(truth, gain=0.5), dub_of(truth))
    assert row.r == pytest.approx(1)
    assert row.p95 == pytest.approx(0.5)
    assert row.p95_target == pytest.approx(1)
    assert row.mae == pytest.approx(0.5 * truth.aperture.mean())
    assert row.jitter == pytest.approx(0.5)


def test_closed_means_the_same_gap_in_output_and_truth():
    truth = synced.truth()
    row = judged(truth, dub_of(truth, gain=0.1))
    assert row.closures.recall == 1
    assert row.closures.precision < 0.8
    assert judged(truth, replace(dub_of(truth), aperture=truth.aperture + 0.03)).closures.f == 0


def test_closures_asked_for_and_not_drawn():
    truth = synced.truth()
    target = dub_of(truth)
    row = judged(truth, replace(target, aperture=target.aperture + 0.021), target)
    assert row.drawn == 0 < row.asked
    assert row.p95 == pytest.approx(1 + 0.021 / np.percentile(truth.aperture, 95), rel=0.01)


def test_frames_that_are_not_dubbed_count_nowhere():
    truth = synced.truth()
    good, bad = dub_of(truth), np.arange(300) % 3 == 0
    spoilt = Mouth.of(good.times, np.where(bad, 9.0, good.aperture), good.width, ~bad)
    row = judged(truth, spoilt, good)
    assert row.r == pytest.approx(1)
    assert row.closures.predicted == row.closures.measured < judged(truth, good).closures.measured


def test_pauses_are_where_the_sound_is_silent_after_the_offset():
    whole = synced.truth(silent=(4, 8))
    quiet = ((whole.times > 4.19) & (whole.times < 8.21)) | (whole.times < 0.21)  # also before the sound
    still = np.where(quiet, 0.01, whole.aperture)
    row = judged(whole, replace(dub_of(whole), aperture=still), told=200.0)
    assert row.pauses == pytest.approx(0, abs=1e-6)
    assert row.seconds == pytest.approx(synced.SECONDS - 4.2, abs=0.1)
    assert judged(whole, replace(dub_of(whole), aperture=still)).pauses > 0.01


def test_the_average():
    truth = synced.truth()
    one, other = judged(truth, dub_of(truth), dub_of(truth)), judged(truth, dub_of(truth, gain=0.5))
    mean = dubscores.average([one, other])
    assert mean.p95 == pytest.approx(0.75)
    assert mean.r_target == one.r_target
    assert mean.closures.measured == 2 * one.closures.measured
    assert mean.flicker == (1.0, 1.0)
    assert np.isnan(mean.pauses)
