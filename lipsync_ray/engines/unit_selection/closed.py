"""What the pictures of the units show between the lips: landmarks alone call too much closed, and open."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lipsync_ray.engines.unit_selection.closure import SHADOW
from lipsync_ray.engines.unit_selection.costs import NEARLY_CLOSED, Candidates
from lipsync_ray.engines.unit_selection.descriptor import A
from lipsync_ray.engines.unit_selection.lipgap import CLOSED_GAP, OPEN_GAP, contact_shade, lip_gap
from lipsync_ray.engines.unit_selection.measures import evenly
from lipsync_ray.engines.unit_selection.units import Harvest

_CLAIMED = 0.012  # IO: aperture below which landmarks call a mouth closed
_KEPT = 3  # verified closed units that every closure may use
_SHADES = 30  # closed mouths whose contact line is measured
_PALEST = 0.9  # of the lips' colour: a line paler than this would hide nothing
_APART = 12  # source frames between kept ones, where there is a choice


def audit(units: Candidates, harvest: Harvest) -> tuple[Candidates, np.ndarray]:
    """Look at every unit's picture, and hold it against what the landmarks claim.

    Returns:
        The candidates with ``verified``, ``contradicted`` and ``visible`` filled, and the rows of the few
        most surely closed ones, ``int64[V]``.
    """
    aperture = units.descriptor[:, A]
    patches, landmarks, _ = harvest.get(units.source)
    seen = zip(patches, landmarks, units.views.scale, strict=True)
    gaps = np.array([lip_gap(patch, points, scale) for patch, points, scale in seen])
    verified = (gaps < CLOSED_GAP) & (aperture < _CLAIMED)
    contradicted = (gaps > OPEN_GAP) & (aperture < NEARLY_CLOSED)
    surest = np.argsort(gaps + np.maximum(aperture, 0), kind="stable")
    kept = _spread(surest[verified[surest]], units.source)
    found = replace(units, verified=verified, contradicted=contradicted, visible=gaps.astype(np.float32))
    return found, kept


def usual_contact(
    patches: list[np.ndarray], landmarks: np.ndarray, scale: np.ndarray, verified: np.ndarray
) -> np.ndarray:
    """Median colour of the line in verified closed mouths, over their lips' ``float64[3]``.

    Arguments by unit: pictures, landmarks ``[U,468,2]`` in them, px per IO, and which show closed lips. A
    plain shadow where none does, or where the picture is too small or soft to tell.
    """
    rows = evenly(np.flatnonzero(verified), _SHADES)
    if not len(rows):
        return SHADOW.copy()
    shades = [contact_shade(patches[row], landmarks[row], float(scale[row])) for row in rows.tolist()]
    return np.clip(np.median(shades, axis=0), SHADOW, _PALEST)


def _spread(surest: np.ndarray, source: np.ndarray) -> np.ndarray:
    """The first few of ``surest`` that lie apart in the source, filled up with the next surest."""
    kept: list[int] = []
    for row in surest.tolist():
        if len(kept) < _KEPT and all(abs(source[row] - source[other]) >= _APART for other in kept):
            kept.append(row)
    rest = [row for row in surest.tolist() if row not in kept]
    return np.array(sorted(kept + rest[: _KEPT - len(kept)]), np.int64)
