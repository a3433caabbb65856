"""What a microphone, a line or a noise makes of features, done to the features themselves: new in every draw.

The altered copies on disk hold each utterance in two rooms and channels; these changes cost nothing and never
repeat.
"""

from __future__ import annotations

import numpy as np

from lipsync_ray.speech.features import BANDS

LOUD = 1.6  # normalised units below the loudest twentieth: what the features were normalised over


def equalised(rng: np.random.Generator, features: np.ndarray) -> np.ndarray:
    """Through a smooth curve of gains."""
    place = np.arange(BANDS) / BANDS
    curve = sum(np.cos(2 * np.pi * (rng.uniform(0, 2) * place + rng.random())) for _ in range(3))
    return features + (rng.normal(0, 0.12) * curve + rng.normal(0, 0.1)).astype(np.float32)


def narrowed(rng: np.random.Generator, features: np.ndarray) -> np.ndarray:
    """Without the highest bands, the lowest, or both, as over a telephone or a poor microphone.

    A band in which nothing is heard is constant, and so 0 after normalisation.
    """
    out = features.copy()
    if rng.random() < 0.7:
        out[:, rng.integers(30, BANDS - 1) :] = 0
    if rng.random() < 0.7:
        out[:, : rng.integers(1, 9)] = 0
    return out


def in_noise(rng: np.random.Generator, features: np.ndarray) -> np.ndarray:
    """Under a steady noise of a drawn colour, normalised again.

    Features are about half the logarithm of power, in units of a band's deviation: powers add as their
    exponentials do.
    """
    place = np.arange(BANDS) / BANDS
    colour = 0.5 * np.cos(2 * np.pi * (rng.uniform(0, 1.5) * place + rng.random()))
    noise = rng.uniform(-2.2, -0.2) + colour + rng.normal(0, 0.12, features.shape)
    mixed = 0.5 * np.logaddexp(2 * features, 2 * noise)
    level = mixed.mean(1)
    loud = mixed[level > np.percentile(level, 95) - LOUD]
    deviation = loud.std(0)
    scale = np.maximum(deviation, 0.5 * deviation.mean() + 1e-6)
    return ((mixed - loud.mean(0)) / scale).astype(np.float32)


def blanked(rng: np.random.Generator, features: np.ndarray) -> np.ndarray:
    """With a few bands missing, or a moment (SpecAugment, Park et al. 2019)."""
    out = features.copy()
    if rng.random() < 0.5:
        low = rng.integers(BANDS - 5)
        out[:, low : low + rng.integers(1, 6)] = 0
    if rng.random() < 0.4:
        start = rng.integers(len(out))
        out[start : start + rng.integers(1, 10)] = 0
    return out


def altered(rng: np.random.Generator, features: np.ndarray) -> np.ndarray:
    """``float32[n, 48]`` as another channel might have given them."""
    if rng.random() < 0.25:
        features = in_noise(rng, features)
    features = equalised(rng, features)
    if rng.random() < 0.3:
        features = narrowed(rng, features)
    return blanked(rng, features)
