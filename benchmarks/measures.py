"""How well one curve of a mouth follows another: the figures of the articulation benchmark, in plain numpy.

Curves are vectors with one value per output frame, in distances between the outer eye corners (IO, about
90 mm). NaN marks a frame without a face; it counts nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

CLOSED_TARGET, CLOSED_OUTPUT = 0.012, 0.02  # IO: asked to be closed; seen as closed
MAX_LAG = 8  # frames to both sides


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow:
    """How an output follows its target."""

    frames: int  # compared
    r: float  # correlation of the apertures
    gain: float  # IO of output per IO of target, least squares
    width_r: float  # correlation of the widths
    mae: float  # IO, mean absolute error of the aperture
    hits: int  # frames asked to be closed that are
    closed: int  # frames asked to be closed
    lag: int  # frames by which the output is late where the correlation is greatest


def follow(
    target: np.ndarray, output: np.ndarray, target_width: np.ndarray, output_width: np.ndarray
) -> Follow:
    """Compare apertures and widths ``float64[n]``."""
    a, b = both(target, output)
    hits, closed = closed_hits(a, b)
    return Follow(
        frames=len(a),
        r=correlation(a, b),
        gain=slope(a, b),
        width_r=correlation(*both(target_width, output_width)),
        mae=float(np.abs(a - b).mean()) if len(a) else float("nan"),
        hits=hits,
        closed=closed,
        lag=peak_lag(target, output),
    )


def both(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The values of both at the frames where neither is NaN."""
    if one.shape != other.shape or one.ndim != 1:
        raise ValueError(f"curves must be vectors of one length: {one.shape} and {other.shape}")
    known = np.isfinite(one) & np.isfinite(other)
    return one[known], other[known]


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Pearson's r; NaN if a curve is constant or shorter than two frames."""
    if len(one) < 2 or min(np.ptp(one), np.ptp(other)) < 1e-12:
        return float("nan")
    return float(np.corrcoef(one, other)[0, 1])


def slope(target: np.ndarray, output: np.ndarray) -> float:
    """Change of the output per change of the target; NaN for a constant target."""
    centred = target - target.mean() if len(target) else target
    power = float(centred @ centred)
    return float(centred @ output / power) if power > 1e-12 else float("nan")


def closed_hits(target: np.ndarray, output: np.ndarray) -> tuple[int, int]:
    """Frames asked to be closed (below .012 IO) that are (below .02), and all that were asked."""
    asked = target < CLOSED_TARGET
    return int((asked & (output < CLOSED_OUTPUT)).sum()), int(asked.sum())


def peak_lag(target: np.ndarray, output: np.ndarray, most: int = MAX_LAG) -> int:
    """Delay of the output in frames, positive: late, at which it correlates best; the smaller of equals."""
    best, found = -np.inf, 0
    for lag in sorted(range(-most, most + 1), key=abs):
        if abs(lag) >= len(target) - 2:
            break
        late = output[max(lag, 0) : len(output) + min(lag, 0)]
        early = target[max(-lag, 0) : len(target) + min(-lag, 0)]
        r = correlation(*both(early, late))
        if r > best + 1e-9:
            best, found = r, lag
    return found


def flicker(pictures: np.ndarray, weight: np.ndarray | None = None) -> float:
    """Mean absolute second difference in time of steadied pictures ``[n,h,w,c]``, in grey levels.

    ``weight [h,w]`` says where it counts. Constant and steadily changing pictures give 0.
    """
    if len(pictures) < 3:
        return float("nan")
    total, area = 0.0, np.ones(pictures.shape[1:3]) if weight is None else weight
    for before, now, after in zip(pictures, pictures[1:], pictures[2:], strict=False):
        jerk = np.abs(before.astype(np.float64) - 2.0 * now + after).mean(axis=-1)
        total += float((jerk * area).sum() / area.sum())
    return total / (len(pictures) - 2)
