"""A window holds its own frame's surroundings, of its own shot, and nothing else."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lipsync_ray.engines.video_retalking.coefficients import (
    AFTER,
    BEFORE,
    EXPRESSION,
    ROW,
    SCALE,
    frame_rows,
    motion_rows,
    scale_ratio,
    windows,
)
from tests.engines.heads import stretches


def numbered(count: int) -> np.ndarray:
    """Rows that tell their number in every coefficient."""
    return np.repeat(np.arange(count, dtype=np.float32)[:, None], ROW, 1)


def frames_of(rows: np.ndarray, breaks: np.ndarray, first: int, count: int = 1) -> list[list[float]]:
    return windows(rows, breaks, first, count)[:, 0].tolist()


def test_a_window_has_13_frames_before_and_12_after() -> None:
    assert frames_of(numbered(60), np.zeros(60, bool), 30) == [list(range(17, 43))]


def test_at_the_ends_of_a_run_its_outermost_frame_is_repeated() -> None:
    breaks = np.isin(np.arange(60), (20, 40))
    first, last = frames_of(numbered(60), breaks, 20)[0], frames_of(numbered(60), breaks, 39)[0]
    assert first == [20] * 13 + list(range(20, 33))
    assert last == [*range(26, 40), *[39] * 12]


def test_a_frame_without_a_face_takes_the_nearest_of_its_shot() -> None:
    rows = numbered(60)
    rows[[31, 32, 33, 41, 42]] = np.nan
    breaks = np.arange(60) == 43
    found = frames_of(rows, breaks, 30)[0]
    assert found[13:] == [30, 30, 30, 34, 34, *range(35, 41), 40, 40]


def test_without_any_face_there_is_no_window() -> None:
    rows = numbered(30)
    rows[:] = np.nan
    made = windows(rows, np.zeros(30, bool), 0, 30, expression=np.zeros(EXPRESSION, np.float32))
    assert made.shape == (30, ROW, BEFORE + 1 + AFTER)
    assert np.isnan(made).all()


@given(stretches(60), st.integers(0, 59), st.integers(1, 10))
def test_windows_do_not_depend_on_how_the_video_was_cut(
    stretch: tuple[np.ndarray, np.ndarray], first: int, count: int
) -> None:
    there, breaks = stretch
    first = min(first, len(there) - 1)
    count = min(count, len(there) - first)
    rows = np.random.default_rng(3).normal(size=(len(there), ROW)).astype(np.float32)
    rows[~there] = np.nan
    whole = windows(rows, breaks, first, count)
    start, stop = max(0, first - BEFORE), first + count + AFTER
    part = windows(rows[start:stop], breaks[start:stop], first - start, count)
    assert np.array_equal(part, whole, equal_nan=True)


def test_an_expression_replaces_the_frames_own_and_nothing_else() -> None:
    rows = np.random.default_rng(4).normal(size=(40, ROW)).astype(np.float32)
    wanted = np.arange(EXPRESSION, dtype=np.float32)
    own, calm = (windows(rows, np.zeros(40, bool), 5, 3, expression=e) for e in (None, wanted))
    assert (calm[:, :EXPRESSION] == wanted[:, None]).all()
    assert np.array_equal(calm[:, EXPRESSION:], own[:, EXPRESSION:])
    assert calm.dtype == np.float32


def test_the_ratio_is_of_the_most_similar_frame_that_has_a_face() -> None:
    rows = np.random.default_rng(5).normal(size=(20, ROW)).astype(np.float32)
    rows[:, SCALE] = np.linspace(1, 3, 20)
    source = rows[7] + np.float32(0.01)
    source[SCALE] = 4
    rows[3] = np.nan
    assert np.isclose(scale_ratio(source, rows), 4 / rows[7, SCALE])
    assert scale_ratio(rows[11], rows) == 1


def test_rows_are_cut_from_the_networks_answer() -> None:
    answer = np.arange(257, dtype=np.float32)[None]
    rows = motion_rows(frame_rows(answer, np.array([[256, 256, 0.8, 120, 130]])))
    assert rows.shape == (1, ROW)
    assert rows[0, :EXPRESSION].tolist() == list(range(80, 144))
    assert rows[0, EXPRESSION:].tolist() == [224, 225, 226, 254, 255, 256, np.float32(0.8), 120, 130]
