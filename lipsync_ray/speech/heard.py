"""A speech model's evidence of a source's own sound, on the clock of the source's frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lipsync_ray.speech.evidence import Evidence

STEP_S = 0.01
TALKING = 0.5  # share of speech from which a frame counts
LONGEST_FRAME_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """Evidence every 10 ms; ``start`` is when its first row is heard."""

    start: float  # s
    evidence: Evidence

    def at(self, values: np.ndarray, times: np.ndarray) -> np.ndarray:
        """Rows ``[n]`` or ``[n, H]`` of the evidence at any moments; 0 outside."""
        place = (times - self.start) / STEP_S
        low = np.floor(place).astype(np.int64)
        share = (place - low).astype(np.float32)
        inside = (low >= 0) & (low < len(values) - 1)
        row = np.where(inside, low, 0)
        wide = (...,) + (None,) * (values.ndim - 1)
        found = values[row] + share[wide] * (values[np.minimum(row + 1, len(values) - 1)] - values[row])
        return np.where(inside[wide], found, 0.0)

    @property
    def stop(self) -> float:
        """Seconds: when its last row is heard."""
        return self.start + STEP_S * (len(self.evidence) - 1)

    def speech(self, times: np.ndarray) -> np.ndarray:
        """How much of speech there is at these moments, 0 to 1."""
        return self.at(self.evidence.speech, times)


def correlation(one: np.ndarray, two: np.ndarray, weights: np.ndarray) -> float:
    """Weighted Pearson correlation, 0 where one of both does not vary."""
    one, two = one - np.average(one, weights=weights), two - np.average(two, weights=weights)
    power = (weights * one**2).sum() * (weights * two**2).sum()
    return float((weights * one * two).sum() / np.sqrt(power)) if power > 1e-18 else 0.0


def frame_seconds(times: np.ndarray) -> np.ndarray:
    """How long each frame stands, ``float64[n]``; long ones count as 0.1 s."""
    if len(times) < 2:
        return np.full(len(times), 0.04)
    return np.clip(np.diff(times, append=2 * times[-1] - times[-2]), 0.0, LONGEST_FRAME_S)
