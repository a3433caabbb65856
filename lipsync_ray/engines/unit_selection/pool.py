"""Which source frames may lend their mouth: fit ones, no laughs, and of a long video the useful stretches."""

from __future__ import annotations

import numpy as np

from lipsync_ray.engines.unit_selection.canonical import runs
from lipsync_ray.engines.unit_selection.costs import Candidates, Views, local_costs
from lipsync_ray.engines.unit_selection.descriptor import A, W
from lipsync_ray.engines.unit_selection.measures import Measures, evenly
from lipsync_ray.engines.unit_selection.person import SILENT, Person

_LAUGH_SECONDS, _LAUGH_SHARE = 0.5, 0.8
_STRETCH_SECONDS = 1.6  # of source kept in one piece: a path through pieces needs few joins
_PROBES = 400  # output frames asked which stretches serve them
_BLOCK = 1024


def candidates(measures: Measures, views: Views, fit: np.ndarray) -> Candidates:
    """The source frames of ``fit bool[n]`` as candidates, none verified yet; ``views`` of all frames."""
    source = np.flatnonzero(fit)
    return Candidates(
        source=source,
        descriptor=measures.raw[source],
        views=views.take(source),
        verified=np.zeros(len(source), bool),
        contradicted=np.zeros(len(source), bool),
        visible=np.full(len(source), np.inf, np.float32),
        foreign=measures.faces.distances(),
    )


def views_of(measures: Measures, shots: np.ndarray, sharp: np.ndarray) -> Views:
    """How the face is seen in every source frame."""
    return Views(yaw=measures.yaw, pitch=measures.pitch, scale=measures.scale, shot=shots, sharp=sharp)


def fit_frames(
    measures: Measures, person: Person, max_yaw: float, own_speech: np.ndarray | None = None
) -> np.ndarray:
    """Frames fit to be units, ``bool[n]``: usable, not too far from the side, no laughs.

    A limit that leaves nothing is dropped, yaw last. ``own_speech float32[n]`` is 0 where the speaker is
    not heard: a mouth open wider there than in nearly all of their talk laughs or yawns too.
    """
    facing = measures.usable & (np.abs(np.nan_to_num(measures.yaw, nan=180.0)) <= max_yaw)
    if not facing.any():
        facing = measures.usable
    talking = facing & ~laughs(measures, person)
    if own_speech is not None:
        with np.errstate(invalid="ignore"):
            talking &= ~((np.asarray(own_speech) <= SILENT) & (measures.raw[:, A] > person.high[A]))
    return talking if talking.any() else facing


def laughs(measures: Measures, person: Person) -> np.ndarray:
    """Frames in long wide-open spells, ``bool[n]``.

    Speech opens wide and spreads wide for a syllable; a mouth beyond its own 90th percentile of width
    and 75th of aperture during most of half a second laughs or smiles broadly.
    """
    known = measures.raw[measures.usable]
    wide, opened = np.percentile(known[:, W], 90), np.percentile(known[:, A], 75)
    with np.errstate(invalid="ignore"):
        spread = measures.usable & (measures.raw[:, W] > wide) & (measures.raw[:, A] > opened)
    width = max(3, round(_LAUGH_SECONDS / max(person.frame_seconds, 1e-3)) | 1)
    kernel = np.ones(width) / width
    if len(spread) < width:
        return np.zeros(len(spread), bool)
    share = np.convolve(spread.astype(np.float64), kernel, mode="same")
    core = (share >= _LAUGH_SHARE).astype(np.float64)
    return np.convolve(core, np.ones(width), mode="same") > 0.5


def thin_out(units: Candidates, target: np.ndarray, views: Views, limit: int, person: Person) -> Candidates:
    """At most ``limit`` units, in whole stretches of the source that together serve the targets best.

    A sample of output frames (``target [T,6]``, ``views``) is asked what each stretch would cost at
    best; stretches are taken greedily while they lower the sum.
    """
    if len(units) <= limit:
        return units
    rows = evenly(np.arange(len(target)), _PROBES)
    starts = _stretches(units, max(8, round(_STRETCH_SECONDS / max(person.frame_seconds, 1e-3))))
    sizes = np.diff(starts, append=len(units))
    served = _best_by_stretch(units, target[rows], views.take(rows), starts)
    best, left, chosen = np.full(len(rows), np.inf, np.float32), limit, np.zeros(len(starts), bool)
    while True:
        open_ones = np.flatnonzero(~chosen & (sizes <= left))
        if not len(open_ones):
            break
        total = np.minimum(served[:, open_ones], best[:, None]).sum(axis=0)
        pick = open_ones[int(total.argmin())]
        chosen[pick], left = True, left - int(sizes[pick])
        best = np.minimum(best, served[:, pick])
    return units.take(np.flatnonzero(np.repeat(chosen, sizes)))


def _stretches(units: Candidates, length: int) -> np.ndarray:
    """First unit of each stretch of consecutive source frames, none longer than ``length``."""
    apart = np.diff(units.source, prepend=units.source[:1] - 2) != 1
    apart |= np.diff(units.views.shot, prepend=units.views.shot[:1]) != 0
    out: list[int] = []
    for start, stop in runs(np.ones(len(units), bool), apart):
        out.extend(range(start, stop, length))
    return np.array(out, np.int64)


def _best_by_stretch(units: Candidates, target: np.ndarray, views: Views, starts: np.ndarray) -> np.ndarray:
    out = np.empty((len(target), len(starts)), np.float32)
    bounds = np.append(starts, len(units))
    first = 0
    while first < len(starts):
        last = max(first + 1, int(np.searchsorted(bounds, bounds[first] + _BLOCK, side="right")) - 1)
        rows = np.arange(bounds[first], bounds[last])
        cost = local_costs(target, views, units.take(rows))
        out[:, first:last] = np.minimum.reduceat(cost, starts[first:last] - bounds[first], axis=1)
        first = last
    return out
