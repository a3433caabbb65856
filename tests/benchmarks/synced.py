"""A made-up speaker: curves whose every figure is known, as truth and as a prediction."""

from __future__ import annotations

import numpy as np
from truth import Truth

from lipsync_ray.speech.track import NAMES, MouthTrack

SECONDS, UNIT = 12.0, 0.16  # IO of a full opening


def opening(times: np.ndarray, seed: int = 1) -> np.ndarray:
    """A mouth that opens and closes irregularly four times a second, 0..1."""
    rng = np.random.default_rng(seed)
    out = np.full(len(times), 0.5)
    for hz in np.linspace(1.3, 5.3, 9):
        out += 0.17 * np.sin(2 * np.pi * hz * times + rng.uniform(0, 2 * np.pi))
    return np.clip(out, 0.0, 1.0)


def track(seed: int = 1, late: float = 0.0, **changed: np.ndarray) -> MouthTrack:
    """The speaker predicted perfectly, at 100 Hz, ``late`` seconds after they moved."""
    times = np.arange(int(SECONDS * 100) + 1) / 100 - late
    curves = {name: np.zeros(len(times)) for name in NAMES}
    curves["aperture"], curves["width"] = opening(times, seed), opening(times, seed + 100) - 0.5
    curves["closure"] = (curves["aperture"] < 0.13).astype(float)
    curves["speech"] = np.ones(len(times))
    return MouthTrack(rate=100.0, **{n: v.astype(np.float32) for n, v in {**curves, **changed}.items()})


def truth(offset: float = 0.0, rate: float = 25.0, silent: tuple[float, float] | None = None) -> Truth:
    """The speaker measured at ``rate``, in a picture that comes ``offset`` seconds after its sound."""
    times = np.arange(int(SECONDS * rate)) / rate
    speech = np.ones(int(SECONDS * 100) + 1, np.float32)
    if silent:
        speech[round(100 * silent[0]) : round(100 * silent[1])] = 0
    return Truth(
        name="made up",
        times=times,
        aperture=UNIT * opening(times - offset),
        width=0.6 + 0.1 * opening(times - offset, 101),
        speech=speech,
        audible=speech,
    )
