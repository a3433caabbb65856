"""Timelines made from timelines: cut, repeated, stretched, resampled."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

import numpy as np

from lipsync_ray.media.output_times import Timeline

FINE = Fraction(1, 90000)  # at least this fine when times are computed rather than copied
EARLY = Fraction(1, 4)  # cfr: a frame that begins this part of an interval late still counts as begun


def _with(base: Timeline, pts: np.ndarray, source: np.ndarray, end: int, audio_end: Fraction) -> Timeline:
    return Timeline(
        time_base=base.time_base,
        pts=pts,
        source=source,
        end=end,
        audio_start=base.audio_start,
        audio_end=audio_end,
        nominal_rate=base.nominal_rate,
    )


def _silence(base: Timeline, sound: Fraction) -> Timeline:
    return base


def _cut(base: Timeline, sound: Fraction) -> Timeline:
    """The shorter of the two; at least one frame stays."""
    end = min(base.end, max(floor(sound / base.time_base), int(base.pts[0]) + 1))
    kept = int(np.searchsorted(base.pts, end))
    audio_end = min(sound, base.duration)
    return _with(base, base.pts[:kept], base.source[:kept], end, audio_end)


def _repeat(base: Timeline, sound: Fraction, order: np.ndarray) -> Timeline:
    """Frames ``order`` (one pass) again and again until the sound ends."""
    end = max(ceil(sound / base.time_base), int(base.pts[0]) + 1)
    lengths = base.durations()[order]
    starts = np.cumsum(lengths) - lengths
    period = int(lengths.sum())
    passes = max(1, -(-(end - int(base.pts[0])) // period))
    pts = (np.arange(passes, dtype=np.int64)[:, None] * period + starts).ravel() + base.pts[0]
    kept = int(np.searchsorted(pts, end))
    return _with(base, pts[:kept], np.tile(base.source[order], passes)[:kept], end, sound)


def _loop(base: Timeline, sound: Fraction) -> Timeline:
    return _repeat(base, sound, np.arange(len(base)))


def _bounce(base: Timeline, sound: Fraction) -> Timeline:
    forward = np.arange(len(base))
    return _repeat(base, sound, np.concatenate([forward, forward[-2:0:-1]]))


def _remap(base: Timeline, sound: Fraction) -> Timeline:
    """All times scaled by one factor, on a clock fine enough for it."""
    tick = min(base.time_base, FINE)
    scale = sound / base.duration * base.time_base / tick
    pts = np.array([round(int(p) * scale) for p in base.pts], np.int64)
    # Squeezed so far that two frames fall on one tick, the first of them stands for both.
    pts, kept = np.unique(pts, return_index=True)
    return Timeline(
        time_base=tick,
        pts=pts,
        source=base.source[kept],
        end=max(round(base.end * scale), int(pts[-1]) + 1),
        audio_start=base.audio_start,
        audio_end=sound,
        nominal_rate=(base.nominal_rate * base.duration / sound).limit_denominator(100_000),
        stretch=sound / base.duration,
    )


SHAPES = {"silence": _silence, "cut_off": _cut, "loop": _loop, "bounce": _bounce, "remap": _remap}


def clock(rate: Fraction) -> tuple[Fraction, int]:
    """A time base that holds every frame of ``rate`` exactly, and the ticks of one frame."""
    finer = ceil(10_000 / rate.numerator)  # MP4 wants a clock of 10 kHz or more
    return Fraction(1, rate.numerator * finer), rate.denominator * finer


def resample(base: Timeline, rate: Fraction) -> Timeline:
    """``base`` seen at a constant rate, from its first frame's time on.

    Each instant shows the latest frame that begins no later than a quarter of an interval after it:
    times rounded to a container's ticks must not make a frame appear twice and the next one never.
    """
    tick, step = clock(rate)
    start = round(int(base.pts[0]) * base.time_base / tick)
    length = base.audio_end - int(base.pts[0]) * base.time_base  # exact, where the ticks may be coarse
    count = max(1, round(length * rate))
    pts = start + step * np.arange(count, dtype=np.int64)
    ratio = tick / base.time_base
    late = EARLY * step
    reach = np.array([floor((int(p) + late) * ratio) for p in pts], np.int64)
    shown = np.clip(np.searchsorted(base.pts, reach, side="right") - 1, 0, len(base) - 1)
    return Timeline(
        time_base=tick,
        pts=pts,
        source=base.source[shown],
        end=start + step * count,
        audio_start=base.audio_start,
        audio_end=base.audio_end,
        nominal_rate=rate,
        stretch=base.stretch,
    )
