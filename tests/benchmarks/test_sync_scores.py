from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scores
from scores import Offset

from tests.benchmarks import synced


def test_a_perfect_prediction():
    result = scores.score(synced.track(), synced.truth())
    assert result.offset.known
    assert abs(result.offset.seconds) < 0.003
    assert min(result.r0, result.r, result.r_all, result.width, result.width_speech) > 0.97
    assert result.closures.f > 0.95
    assert result.closures.plosives > 0.95
    assert abs(result.lag) < 0.004
    assert result.gain == pytest.approx(1, abs=0.15)
    assert result.jitter == pytest.approx(1, abs=0.2)
    assert np.isnan(result.pauses)
    assert result.seconds == pytest.approx(synced.SECONDS, abs=0.1)


@pytest.mark.parametrize("offset", [-0.08, -0.033, 0.017, 0.05, 0.1])
@pytest.mark.parametrize("rate", [24.0, 50.0])
def test_a_late_picture_has_a_positive_offset(offset, rate):
    found = scores.find_offset(synced.track(), synced.truth(offset, rate))
    assert found.known
    assert found.seconds == pytest.approx(offset, abs=0.005)


def test_the_offset_is_taken_out_before_judging():
    late = scores.score(synced.track(), synced.truth(0.08))
    assert late.r > 0.97 > 0.8 > late.r0
    assert late.closures.f > 0.95


def test_an_offset_beyond_the_range_is_not_believed():
    far = scores.find_offset(synced.track(), synced.truth(0.4))
    assert not far.known or far.peak < 0.5


def test_a_constant_prediction_tells_no_offset_and_no_r():
    flat = synced.track(**{name: np.zeros(1201) for name in ("aperture", "width", "closure")})
    result = scores.score(flat, synced.truth())
    assert result.offset == Offset(seconds=0.0, known=False, peak=-1.0)
    assert np.isnan(result.r)
    assert result.closures.recall == 0
    assert result.closures.f == 0


def test_lag_is_that_of_the_aperture_alone_after_the_offset():
    truth = replace(synced.truth(), aperture=synced.truth(0.05).aperture)
    assert scores.peak_lag(synced.track(), truth) == pytest.approx(0.05, abs=0.005)
    assert scores.peak_lag(synced.track(late=0.03), synced.truth()) == pytest.approx(-0.03, abs=0.005)
    result = scores.score(synced.track(), truth)
    assert result.lag == pytest.approx(0.05 - result.offset.seconds, abs=0.005)


def test_a_given_offset_is_kept():
    given = Offset(seconds=0.02, known=True, peak=0.5)
    assert scores.score(synced.track(), synced.truth(), offset=given).offset is given


def test_chance_gives_nothing():
    result = scores.score(synced.track(), synced.truth())
    assert abs(result.null) < 0.15
    assert abs(result.null_best) < 0.25
    other = scores.score(synced.track(seed=7), synced.truth())
    assert abs(other.r0) < 0.3


def test_frames_of_their_own_times_are_met():
    rng = np.random.default_rng(3)
    whole = synced.truth(rate=50)
    kept = np.sort(rng.choice(len(whole.times), len(whole.times) * 2 // 3, replace=False))
    parts = {name: getattr(whole, name)[kept] for name in ("times", "aperture", "width")}
    result = scores.score(synced.track(), replace(whole, **parts))
    assert result.r > 0.97
    assert result.jitter == pytest.approx(1, abs=0.2)


def test_frames_without_a_face_count_nowhere():
    truth = synced.truth()
    gone = truth.aperture.copy()
    gone[50:90] = np.nan
    result = scores.score(synced.track(), replace(truth, aperture=gone))
    assert result.r > 0.97
    assert result.seconds == pytest.approx(synced.SECONDS - 40 / 25, abs=0.1)


def test_only_speech_counts_but_for_the_pauses():
    truth = synced.truth(silent=(4, 8))
    curve = synced.track().aperture.copy()
    curve[400:800] = 0
    result = scores.score(synced.track(aperture=curve), truth)
    assert result.r > 0.95 > result.r_all
    assert result.pauses < 0.05
    assert result.seconds == pytest.approx(synced.SECONDS - 4, abs=0.1)
    quivering = curve + np.where(np.arange(1201) % 8 < 4, 0.1, 0.0)
    assert scores.score(synced.track(aperture=quivering), truth).pauses > 0.1


def test_half_the_opening_and_a_nervous_mouth():
    track, truth = synced.track(), synced.truth()
    half = scores.score(synced.track(aperture=0.5 * track.aperture), truth)
    assert half.gain == pytest.approx(0.5 * scores.score(track, truth).gain, abs=0.02)
    nervous = track.aperture + 0.3 * np.where(np.arange(1201) % 8 < 4, 1, 0)
    assert scores.score(synced.track(aperture=nervous), truth).jitter > 1.5


@pytest.mark.parametrize(
    ("shift", "right", "met", "caught"), [(0, 3, 3, 1), (1, 3, 3, 1), (2, 2, 2, 1), (4, 0, 0, 0)]
)
def test_closures_may_be_one_frame_off(shift, right, met, caught):
    measured = np.zeros(20, bool)
    measured[8:11] = True
    found = scores.count_closures(np.roll(measured, shift), measured, np.ones(20, bool))
    assert (found.predicted, found.measured, found.events) == (3, 3, 1)
    assert (found.right, found.met, found.caught) == (right, right, min(right, 1))


def test_closures_outside_speech_do_not_count():
    measured = np.zeros(20, bool)
    measured[3:6] = measured[12:14] = True
    found = scores.count_closures(np.ones(20, bool), measured, np.arange(20) >= 10)
    assert (found.predicted, found.right, found.measured, found.met, found.events) == (10, 4, 2, 2, 1)
    assert found.precision == pytest.approx(0.4)
    assert found.f == pytest.approx(0.8 / 1.4)
    both = found + found
    assert (both.predicted, both.events, both.f) == (20, 2, found.f)


def test_without_closures_there_is_no_recall():
    none = np.zeros(5, bool)
    found = scores.count_closures(none, none, ~none)
    assert found.precision == 0
    assert np.isnan(found.recall)
    assert np.isnan(found.plosives)


def test_closed_is_relative_to_the_clip():
    aperture = np.append(np.linspace(0, 1, 101), np.nan)
    assert scores.closed_frames(aperture).sum() == 15
    assert scores.closed_frames(0.01 * aperture).sum() == 15
    assert not scores.closed_frames(np.full(3, np.nan)).any()


def test_the_top_of_a_parabola():
    place, height = scores.top(1 - (np.arange(10) - 4.3) ** 2)
    assert place == pytest.approx(4.3)
    assert height == pytest.approx(1 - 0.09)
    assert scores.top(np.arange(5.0))[0] is None


def test_steady_movement_has_no_jerk_whatever_the_times():
    times = np.cumsum([0.0, 0.04, 0.02, 0.07, 0.03])
    everywhere = np.ones(5, bool)
    assert scores.jerk(3 * times, times, everywhere) == pytest.approx(0, abs=1e-9)
    assert scores.motion(3 * times, times, everywhere) == pytest.approx(3)
    assert np.isnan(scores.motion(times, times, np.array([True, False] * 2 + [True])))
