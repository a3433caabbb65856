"""Closed mouths that are closed in the picture, not only in the landmarks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lipsync_ray.engines.unit_selection.costs import NEARLY_CLOSED, Candidates
from lipsync_ray.engines.unit_selection.descriptor import A
from lipsync_ray.engines.unit_selection.lipgap import CLOSED_GAP, OPEN_GAP, lip_gap
from lipsync_ray.engines.unit_selection.measures import evenly
from lipsync_ray.engines.unit_selection.units import Harvest

_CLAIMED = 0.012  # IO: aperture below which landmarks call a mouth closed
_LOOKS = 200  # pictures examined: half the most closed ones, half spread over the rest
_KEPT = 3  # verified closed units that every closure may use
_APART = 12  # source frames between kept ones, where there is a choice


def audit(units: Candidates, harvest: Harvest) -> tuple[Candidates, np.ndarray]:
    """Look at the units that claim to be (nearly) closed.

    Returns:
        The candidates with ``verified`` and ``contradicted`` filled, and the rows of the few most
        surely closed ones, ``int64[V]``.
    """
    aperture = units.descriptor[:, A]
    claims = np.flatnonzero(aperture < NEARLY_CLOSED)
    verified, contradicted = units.verified.copy(), units.contradicted.copy()
    if not len(claims):
        return units, np.zeros(0, np.int64)
    ranked = claims[np.argsort(aperture[claims], kind="stable")]
    rows = np.sort(np.concatenate([ranked[: _LOOKS // 2], evenly(ranked[_LOOKS // 2 :], _LOOKS // 2)]))
    patches, landmarks, _ = harvest.get(units.source[rows])
    gaps = np.array(
        [
            lip_gap(patch, points, scale)
            for patch, points, scale in zip(patches, landmarks, units.views.scale[rows], strict=True)
        ]
    )
    verified[rows] = (gaps < CLOSED_GAP) & (aperture[rows] < _CLAIMED)
    contradicted[rows] = gaps > OPEN_GAP
    surest = rows[np.argsort(gaps + np.maximum(aperture[rows], 0), kind="stable")]
    kept = _spread(surest[verified[surest]], units.source)
    return replace(units, verified=verified, contradicted=contradicted), kept


def _spread(surest: np.ndarray, source: np.ndarray) -> np.ndarray:
    """The first few of ``surest`` that lie apart in the source, filled up with the next surest."""
    kept: list[int] = []
    for row in surest.tolist():
        if len(kept) < _KEPT and all(abs(source[row] - source[other]) >= _APART for other in kept):
            kept.append(row)
    rest = [row for row in surest.tolist() if row not in kept]
    return np.array(sorted(kept + rest[: _KEPT - len(kept)]), np.int64)
