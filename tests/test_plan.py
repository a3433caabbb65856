from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipsync_ray.errors import PlanError
from lipsync_ray.plan import Chunk, cut_chunks, fade_weights


@given(st.integers(1, 500))
def test_fade_weights_are_a_partition_of_unity(overlap: int) -> None:
    later = fade_weights(overlap)
    assert np.all((later > 0) & (later < 1))
    assert np.all(np.diff(later) > 0)
    assert np.abs(later + later[::-1] - 1).max() <= 1e-12


@given(
    total=st.integers(1, 2000),
    seconds=st.floats(0.05, 100),
    overlap=st.integers(0, 12),
    marks=st.lists(st.integers(1, 1999), max_size=20),
    keys=st.lists(st.integers(0, 1999), max_size=20),
    irregular=st.booleans(),
)
def test_every_output_frame_is_rendered_and_shared_only_with_the_neighbour(
    total: int, seconds: float, overlap: int, marks: list[int], keys: list[int], irregular: bool
) -> None:
    times = np.arange(total) / 25.0
    if irregular:
        times = np.cumsum(np.where(np.arange(total) % 3, 0.033, 0.067))
    shots = [mark for mark in marks if mark < total]
    chunks = cut_chunks(
        times,
        seconds=seconds,
        overlap=overlap,
        shot_starts=shots,
        key_frames=[key for key in keys if key < total],
    )
    assert chunks[0].start == 0
    assert chunks[-1].stop == total
    assert chunks[0].head == 0
    assert chunks[-1].tail == 0
    for left, right in pairwise(chunks):
        assert left.tail == right.head == left.stop - right.start
        assert left.tail in (0, overlap)
        assert left.interior.stop <= right.interior.start
    rendered = np.zeros(total, int)
    for chunk in chunks:
        rendered[chunk.start : chunk.stop] += 1
    assert rendered.min() == 1
    assert rendered.max() <= 2
    # What is put together takes each frame from one chunk alone, or from the fade of two.
    shown = [
        frame for chunk in chunks for frame in (*chunk.interior, *range(chunk.stop - chunk.tail, chunk.stop))
    ]
    assert shown == list(range(total))


def test_cuts_move_to_shot_starts_and_need_no_overlap_there() -> None:
    chunks = cut_chunks(np.arange(100) / 25, seconds=2.0, overlap=6, shot_starts=[45])
    assert [(c.start, c.stop, c.head, c.tail) for c in chunks] == [(0, 45, 0, 0), (45, 100, 0, 0)]


def test_cuts_move_to_keyframes_nearby() -> None:
    chunks = cut_chunks(np.arange(100) / 25, seconds=2.0, overlap=0, key_frames=[0, 48, 70])
    assert [c.start for c in chunks] == [0, 48]


def test_a_chunk_cannot_be_shorter_than_its_overlaps() -> None:
    with pytest.raises(PlanError, match="cannot hold"):
        Chunk(index=0, start=0, stop=5, head=3, tail=3)


def test_no_output_frame_is_an_error_of_the_plan() -> None:
    with pytest.raises(PlanError, match="no frame"):
        cut_chunks(np.zeros(0), seconds=1, overlap=0)
