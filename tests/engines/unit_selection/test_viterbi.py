"""The cheapest way through the units, against all ways there are."""

from __future__ import annotations

from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lipsync_ray.engines.unit_selection.viterbi import Problem, best_path

NONE = np.zeros(0, np.int64)


def problem(length: int, units: int, seed: int, moving: bool) -> Problem:
    """Whole numbers as costs: sums are exact in any order."""
    rng = np.random.default_rng(seed)
    costs = rng.integers(0, 20, (length, units)).astype(np.float32)
    return Problem(
        length=length,
        costs=lambda start, stop: costs[start:stop],
        transitions=rng.integers(0, 20, (units, units)).astype(np.float32),
        moving=np.full(length, moving),
        always=NONE,
        closing=np.zeros(length, bool),
    )


def cost(given: Problem, path: np.ndarray) -> float:
    local = given.costs(0, given.length)[np.arange(given.length), path].sum()
    return float(local + given.transitions[path[:-1], path[1:]].sum())


def longest_hold(path: np.ndarray) -> int:
    """How often the unit before is shown again, in a row."""
    most = run = 0
    for same in path[1:] == path[:-1]:
        run = run + 1 if same else 0
        most = max(most, run)
    return most


@settings(max_examples=150, deadline=None)
@given(length=st.integers(1, 5), units=st.integers(1, 4), seed=st.integers(0, 2**32 - 1))
def test_no_way_is_cheaper(length: int, units: int, seed: int) -> None:
    given = problem(length, units, seed, moving=False)
    found = best_path(given, candidates=units, max_holds=0)
    assert cost(given, found) == min(
        cost(given, np.array(way)) for way in product(range(units), repeat=length)
    )


@settings(max_examples=150, deadline=None)
@given(
    length=st.integers(2, 6),
    units=st.integers(2, 3),
    holds=st.integers(0, 3),
    seed=st.integers(0, 2**32 - 1),
)
def test_holds_are_kept_to_and_a_way_that_needs_no_limit_stays(
    length: int, units: int, holds: int, seed: int
) -> None:
    given = problem(length, units, seed, moving=True)
    found = best_path(given, candidates=units, max_holds=holds)
    ways = [np.array(way) for way in product(range(units), repeat=length)]
    assert longest_hold(found) <= holds
    assert cost(given, found) >= min(cost(given, way) for way in ways if longest_hold(way) <= holds)
    free = best_path(given, candidates=units, max_holds=length)
    assert cost(given, free) == min(cost(given, way) for way in ways)


@settings(max_examples=60, deadline=None)
@given(length=st.integers(1, 5), kept=st.integers(1, 3), seed=st.integers(0, 2**32 - 1))
def test_of_a_shortlist_no_way_is_cheaper(length: int, kept: int, seed: int) -> None:
    given = problem(length, 5, seed, moving=False)
    local = given.costs(0, length)
    found = best_path(given, candidates=kept, max_holds=0)
    worst = np.sort(local, axis=1)[:, kept - 1]
    assert np.all(local[np.arange(length), found] <= worst)
    strictly = [
        np.flatnonzero(local[t] < worst[t]) for t in range(length)
    ]  # on every shortlist, whatever its ties
    if all(len(units) for units in strictly):
        assert cost(given, found) <= min(cost(given, np.array(way)) for way in product(*strictly))
