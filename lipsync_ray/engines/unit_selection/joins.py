"""What it costs to follow one unit by another, and how to soften the joins that remain."""

from __future__ import annotations

import numpy as np

from lipsync_ray.engines.unit_selection.costs import NEARLY_CLOSED, WEIGHTS, Candidates, squared_distances
from lipsync_ray.engines.unit_selection.descriptor import SIGMA, A

HOLD, SLIP = 0.08, 0.15  # of standing still, and per frame skipped or repeated
REACH = 2  # frames that may be skipped or repeated before it counts as a join
_SHAPE, _PICTURE = 0.25, 200.0  # weights of the jump in shape and in the picture's mean squared difference
_COMPONENTS = 12
_BASIS_THUMBS = 256
MIX = 0.33  # weight of the other unit in the frames on both sides of a join
# IO: mouths that differ more in aperture, or in what the pictures show between the lips, are not mixed, or
# teeth shine through lips.
_SAME_MOUTH, _SAME_INSIDE = 0.05, 0.02


def thumb_points(thumbs: np.ndarray) -> np.ndarray:
    """Mouth thumbnails ``uint8[U,20,32,3]`` as points ``float32[U,D]``, D <= 12.

    Squared distances approximate the mean squared difference of the pictures (values 0..1): the main
    components of up to 256 of them, evenly spread, hold nearly all of it.
    """
    flat = thumbs.reshape(len(thumbs), -1).astype(np.float32)
    flat /= 255
    flat -= flat.mean(axis=0)
    few = flat[np.linspace(0, len(flat) - 1, min(len(flat), _BASIS_THUMBS)).round().astype(np.int64)]
    values, vectors = np.linalg.eigh((few @ few.T).astype(np.float64))
    keep = np.flatnonzero(values > 1e-6 * max(values[-1], 1e-12))[-_COMPONENTS:]
    axes = few.T @ (vectors[:, keep] / np.sqrt(values[keep])).astype(np.float32)
    return (flat @ axes) / np.float32(np.sqrt(flat.shape[1]))


def transition_costs(units: Candidates, pictures: np.ndarray, join_cost: float) -> np.ndarray:
    """Cost of unit v after unit u, ``float32[U,U]`` (row: u); ``pictures`` from `thumb_points`.

    Nothing for the next frame of the source, little for standing still or slipping by up to two frames,
    else ``join_cost`` and the jump from what would have come next to what comes.
    """
    mouth = units.descriptor * (np.sqrt(_SHAPE * WEIGHTS) / SIGMA)
    points = np.concatenate([mouth, np.sqrt(_PICTURE) * pictures], axis=1)
    cost = squared_distances(points[successors(units)], points)
    cost += np.float32(join_cost)
    for ahead in range(1 - REACH, 2 + REACH):
        before, after = _pairs(units, ahead)
        slip = SLIP * abs(ahead - 1)
        cost[before, after] = HOLD if ahead == 0 else slip
    return cost


def successors(units: Candidates) -> np.ndarray:
    """The unit of the next source frame, or the unit itself where that is none: ``int64[U]``."""
    out = np.arange(len(units))
    before, after = _pairs(units, 1)
    out[before] = after
    return out


def predecessors(units: Candidates) -> np.ndarray:
    """The unit of the source frame before, or the unit itself where that is none: ``int64[U]``."""
    out = np.arange(len(units))
    before, after = _pairs(units, -1)
    out[before] = after
    return out


def _pairs(units: Candidates, ahead: int) -> tuple[np.ndarray, np.ndarray]:
    """Units and those shown ``ahead`` source frames later in the same shot."""
    wanted = units.source + ahead
    at = np.minimum(np.searchsorted(units.source, wanted), len(units) - 1)
    shot = units.views.shot
    before = np.flatnonzero((units.source[at] == wanted) & (shot[at] == shot))
    return before, at[before]


def hard_joins(path: np.ndarray, units: Candidates, starts: np.ndarray) -> np.ndarray:
    """Output frames whose unit does not go on from the frame before: ``bool[T]``.

    ``path int32[T]`` holds -1 where no unit is shown; no join is counted there, nor in frames where
    ``starts bool[T]`` begins a new sequence.
    """
    out = np.zeros(len(path), bool)
    now, before = path[1:], path[:-1]
    shown = (now >= 0) & (before >= 0) & ~starts[1:]
    step = units.source[now] - units.source[before]
    same = units.views.shot[now] == units.views.shot[before]
    out[1:] = shown & ~(same & (np.abs(step - 1) <= REACH))
    return out


def crossfade(
    path: np.ndarray, units: Candidates, joins: np.ndarray, target: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Second unit ``int32[T]`` (-1: none) and its weight ``float32[T]`` about hard joins.

    In the join's frame the unit left goes on for one more frame, and the one that comes starts one frame
    early. An open mouth is not mixed with a closed one, and nothing is mixed where lips should touch.
    """
    second, weight = np.full(len(path), -1, np.int32), np.zeros(len(path), np.float32)
    follow, lead = successors(units), predecessors(units)
    for t in np.flatnonzero(joins):
        for frame, other in ((t - 1, lead[path[t]]), (t, follow[path[t - 1]])):
            if (
                _alike(units, int(path[frame]), int(other))
                and target[frame, A] >= NEARLY_CLOSED
                and second[frame] < 0
                and other != path[frame]
            ):
                second[frame], weight[frame] = other, MIX
    return second, weight


def _alike(units: Candidates, one: int, other: int) -> bool:
    aperture, visible = units.descriptor[:, A], units.visible
    apart = abs(visible[one] - visible[other]) if np.isfinite(visible[[one, other]]).all() else 0.0
    return bool(abs(aperture[one] - aperture[other]) <= _SAME_MOUTH and apart <= _SAME_INSIDE)
