from __future__ import annotations

import measures
import numpy as np
import pytest


@pytest.fixture
def curve():
    time = np.arange(200) / 25
    return np.maximum(0, 0.1 * np.sin(7 * time) + 0.06 * np.sin(17 * time) + 0.05)


def test_a_perfect_output(curve):
    result = measures.follow(curve, curve, curve, curve)
    assert result.r == pytest.approx(1)
    assert result.gain == pytest.approx(1)
    assert result.width_r == pytest.approx(1)
    assert result.mae == 0
    assert result.lag == 0
    assert result.hits == result.closed == (curve < 0.012).sum() > 10
    assert result.frames == 200


@pytest.mark.parametrize("lag", [-8, -3, 0, 1, 5])
def test_lag_is_positive_when_the_output_is_late(curve, lag):
    assert measures.peak_lag(curve, np.roll(curve, lag)) == lag


def test_lag_of_a_short_or_constant_curve_is_zero():
    assert measures.peak_lag(np.ones(30), np.ones(30)) == 0
    assert measures.peak_lag(np.ones(2), np.ones(2)) == 0


def test_frames_without_a_face_do_not_count(curve):
    output = curve.copy()
    output[50:60] = np.nan
    result = measures.follow(curve, output, curve, curve)
    assert result.frames == 190
    assert result.r == pytest.approx(1)
    assert result.mae == 0


def test_gain_and_error_of_a_smaller_opening(curve):
    result = measures.follow(curve, 0.5 * curve, curve, -curve)
    assert result.gain == pytest.approx(0.5)
    assert result.mae == pytest.approx(0.5 * curve.mean())
    assert result.width_r == pytest.approx(-1)


def test_closed_hits():
    target = np.array([0, 0.011, 0.012, 0.1, 0])
    output = np.array([0.019, 0.02, 0.0, 0.0, -0.01])
    assert measures.closed_hits(target, output) == (2, 3)


def test_constant_curves_have_no_correlation():
    assert np.isnan(measures.correlation(np.ones(5), np.arange(5.0)))
    assert np.isnan(measures.slope(np.ones(5), np.arange(5.0)))


def test_curves_of_unequal_length_are_refused():
    with pytest.raises(ValueError, match="one length"):
        measures.both(np.zeros(3), np.zeros(4))


def test_flicker_ignores_steady_change_and_sees_a_flash():
    ramp = np.arange(10)[:, None, None, None] * np.ones((10, 4, 4, 3))
    assert measures.flicker(ramp) == 0
    flash = np.zeros((5, 4, 4, 3), np.uint8)
    flash[2] = 100
    assert measures.flicker(flash) == pytest.approx((100 + 200 + 100) / 3)
    weight = np.zeros((4, 4))
    weight[0, 0] = 1
    flash[:, 0, 0] = 7
    assert measures.flicker(flash, weight) == 0
    assert np.isnan(measures.flicker(flash[:2]))
