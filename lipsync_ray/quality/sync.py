"""Does the mouth follow the sound: offset, agreement and closures, all over rows that are counted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lipsync_ray.quality.aim import Aim
from lipsync_ray.speech.heard import TALKING

SEARCH_S, STEP_S = 0.5, 0.01  # offsets that are tried
LEAST_FRAMES = 25  # of speech from which an offset is told
# Lips seen as closed: less than so many IO apart, or than this share of how far the talk opens them. The mesh
# sees smiling lips that touch up to .03 IO apart.
CLOSED, CLOSED_SHARE = 0.02, 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Sync:
    """How a mouth follows its sound; None: there was too little to see or to hear."""

    frames: int  # in which somebody talks and the mouth is measured
    offset_ms: float | None  # by which the mouth comes after the sound, where both agree best
    r: float | None  # correlation of the wanted and the seen aperture at that offset
    gain: float | None  # seen over wanted aperture, least squares
    closed: int  # frames in which the lips have to touch
    hits: int  # of these, in which they do, one frame earlier or later counts


def measure_sync(aim: Aim, seen: np.ndarray, times: np.ndarray, drawn: np.ndarray) -> Sync:
    """Compare the wanted with the seen aperture.

    Args:
        aim: what the sound asks for, ``T`` frames.
        seen: ``float[T]`` IO, aperture detected in the output, NaN where it is not known.
        times: ``float64[T]`` s.
        drawn: ``bool[T]``, frames whose mouth is drawn at full strength.
    """
    known = drawn & np.isfinite(seen)
    talk = known & (aim.speech > TALKING)
    if talk.sum() < LEAST_FRAMES:
        return Sync(frames=int(talk.sum()), offset_ms=None, r=None, gain=None, closed=0, hits=0)
    offset = find_offset(aim.wanted[:, 0], seen, times, talk)
    wish = shifted(aim.wanted[:, 0], times, offset)
    closed, hits = _closures(aim, seen, times, offset, known)
    return Sync(
        frames=int(talk.sum()),
        offset_ms=round(1000 * offset),
        r=_rounded(correlation(wish[talk], seen[talk])),
        gain=_rounded(_slope(wish[talk], seen[talk])),
        closed=closed,
        hits=hits,
    )


def find_offset(wish: np.ndarray, seen: np.ndarray, times: np.ndarray, rows: np.ndarray) -> float:
    """Seconds by which ``seen`` comes after ``wish`` where they agree best, within half a second."""
    trials = STEP_S * np.arange(-round(SEARCH_S / STEP_S), round(SEARCH_S / STEP_S) + 1)
    r = np.array([correlation(shifted(wish, times, trial)[rows], seen[rows]) for trial in trials])
    if not np.isfinite(r).any():
        return 0.0
    best = int(np.nanargmax(r))
    if not 0 < best < len(r) - 1 or not np.isfinite(r[best - 1 : best + 2]).all():
        return float(trials[best])
    left, middle, right = r[best - 1 : best + 2]
    bend = left - 2 * middle + right
    return float(trials[best] + (0.5 * STEP_S * (left - right) / bend if bend < 0 else 0.0))


def shifted(values: np.ndarray, times: np.ndarray, offset: float) -> np.ndarray:
    """The curve ``float[T]`` as it is if it comes ``offset`` s later."""
    return np.interp(times - offset, times, values)


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Pearson's r; NaN if a curve is constant or shorter than three frames."""
    if len(one) < 3 or min(np.ptp(one), np.ptp(other)) < 1e-6:
        return float("nan")
    return float(np.corrcoef(one, other)[0, 1])


def _closures(
    aim: Aim, seen: np.ndarray, times: np.ndarray, offset: float, known: np.ndarray
) -> tuple[int, int]:
    """Frames in which the lips have to touch, and those of them in which they do."""
    rows = np.clip(np.searchsorted(times, times[aim.touching] + offset - 1e-6), 0, len(times) - 1)
    rows = rows[known[rows]]
    near = np.stack([seen[np.clip(rows + step, 0, len(seen) - 1)] for step in (-1, 0, 1)])
    least = np.where(np.isfinite(near), near, np.inf).min(axis=0) if len(rows) else np.zeros(0)
    limit = max(CLOSED, CLOSED_SHARE * float(np.percentile(aim.wanted[known, 0], 95))) if len(rows) else 0.0
    return len(rows), int((least < limit).sum())


def _slope(wish: np.ndarray, seen: np.ndarray) -> float:
    centred = wish - wish.mean()
    power = float(centred @ centred)
    return float(centred @ seen / power) if power > 1e-9 else float("nan")


def _rounded(value: float) -> float | None:
    return round(value, 3) if np.isfinite(value) else None
