"""How a scan is cut: ranges that become files, and tasks of ranges that one worker decodes in one go."""

from __future__ import annotations

import numpy as np

from lipsync_ray.media.table import FrameTable

RANGE_S = 12.0  # aimed at
SHORTEST_S, LONGEST_S = 8.0, 18.0  # a boundary may move this far to meet a keyframe
MAX_TASK_RANGES = 64  # bounds what a task returns
PREROLL = 2.0  # frames decoded in vain before a task, at most, per frame of the task before it


def scan_ranges(table: FrameTable) -> list[tuple[int, int]]:
    """Half-open frame ranges, 8 to 18 s long, that start at keyframes where those allow it.

    A function of the table alone: whoever scans, and however many, the parts are the same.
    """
    n, times = len(table), table.times()
    keys = np.searchsorted(table.pts, table.key_pts)
    key_times = times[keys[keys < n]]
    starts = [0]
    while True:
        begin = times[starts[-1]]
        if times[-1] - begin < LONGEST_S:
            break
        inside = key_times[(key_times >= begin + SHORTEST_S) & (key_times <= begin + LONGEST_S)]
        goal = begin + RANGE_S
        near = inside[np.argmin(np.abs(inside - goal))] if len(inside) else goal
        following = int(np.searchsorted(times, near, side="left"))
        starts.append(max(following, starts[-1] + 1))
        if starts[-1] >= n - 1:
            break
    return [(a, b) for a, b in zip(starts, [*starts[1:], n], strict=True) if a < b]


def scan_tasks(table: FrameTable, ranges: list[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    """Group ranges into tasks: each decodes on from one seek, so that little is decoded twice.

    Where the frames before a range cannot be skipped (far from a keyframe, no index), the range stays
    with the one before it until the work already gathered outweighs what a fresh start would cost.
    """
    keys = np.searchsorted(table.pts, table.key_pts)
    tasks: list[list[tuple[int, int]]] = []
    for start, stop in ranges:
        key = int(keys[table.governing_key(start)]) if table.indexed and len(keys) else 0
        group = tasks[-1] if tasks else []
        adjacent = bool(group) and group[-1][1] == start
        useful = start - group[0][0] if group else 0
        if adjacent and len(group) < MAX_TASK_RANGES and start - key > PREROLL * useful:
            group.append((start, stop))
        else:
            tasks.append([(start, stop)])
    return tasks
