"""What a chunk decodes and draws: enough, and the same frames however the job is cut."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lipsync_ray.engines.base import FrameContext
from lipsync_ray.schedule import Stretch, cut_runs, in_batches, schedule

flags = st.lists(st.booleans(), min_size=1, max_size=60)


@st.composite
def jobs(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, list[int], int, FrameContext]:
    touched = np.array(draw(flags))
    breaks = np.array(draw(st.lists(st.booleans(), min_size=len(touched), max_size=len(touched))))
    cuts = draw(st.lists(st.integers(0, len(touched)), max_size=4))
    context = FrameContext(before=draw(st.integers(0, 5)), after=draw(st.integers(0, 5)))
    return touched, breaks, sorted({0, *cuts, len(touched)}), draw(st.integers(1, 5)), context


@given(jobs())
def test_every_frame_is_in_one_stretch_and_lies_between_drawn_ones(
    job: tuple[np.ndarray, np.ndarray, list[int], int, FrameContext],
) -> None:
    touched, breaks, cuts, every, context = job
    for start, stop in pairwise(cuts):
        stretches = schedule(touched, breaks, start, stop, every=every, context=context)
        assert [n for part in stretches for n in range(part.start, part.stop)] == list(range(start, stop))
        for part in stretches:
            assert all(touched[part.start : part.stop]) if part.keys else not touched[part.start]
            if part.keys:
                assert part.keys[0] <= part.start
                assert part.keys[-1] >= part.stop - 1


@given(jobs())
def test_what_is_drawn_does_not_depend_on_the_cuts(
    job: tuple[np.ndarray, np.ndarray, list[int], int, FrameContext],
) -> None:
    touched, breaks, cuts, every, context = job
    (*whole,) = schedule(touched, breaks, 0, len(touched), every=every, context=context)
    keys = {key for part in whole for key in part.keys}
    looks = {look for part in whole for look in part.looks}
    for start, stop in pairwise(cuts):
        for part in schedule(touched, breaks, start, stop, every=every, context=context):
            assert keys >= set(part.keys)
            assert looks >= set(part.looks)
            assert set(range(part.start, part.stop)) & keys <= set(part.keys)
            near = {
                look
                for look in looks
                if _near(look, part, context) and _same_run(look, part, touched, breaks)
            }
            assert near <= set(part.looks)


def _near(look: int, part: Stretch, context: FrameContext) -> bool:
    return any(key - context.before <= look <= key + context.after for key in part.keys)


def _same_run(look: int, part: Stretch, touched: np.ndarray, breaks: np.ndarray) -> bool:
    edges = cut_runs(touched, breaks)
    return np.searchsorted(edges, look, "right") == np.searchsorted(edges, part.start, "right")


def test_frames_between_need_their_drawn_neighbours() -> None:
    (part,) = schedule(np.ones(20, bool), np.arange(20) == 0, 7, 9, every=4)
    assert part == Stretch(start=7, stop=9, keys=(4, 8), looks=())
    assert part.wanted() == [4, 7, 8]
    (part,) = schedule(np.ones(20, bool), np.arange(20) == 0, 17, 20, every=4)
    assert part.keys == (16, 19)


def test_context_stays_inside_a_run() -> None:
    breaks = np.isin(np.arange(20), [0, 10])
    context = FrameContext(before=3, after=3)
    first, second = schedule(np.ones(20, bool), breaks, 8, 12, context=context)
    assert (first.looks, second.looks) == (tuple(range(5, 10)), tuple(range(10, 15)))


def test_batches_hold_all_in_order() -> None:
    assert list(in_batches((1, 2, 3, 4, 5), 2)) == [(1, 2), (3, 4), (5,)]
