"""Curves of a dub as SVG, row by row: the sound, the mouth it asks for, the mouth that is seen, the flags."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lipsync_ray.quality.figures import Seen
from lipsync_ray.quality.flags import Flag

ROW_S = 10.0  # of a plot
WIDTH, HEIGHT = 960, 150  # px of one
_TOP, _BOTTOM = 18, 16  # px for flags and times
MOST_ROWS = 40


def plots(seen: Seen, levels: np.ndarray, levels_per_s: float, flags: Sequence[Flag]) -> list[str]:
    """One SVG for every ten seconds; of a long dub those with flags, and some of the others.

    Args:
        seen: the measured dub.
        levels: loudness of its sound, ``float[m]`` 0..1, from the first frame on.
        levels_per_s: how many there are a second.
        flags: what is marked.
    """
    end = float(seen.times[-1])
    count = int(end // ROW_S) + 1
    shown = range(count)
    if count > MOST_ROWS:
        flagged = {
            int(seen.times[number] // ROW_S)
            for flag in flags
            if not flag.whole
            for number in range(flag.start, flag.stop)
        }
        spread = np.linspace(0, count - 1, MOST_ROWS // 2).astype(int).tolist()
        shown = sorted(set(sorted(flagged)[:MOST_ROWS]) | set(spread))
    top = _ceiling(seen)
    return [_row(seen, levels, levels_per_s, flags, row * ROW_S, top) for row in shown]


def _ceiling(seen: Seen) -> float:
    known = seen.aperture[np.isfinite(seen.aperture)]
    highest = max(float(known.max(initial=0.0)), float(seen.aim.wanted[:, 0].max(initial=0.0)))
    return max(highest, 0.05) * 1.08


def _row(
    seen: Seen, levels: np.ndarray, per_s: float, flags: Sequence[Flag], start: float, top: float
) -> str:
    rows = np.flatnonzero((seen.times >= start) & (seen.times < start + ROW_S))
    heard = levels[: int(float(seen.times[-1]) * per_s) + 1]
    parts = [_marks(seen, flags, start), _wave(heard, per_s, start), _gaps(seen, rows, start)]
    offset = (seen.aim.own_offset_ms or 0.0) / 1000
    wanted = np.interp(seen.times - offset, seen.times, seen.aim.wanted[:, 0])
    parts += [
        _curve("wanted", seen.times, wanted, rows, start, top),
        _curve("seen", seen.times, seen.aperture, rows, start, top),
        _axis(start),
    ]
    title = f"{start:g} to {min(start + ROW_S, float(seen.times[-1])):.1f} s"
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="Wanted and seen opening, {title}">'
        f"{''.join(parts)}</svg>"
    )


def _x(time: float, start: float) -> float:
    return round((time - start) / ROW_S * WIDTH, 1)


def _curve(
    name: str, times: np.ndarray, values: np.ndarray, rows: np.ndarray, start: float, top: float
) -> str:
    height = HEIGHT - _TOP - _BOTTOM
    points: list[list[str]] = [[]]
    for row in rows.tolist():
        if not np.isfinite(values[row]):
            points.append([])
            continue
        y = _TOP + height * (1 - min(max(float(values[row]) / top, 0.0), 1.0))
        points[-1].append(f"{_x(float(times[row]), start)},{y:.1f}")
    return "".join(f'<polyline class="{name}" points="{" ".join(run)}"/>' for run in points if run)


def _wave(levels: np.ndarray, per_s: float, start: float) -> str:
    """The sound as a silhouette around the middle."""
    first, last = int(start * per_s), int((start + ROW_S) * per_s)
    part = levels[first:last]
    middle, reach = _TOP + (HEIGHT - _TOP - _BOTTOM) / 2, (HEIGHT - _TOP - _BOTTOM) / 2
    upper = [f"{_x(start + k / per_s, start)},{middle - reach * v:.1f}" for k, v in enumerate(part)]
    lower = [f"{_x(start + k / per_s, start)},{middle + reach * v:.1f}" for k, v in enumerate(part)]
    return f'<polygon class="wave" points="{" ".join([*upper, *reversed(lower)])}"/>' if upper else ""


def _gaps(seen: Seen, rows: np.ndarray, start: float) -> str:
    """Frames that show the source's own mouth."""
    left = ~seen.drawn[rows]
    edges = np.flatnonzero(np.diff(left.astype(np.int8), prepend=0, append=0)).reshape(-1, 2)
    boxes = []
    for first, last in edges.tolist():
        x = _x(float(seen.times[rows[first]]), start)
        width = _x(float(seen.times[rows[last - 1]]), start) - x + WIDTH / (25 * ROW_S)
        boxes.append(
            f'<rect class="left" x="{x}" y="{_TOP}" width="{width:.1f}" height="{HEIGHT - _TOP - _BOTTOM}"/>'
        )
    return "".join(boxes)


def _marks(seen: Seen, flags: Sequence[Flag], start: float) -> str:
    """Flags of part of the dub; what concerns all of it is told in words."""
    marks = []
    for flag in flags:
        if flag.whole:
            continue
        begin, end = float(seen.times[flag.start]), float(seen.times[flag.stop - 1])
        if end < start or begin >= start + ROW_S:
            continue
        x = max(_x(begin, start), 0.0)
        width = max(min(_x(end, start), WIDTH) - x, 3.0)
        marks.append(
            f'<rect class="flag" x="{x}" y="0" width="{width:.1f}" height="{HEIGHT - _BOTTOM}"/>'
            f'<text class="flag" x="{x + 2}" y="12">{flag.kind}</text>'
        )
    return "".join(marks)


def _axis(start: float) -> str:
    return "".join(
        f'<text class="time" x="{_x(start + second, start) + 2}" y="{HEIGHT - 3}">{start + second:g} s</text>'
        for second in range(0, int(ROW_S), 2)
    )
