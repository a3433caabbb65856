"""What a dub was judged by, frame by frame, as numbers: for those who want to plot or check it themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np

from lipsync_ray.quality.figures import Seen

_BLOCK = 1024  # numbers that are written at a time: as objects and texts they take twenty times the memory


def embedded(seen: Seen, number: int = 1) -> str:
    """The curves of the role of this number as an element of an HTML page, which browsers do not show.

    A list for each curve, an entry per output frame; null where something is not known.
    """
    place = "curves" if number == 1 else f"curves-{number}"
    lists = (f'"{name}":[{_listed(values, digits)}]' for name, values, digits in _curves(seen))
    return f'<script type="application/json" id="{place}">{{{",".join(lists)}}}</script>'


def _curves(seen: Seen) -> Iterator[tuple[str, np.ndarray, int]]:
    """Names, values, and digits behind the point; 0: whole numbers."""
    yield "time", seen.times, 4  # s
    yield "wanted", seen.aim.wanted[:, 0], 4  # eye distances that the sound asks for, not moved
    yield "seen", seen.aperture, 4  # eye distances found in the output
    yield "touching", seen.aim.touching, 0  # 1: the lips have to touch
    yield "speech", seen.aim.speech, 2  # 0 silent, 1 talking
    yield "drawn", seen.drawn, 0  # 1: the mouth was drawn at full strength


def _listed(values: np.ndarray, digits: int) -> str:
    parts = (values[start : start + _BLOCK] for start in range(0, len(values), _BLOCK))
    return ",".join(json.dumps(_plain(part, digits), separators=(",", ":"))[1:-1] for part in parts)


def _plain(values: np.ndarray, digits: int) -> list[float | None]:
    if not digits:
        return values.astype(int).tolist()
    return [
        round(value, digits) if np.isfinite(value) else None for value in np.asarray(values, float).tolist()
    ]
