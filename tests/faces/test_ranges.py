"""Ranges cover every frame once, depend on the table alone, and start at keyframes where there are some."""

from __future__ import annotations

import itertools
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipsync_ray.faces.ranges import scan_ranges, scan_tasks
from lipsync_ray.media.frame import PixelLayout
from lipsync_ray.media.table import ColourTags, FrameTable, VideoInfo

VIDEO = VideoInfo(
    width=640,
    height=360,
    coded_width=640,
    coded_height=360,
    rotation=0,
    pix_fmt="yuv420p",
    layout=PixelLayout(),
    sample_aspect_ratio=Fraction(1),
    codec="h264",
    bit_rate=None,
    time_base=Fraction(1, 1000),
    nominal_rate=Fraction(25),
    colour=ColourTags(),
    container="mov",
    has_audio=False,
)


def table(times_ms: np.ndarray, keys: np.ndarray, indexed: bool = True) -> FrameTable:
    pts = np.asarray(times_ms, np.int64)
    return FrameTable(
        path="x.mp4",
        video=VIDEO,
        pts=pts,
        key_pts=pts[keys],
        key_dts=pts[keys],
        origin=Fraction(0),
        end_pts=int(pts[-1]) + 40,
        indexed=indexed,
    )


@given(
    gaps=st.lists(st.integers(1, 4000), min_size=1, max_size=400),
    keys=st.sets(st.integers(0, 399)),
    indexed=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_every_frame_is_in_one_range_and_every_range_in_one_task(
    gaps: list[int], keys: set[int], indexed: bool
) -> None:
    frames = table(np.cumsum(gaps), np.array(sorted({0, *(k for k in keys if k < len(gaps))})), indexed)
    ranges = scan_ranges(frames)
    assert [i for a, b in ranges for i in range(a, b)] == list(range(len(gaps)))
    tasks = scan_tasks(frames, ranges)
    assert [r for task in tasks for r in task] == ranges
    assert all(a[1] == b[0] for task in tasks for a, b in itertools.pairwise(task))


def test_ranges_start_at_keyframes() -> None:
    frames = table(np.arange(0, 600_000, 40), np.arange(0, 15_000, 250))
    ranges = scan_ranges(frames)
    assert all(start % 250 == 0 for start, _ in ranges)
    assert all(8 <= (stop - start) / 25 <= 18 for start, stop in ranges)
    assert [len(task) for task in scan_tasks(frames, ranges)] == [1] * len(ranges)


def test_a_video_of_one_keyframe_is_not_decoded_over_and_over() -> None:
    frames = table(np.arange(0, 1_800_000, 40), np.array([0]))
    for version in (frames, replace(frames, indexed=False)):
        tasks = scan_tasks(version, scan_ranges(version))
        decoded = sum(task[-1][1] for task in tasks)
        assert decoded < 4 * len(version)
        assert len(tasks) > 2


@pytest.mark.parametrize("missing", [{3}, {2, 3, 7}])
def test_tasks_of_a_resumed_scan_hold_what_is_missing(missing: set[int]) -> None:
    frames = table(np.arange(0, 200_000, 40), np.array([0]))
    left = [r for i, r in enumerate(scan_ranges(frames)) if i in missing]
    assert [r for task in scan_tasks(frames, left) for r in task] == left
