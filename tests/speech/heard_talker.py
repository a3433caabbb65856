"""A made-up speaker: what a model hears every 10 ms, and the mouth that a camera sees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lipsync_ray.speech.driving import MeasuredMouth
from lipsync_ray.speech.evidence import Evidence
from lipsync_ray.speech.features import smooth
from lipsync_ray.speech.heard import Heard

UNITS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Talker:
    heard: Heard
    mouth: MeasuredMouth


def talker(
    seconds: float,
    *,
    shift: float = 0.0,
    own: float = 0.0,
    noise: float = 0.5,
    fps: float = 25.0,
    seed: int = 0,
    start: float = 0.0,
) -> Talker:
    """Somebody talking all the time, seen ``shift`` seconds late.

    ``own`` is how much of their mouth goes its own way, though it can be heard, and ``noise`` how much of it
    cannot be heard at all; both relative to what most people's mouths do.
    """
    random = np.random.default_rng(seed)
    rows = int(seconds * 100) + 1
    hidden = np.stack([smooth(random.normal(size=rows), 4.0) for _ in range(UNITS)], axis=1)
    hidden /= hidden.std(axis=0)
    usual, personal, wide = (unit(random) for _ in range(3))
    personal = personal - usual * (usual @ personal)
    expected = hidden @ usual
    evidence = Evidence(
        hidden=hidden.astype(np.float32),
        aperture=(0.4 + 0.25 * expected).astype(np.float32),
        width=(0.2 * hidden @ wide).astype(np.float32),
        speech=np.ones(rows, np.float32),
    )
    heard = Heard(start=start, evidence=evidence)
    times = start + np.arange(1 / fps, seconds - 0.5, 1 / fps)
    unheard = np.stack([smooth(random.normal(size=rows), 4.0) for _ in range(2)], axis=1)
    unheard *= noise / unheard.std(axis=0)
    seen = np.stack([expected + own * hidden @ personal, hidden @ wide], axis=1) + unheard
    seen = np.stack([heard.at(curve, times - shift) for curve in seen.T], axis=1)
    aperture = 0.06 + 0.02 * seen[:, 0]
    return Talker(
        heard=heard, mouth=MeasuredMouth(times=times, aperture=aperture, width=0.6 + 0.03 * seen[:, 1])
    )


def unit(random: np.random.Generator) -> np.ndarray:
    """A direction among the hidden units."""
    drawn = random.normal(size=UNITS)
    return drawn / np.linalg.norm(drawn)
