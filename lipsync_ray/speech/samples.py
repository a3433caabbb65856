"""Bring any sound into the form that all analysis expects: finite, mono, 16 kHz."""

from __future__ import annotations

import logging
import math

import numpy as np

from lipsync_ray.errors import AudioUnreadable
from lipsync_ray.speech.features import RATE
from lipsync_ray.speech.sound import Sound

TAPS = 16  # zero crossings of the interpolating sinc on each side
logger = logging.getLogger(__name__)


def prepared(samples: np.ndarray | Sound, rate: int = RATE) -> Sound:
    """Check mono samples and bring them to 16 kHz, ``float32[n]``.

    A sound that is not an array but already at 16 kHz is taken as it is: whoever stored it has checked it.

    Samples that are not finite numbers count as silence (with a warning): they come from broken float files,
    and one of them would otherwise spoil every average.

    Raises:
        AudioUnreadable: no samples at all.
        ValueError: not one channel, not numbers, or a rate that is not positive.
    """
    if not isinstance(samples, np.ndarray) and rate == RATE and len(samples):
        return samples
    samples = np.asarray(samples[0:])
    if samples.ndim != 1 or samples.dtype.kind != "f":
        raise ValueError(f"expected a vector of float samples, got {samples.dtype}{list(samples.shape)}")
    if rate <= 0:
        raise ValueError(f"a sound needs a positive sample rate, not {rate}")
    if not len(samples):
        raise AudioUnreadable("the speech holds no samples; give a sound of some length")
    finite = np.isfinite(samples)
    if not finite.all():
        logger.warning("%d of %d samples are no numbers: taken as silence", (~finite).sum(), len(samples))
        samples = np.where(finite, samples, 0.0)
    samples = samples.astype(np.float32, copy=False)
    return samples if rate == RATE else resampled(samples, rate)


def resampled(samples: np.ndarray, rate: int, target: int = RATE, block: int = 65536) -> np.ndarray:
    """Change the rate of ``float32[n]`` by a Hann-windowed sinc, cut off at the lower of the two bands."""
    factor = math.gcd(int(rate), target)
    up, down = target // factor, int(rate) // factor
    cutoff = min(1.0, up / down)
    reach = math.ceil(TAPS / cutoff)
    weights = _phases(up, cutoff, reach)
    padded = np.pad(samples, reach)
    out = np.empty(-(-len(samples) * up // down), np.float32)
    for start in range(0, len(out), block):
        place = np.arange(start, min(start + block, len(out)), dtype=np.int64) * down
        taps = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach)[place // up]
        out[start : start + len(place)] = np.einsum("nt,nt->n", taps, weights[place % up])
    return out


def _phases(up: int, cutoff: float, reach: int) -> np.ndarray:
    """Weights of the samples around an output sample for each fraction it may fall on, ``[up, 2 reach]``."""
    distance = np.arange(up)[:, None] / up - np.arange(-reach, reach)
    weights = np.sinc(cutoff * distance) * (0.5 + 0.5 * np.cos(np.pi * np.clip(distance / reach, -1, 1)))
    return weights / weights.sum(1, keepdims=True)
