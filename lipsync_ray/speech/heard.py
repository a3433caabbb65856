"""A speech model's evidence of a source's own sound, on the clock of the source's frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lipsync_ray.speech.evidence import Evidence

STEP_S = 0.01
TALKING = 0.5  # share of speech from which a frame counts
LONGEST_FRAME_S = 0.1
_BLOCK = 256  # moments whose hidden layers are held


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """Evidence every 10 ms; ``start`` is when its first row is heard."""

    start: float  # s
    evidence: Evidence

    def at(self, values: np.ndarray, times: np.ndarray) -> np.ndarray:
        """A curve ``[m]`` of the evidence at any moments; 0 outside."""
        low, share = self._places(times)
        inside = (low >= 0) & (low < len(values) - 1)
        row = np.where(inside, low, 0)
        found = values[row] + share * (values[np.minimum(row + 1, len(values) - 1)] - values[row])
        return np.where(inside, found, 0.0)

    def hidden(self, times: np.ndarray) -> np.ndarray:
        """The network's last layer at ascending moments, ``float64[n, H]``; 0 outside."""
        (low, share), rows = self._places(times), self.evidence.hidden
        out = np.zeros((len(times), rows.shape[1]))
        inside = np.flatnonzero((low >= 0) & (low < len(self.evidence) - 1))
        for start in range(0, len(inside), _BLOCK):
            some = inside[start : start + _BLOCK]
            first, last = int(low[some[0]]), int(low[some[-1]]) + 2
            part, near = rows[first:last], low[some] - first
            out[some] = part[near] + share[some, None] * (part[near + 1] - part[near])
        return out

    def _places(self, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The row before each moment, and how far it is on the way to the next, ``float32``."""
        place = (times - self.start) / STEP_S
        low = np.floor(place).astype(np.int64)
        return low, (place - low).astype(np.float32)

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
