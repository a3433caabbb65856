"""Pick a unit for every output frame: sequence by sequence, the cheapest path through the candidates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lipsync_ray.engines.unit_selection.canonical import runs
from lipsync_ray.engines.unit_selection.costs import NEARLY_CLOSED, WEIGHTS, Candidates, Views, local_costs
from lipsync_ray.engines.unit_selection.descriptor import SIGMA, A
from lipsync_ray.engines.unit_selection.joins import crossfade, hard_joins, thumb_points, transition_costs
from lipsync_ray.engines.unit_selection.settings import UnitSelectionSettings
from lipsync_ray.engines.unit_selection.viterbi import Problem, best_path

# The mouth moves where the target changes by more than this within so many frames, in weighted sigma.
_MOVING, _MOVING_SPAN = 0.15, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which units are shown when; indices are into the candidates."""

    unit: np.ndarray  # int32[T], -1: none
    second: np.ndarray  # int32[T], -1: none
    mix: np.ndarray  # float32[T] weight of the second
    joins: int  # hard joins within sequences


def select(
    target: np.ndarray,
    views: Views,
    shown: np.ndarray,
    breaks: np.ndarray,
    units: Candidates,
    thumbs: np.ndarray,
    always: np.ndarray,
    settings: UnitSelectionSettings,
    hold_scale: float = 1.0,
) -> Selection:
    """The units to show in the frames ``shown bool[T]``.

    Args:
        target: ``float64[T,6]`` wanted descriptors.
        views: of the output frames.
        shown: frames that get a unit at all.
        breaks: ``bool[T]``, True where the picture does not go on from the frame before: sequences on
            both sides are independent.
        units: the candidates.
        thumbs: ``uint8[U,20,32,3]`` their mouth thumbnails.
        always: ``int64[V]`` closed units that every closing frame may use, however its other costs.
        settings: costs and limits.
        hold_scale: output frames per source frame, where a timeline repeats or drops frames.
    """
    transitions = transition_costs(units, thumb_points(thumbs), settings.join_cost)
    moving = _moving(target)
    holds = max(1, round(settings.max_holds * max(hold_scale, 1.0)))
    path, starts = np.full(len(target), -1, np.int32), np.zeros(len(target), bool)
    for start, stop in runs(shown, breaks):
        rows = slice(start, stop)
        problem = _sequence(target[rows], views.take(rows), moving[rows], units, transitions, always)
        path[rows] = best_path(problem, settings.candidates, holds)
        starts[start] = True
    joins = hard_joins(path, units, starts)
    second, mix = np.full(len(path), -1, np.int32), np.zeros(len(path), np.float32)
    if settings.crossfade:
        second, mix = crossfade(path, units, joins, target)
    return Selection(unit=path, second=second, mix=mix, joins=int(joins.sum()))


def _sequence(
    target: np.ndarray,
    views: Views,
    moving: np.ndarray,
    units: Candidates,
    transitions: np.ndarray,
    always: np.ndarray,
) -> Problem:
    """The path search of output frames that follow one another; the first three arguments are theirs."""

    def costs(first: int, last: int) -> np.ndarray:
        rows = slice(first, last)
        return local_costs(target[rows], views.take(rows), units)

    return Problem(
        length=len(target),
        costs=costs,
        transitions=transitions,
        moving=moving,
        always=always,
        closing=target[:, A] < NEARLY_CLOSED,
    )


def _moving(target: np.ndarray) -> np.ndarray:
    point = target[:, :2] * (np.sqrt(WEIGHTS) / SIGMA)[:2]
    moved = np.zeros(len(point), bool)
    for lag in range(1, min(_MOVING_SPAN, len(point) - 1) + 1):
        far = np.linalg.norm(point[lag:] - point[:-lag], axis=1) > _MOVING
        moved[lag:] |= far
    return moved
