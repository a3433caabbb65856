from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipsync_ray.speech.visemes.shelf import Shelf

COUNT = 10_000
ROWS = np.random.default_rng(0).integers(-30_000, 30_000, (COUNT, 3)).astype(np.int16)


@pytest.fixture(scope="module", params=[2**22, 100], ids=["memory", "file"])
def shelf(request) -> Shelf:
    made = Shelf(3, np.int16, most_bytes=request.param)
    for start in range(0, COUNT, 777):
        made.add(ROWS[start : start + 777])
    return made


def test_all_rows_are_there(shelf):
    assert len(shelf) == COUNT
    np.testing.assert_array_equal(shelf[:], ROWS)


@given(start=st.integers(0, COUNT), count=st.integers(0, 500))
def test_a_range_is_that_of_an_array(shelf, start, count):
    np.testing.assert_array_equal(shelf[start : start + count], ROWS[start : start + count])


@given(numbers=st.sets(st.integers(0, COUNT - 1), max_size=50))
def test_chosen_rows_are_those_of_an_array(shelf, numbers):
    chosen = np.array(sorted(numbers), np.int64)
    np.testing.assert_array_equal(shelf[chosen], ROWS[chosen])


def test_rows_may_be_added_after_some_were_read():
    made = Shelf(3, np.int16)
    made.add(ROWS[:10])
    np.testing.assert_array_equal(made[2:5], ROWS[2:5])
    made.add(ROWS[10:20])
    np.testing.assert_array_equal(made[:], ROWS[:20])


def test_what_is_many_takes_no_memory():
    made = Shelf(48, np.int16)
    block = np.zeros((1000, 48), np.int16)
    tracemalloc.start()
    for _ in range(200):
        made.add(block)
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert len(made) == 200_000
    assert held < 1e6
