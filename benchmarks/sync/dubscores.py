"""How well the mouth of a dubbed picture fits the mouth that really said it: plain numpy on curves.

Lengths are distances between the outer eye corners (IO), times seconds of the dub's sound. NaN marks frames
that were not dubbed or show no face; they count nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from above import measures
from scores import CLOSED, Closures, count_closures, durations, jerk, motion, ratio, related, top
from truth import Truth

LAG_STEP = 0.01  # s


@dataclass(frozen=True, slots=True, kw_only=True)
class Mouth:
    """A mouth at frames of a dub."""

    times: np.ndarray  # float64[n] s
    aperture: np.ndarray  # float64[n] IO
    width: np.ndarray  # float64[n] IO

    @classmethod
    def of(cls, times: np.ndarray, aperture: np.ndarray, width: np.ndarray, where: np.ndarray) -> Mouth:
        """The curves where they count, NaN elsewhere."""
        curves = {"aperture": np.where(where, aperture, np.nan), "width": np.where(where, width, np.nan)}
        return cls(times=times, **curves)


@dataclass(frozen=True, slots=True, kw_only=True)
class DubScore:
    """One dub's figures; speech frames where nothing else is said."""

    name: str
    kind: str  # dubbed, undubbed, oracle
    seconds: float  # of speech compared
    r: float  # aperture, output with truth
    r_all: float  # all frames
    r_target: float  # target with truth
    r_target_all: float
    follow: float  # output with target
    lag: float  # frames by which the output is late
    lag_target: float  # and the target
    told: float | None  # ms, the offset that the dub reports and keeps
    p95: float  # output over truth
    p95_target: float
    mae: float  # IO
    width: float  # all frames, output with truth
    width_target: float
    closures: Closures
    drawn: int  # frames asked to be closed that are
    asked: int
    flicker: tuple[float, float]  # lips and around, over the source's own
    jitter: float  # over the person's own
    pauses: float  # over the person's own


def judge(
    *,
    kind: str,
    out: Mouth,
    target: Mouth | None,
    truth: Truth,
    whole: Truth,
    told: float | None,
    flicker: tuple[float, float],
) -> DubScore:
    """Compare an output (and what it aimed at) with the truth at equal times.

    Args:
        kind: name of the row.
        out: measured in the output.
        target: what the engine aimed at, at the same frames.
        truth: of what is heard, at its own frames, on the same clock.
        whole: all that is known of the person, for their own jitter and motion in pauses.
        told: ms by which the dub says its picture comes after the sound.
        flicker: measured on pictures.
    """
    offset = (told or 0.0) / 1000
    talk, audible = truth.talk_at(out.times - offset), truth.heard_at(out.times - offset)
    real = Mouth(times=out.times, aperture=at(truth, out.times), width=at(truth, out.times, "width"))
    known = np.isfinite(out.aperture) & np.isfinite(real.aperture)
    aim = target or Mouth(times=out.times, **dict.fromkeys(("aperture", "width"), np.full(len(talk), np.nan)))
    spoken = known & (talk > 0.5)
    drawn, asked = measures.closed_hits(aim.aperture[known], out.aperture[known])
    limit = CLOSED * np.nanpercentile(whole.aperture, 95)
    return DubScore(
        name=truth.name,
        kind=kind,
        seconds=float(durations(out.times)[spoken].sum()),
        told=told,
        closures=count_closures(out.aperture < limit, real.aperture < limit, spoken),
        drawn=drawn,
        asked=asked,
        flicker=flicker,
        **_courses(out, aim, real, known & audible),
        **_sizes(out, aim, real, spoken),
        **_motions(out, whole, offset, spoken, known & (talk <= 0)),
        lag=late_by(out, truth, known & audible),
        lag_target=late_by(aim, truth, known & audible),
    )


def _courses(out: Mouth, aim: Mouth, real: Mouth, heard: np.ndarray) -> dict[str, float]:
    """Correlations; of the opening where talk is audible, and in all frames."""
    return {
        "r": related(out.aperture, real.aperture, heard),
        "r_all": related(out.aperture, real.aperture),
        "r_target": related(aim.aperture, real.aperture, heard),
        "r_target_all": related(aim.aperture, real.aperture),
        "follow": related(out.aperture, aim.aperture, heard),
        "width": related(out.width, real.width),
        "width_target": related(aim.width, real.width),
    }


def _sizes(out: Mouth, aim: Mouth, real: Mouth, spoken: np.ndarray) -> dict[str, float]:
    """How wide the mouth opens, and how far off it is."""
    error = np.abs(out.aperture - real.aperture)[spoken]
    return {
        "p95": _p95(out.aperture, real.aperture, spoken),
        "p95_target": _p95(aim.aperture, real.aperture, spoken),
        "mae": float(error.mean()) if spoken.any() else float("nan"),
    }


def _motions(
    out: Mouth, whole: Truth, offset: float, spoken: np.ndarray, silent: np.ndarray
) -> dict[str, float]:
    """Restlessness in talk and motion in pauses, relative to the person's own."""
    own = whole.talk(offset)
    return {
        "jitter": ratio(jerk(out.aperture, out.times, spoken), jerk(whole.aperture, whole.times, own > 0.5)),
        "pauses": ratio(
            motion(out.aperture, out.times, silent), motion(whole.aperture, whole.times, own <= 0)
        ),
    }


def at(truth: Truth, times: np.ndarray, curve: str = "aperture") -> np.ndarray:
    """The truth at other times, between its frames; NaN outside and beside frames that are not known."""
    return np.interp(times, truth.times, getattr(truth, curve), left=np.nan, right=np.nan)


def late_by(out: Mouth, truth: Truth, spoken: np.ndarray) -> float:
    """Frames by which the output comes after the truth (within +-8): where apertures correlate best."""
    if len(out.times) < 2:
        return float("nan")
    frame = float(np.median(np.diff(out.times)))
    most = round(measures.MAX_LAG * frame / LAG_STEP)
    lags = np.arange(-most, most + 1) * LAG_STEP
    curve = np.array([related(out.aperture, at(truth, out.times - lag), spoken) for lag in lags])
    if not np.isfinite(curve).any():
        return float("nan")
    curve = np.nan_to_num(curve, nan=-1.0)
    place, height = top(curve)
    best = float(curve.argmax()) if place is None or height < curve.max() else place
    return float(lags[0] + best * LAG_STEP) / frame


def average(rows: list[DubScore]) -> DubScore:
    """Means of all figures over clips, closures counted together."""
    sums = {"name": "mean, closures pooled", "kind": rows[0].kind, "told": None}
    sums["closures"] = sum((row.closures for row in rows[1:]), rows[0].closures)
    sums["flicker"] = tuple(np.mean([row.flicker for row in rows], axis=0).tolist())
    for name in ("drawn", "asked"):
        sums[name] = sum(getattr(row, name) for row in rows)
    for name in set(DubScore.__slots__) - set(sums):
        known = [value for row in rows if np.isfinite(value := getattr(row, name))]
        sums[name] = float(np.mean(known)) if known else float("nan")
    return DubScore(**sums)


def _p95(one: np.ndarray, other: np.ndarray, where: np.ndarray) -> float:
    known = where & np.isfinite(one) & np.isfinite(other)
    if not known.any():
        return float("nan")
    return ratio(float(np.percentile(one[known], 95)), float(np.percentile(other[known], 95)))
