"""Steady without lag, never across a break, and the same from any stretch with a margin."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lipsync_ray.engines.steady import steady
from tests.engines.heads import stretches


@given(st.data(), stretches(), st.integers(0, 6))
def test_a_row_depends_on_its_reach_alone(
    data: st.DataObject, stretch: tuple[np.ndarray, np.ndarray], reach: int
) -> None:
    there, breaks = stretch
    values = np.random.default_rng(1).normal(300, 40, (len(there), 4))
    values[~there] = np.nan
    row = data.draw(st.integers(0, len(there) - 1))
    start = max(0, row - reach - data.draw(st.integers(0, 3)))
    stop = row + reach + 1 + data.draw(st.integers(0, 3))
    part = steady(values[start:stop], breaks[start:stop], reach)[row - start]
    assert np.array_equal(part, steady(values, breaks, reach)[row], equal_nan=True)


@given(stretches(), st.integers(0, 6))
def test_a_straight_motion_stays_as_it_is(stretch: tuple[np.ndarray, np.ndarray], reach: int) -> None:
    there, breaks = stretch
    motion = np.arange(len(there))[:, None] * (3.0, -2.0) + (100, 50)
    motion[breaks.cumsum() % 2 == 1] += 500
    motion[~there] = np.nan
    np.testing.assert_allclose(steady(motion, breaks, reach), motion, atol=1e-8)


def test_inside_a_run_it_is_the_mean() -> None:
    values = np.random.default_rng(2).normal(size=(9, 2, 3))
    smooth = steady(values, np.zeros(9, bool), 2)
    np.testing.assert_allclose(smooth[4], values[2:7].mean(0))
    assert smooth.shape == values.shape


def test_the_other_side_of_a_cut_counts_for_nothing() -> None:
    values = np.random.default_rng(3).normal(size=(10, 1))
    breaks = np.arange(10) == 5
    there = steady(values, breaks, 4)
    values[5:] += 1000
    assert np.array_equal(steady(values, breaks, 4)[:5], there[:5])
    assert not np.array_equal(steady(values, np.zeros(10, bool), 4)[:5], there[:5])


def test_noise_gets_less() -> None:
    noise = np.random.default_rng(4).normal(size=(400, 1))
    assert steady(noise, np.zeros(400, bool), 2).std() < 0.5 * noise.std()
