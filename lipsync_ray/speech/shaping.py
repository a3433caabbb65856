"""How a curve in a model's own units becomes the movement of a mouth."""

from __future__ import annotations

import numpy as np

EVIDENCE = 100.0  # frames of speech that weigh as much as the usual values
RAMP = 3.0  # frames from open to closed


def stretched(curve: np.ndarray, talk: np.ndarray, usual: tuple[float, float]) -> np.ndarray:
    """Bring a curve's 8th percentile while talking to 0 and its 92nd to 1.

    With little speech the percentiles lean on the usual ones, and a curve that hardly moves is not blown up.
    """
    low, high = np.percentile(curve[talk], [8, 92])
    trust = np.count_nonzero(talk) / (np.count_nonzero(talk) + EVIDENCE)
    low = trust * low + (1 - trust) * usual[0]
    high = trust * high + (1 - trust) * usual[1]
    high = max(high, low + 0.5 * (usual[1] - usual[0]))
    return (curve - low) / (high - low)


def open_share(closure: np.ndarray) -> np.ndarray:
    """0 where the lips touch (``bool[n]``), rising to 1 within 30 ms on both sides."""
    frames = np.arange(len(closure), dtype=np.float64)
    before = np.maximum.accumulate(np.where(closure, frames, -np.inf))
    after = np.minimum.accumulate(np.where(closure, frames, np.inf)[::-1])[::-1]
    return np.clip(np.minimum(frames - before, after - frames) / RAMP, 0.0, 1.0)
