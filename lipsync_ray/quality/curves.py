"""What a dub was judged by, frame by frame, as numbers: for those who want to plot or check it themselves."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from lipsync_ray.quality.figures import Seen


def curves(seen: Seen) -> dict[str, list[Any]]:
    """A list for each curve, an entry per output frame; None where something is not known."""
    return {
        "time": _rounded(seen.times, 4),  # s
        "wanted": _rounded(seen.aim.wanted[:, 0], 4),  # eye distances that the sound asks for, not moved
        "seen": _rounded(seen.aperture, 4),  # eye distances found in the output
        "touching": seen.aim.touching.astype(int).tolist(),  # 1: the lips have to touch
        "speech": _rounded(seen.aim.speech, 2),  # 0 silent, 1 talking
        "drawn": seen.drawn.astype(int).tolist(),  # 1: the mouth was drawn at full strength
    }


def embedded(seen: Seen, number: int = 1) -> str:
    """The curves of the role of this number as an element of an HTML page, which browsers do not show."""
    place = "curves" if number == 1 else f"curves-{number}"
    text = json.dumps(curves(seen), separators=(",", ":"))
    return f'<script type="application/json" id="{place}">{text}</script>'


def _rounded(values: np.ndarray, digits: int) -> list[float | None]:
    return [
        round(value, digits) if np.isfinite(value) else None for value in np.asarray(values, float).tolist()
    ]
