from __future__ import annotations

from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipsync_ray.distributed.pace import Pace
from lipsync_ray.distributed.tasks import Task


def task(cost: float = 1.0, kind: str = "draw", lane: str = "cpu") -> Task:
    return Task(key="a", payload=0, cost=cost, kind=kind, lane=lane)


def test_nothing_is_expected_before_three_are_known() -> None:
    pace = Pace()
    pace.note(task(), 1.0)
    pace.note(task(), 1.0)
    assert pace.expected(task()) is None
    pace.note(task(), 1.0)
    assert pace.expected(task()) == 1.0


def test_time_goes_with_cost() -> None:
    pace = Pace()
    for cost in (1.0, 2.0, 4.0):
        pace.note(task(cost), 3.0 * cost)
    assert pace.expected(task(10.0)) == pytest.approx(30.0)


@pytest.mark.parametrize("other", [{"kind": "scan"}, {"lane": "gpu"}])
def test_kinds_and_lanes_are_told_apart(other: dict[str, str]) -> None:
    pace = Pace()
    for _ in range(3):
        pace.note(task(), 1.0)
    assert pace.expected(task(**other)) is None


def test_one_outlier_changes_nothing() -> None:
    pace = Pace()
    for seconds in (1.0, 1.0, 1.0, 1.0, 900.0):
        pace.note(task(), seconds)
    assert pace.expected(task()) == 1.0


def test_work_without_cost_teaches_nothing() -> None:
    pace = Pace()
    for _ in range(5):
        pace.note(task(0.0), 1.0)
    assert pace.expected(task()) is None


@given(st.lists(st.floats(0.01, 100.0), min_size=3, max_size=150))
def test_the_median_of_the_last_64_is_expected(seconds: list[float]) -> None:
    pace = Pace()
    for each in seconds:
        pace.note(task(), each)
    assert pace.expected(task()) == pytest.approx(median(seconds[-64:]))
