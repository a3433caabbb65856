"""The few pictures that a drawn mouth is based on: stills, silent actors, clips too short to pick from."""

from __future__ import annotations

import numpy as np

from lipsync_ray.engines.unit_selection.costs import Candidates, Views
from lipsync_ray.engines.unit_selection.descriptor import A
from lipsync_ray.engines.unit_selection.selection import Selection

SHOWS_INTERIOR = 0.03  # IO: aperture from which the picture shows what is inside the mouth
_YAW, _SCALE = 10.0, 0.25


def anchors(units: Candidates, views: Views, shown: np.ndarray) -> Selection:
    """One unit for each shot, the same in all its frames, so that nothing flickers.

    Of the shot's own units (of all, where it has none) those that show the inside of the mouth come
    first; among them the one seen most like the shot's middle view.

    Args:
        units: the candidates.
        views: of the output frames.
        shown: ``bool[T]``, frames that get a unit.
    """
    unit = np.full(len(shown), -1, np.int32)
    for shot in np.unique(views.shot[shown]):
        frames = np.flatnonzero(shown & (views.shot == shot))
        unit[frames] = _anchor(units, views.take(frames), int(shot))
    return Selection(
        unit=unit,
        second=np.full(len(shown), -1, np.int32),
        mix=np.zeros(len(shown), np.float32),
        joins=0,
    )


def _anchor(units: Candidates, views: Views, shot: int) -> int:
    foreign = units.foreign[shot, units.views.shot]
    rows = np.flatnonzero(foreign == foreign.min())
    inside = rows[units.descriptor[rows, A] >= SHOWS_INTERIOR]
    rows = inside if len(inside) else rows
    seen = units.views.take(rows)
    unlike = ((seen.yaw - np.median(views.yaw)) / _YAW) ** 2
    unlike += ((seen.pitch - np.median(views.pitch)) / _YAW) ** 2
    unlike += (np.log(seen.scale / np.median(views.scale)) / _SCALE) ** 2
    return int(rows[unlike.argmin()])
