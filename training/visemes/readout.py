"""A second way from sound to lips: straight lines from the hidden layer to aperture and width."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from training.visemes.dataset import Shard
from training.visemes.targets import APERTURE_SIGMA, WIDTH_SIGMA, lip_tracks, one_hot

Hidden = Callable[[np.ndarray], np.ndarray]  # float32[n, 48] -> float32[n, H]
RIDGE = 1e-3  # of the hidden layer's mean variance
UTTERANCES = 24  # of a shard


def smoothed(rows: np.ndarray, sigma: float) -> np.ndarray:
    """``speech.features.smooth`` for every column of ``float[n, k]``: ``float64[n, k]``."""
    reach = round(3 * sigma)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    padded = np.pad(rows.astype(np.float64), ((reach, reach), (0, 0)))
    total = sum(weight * padded[tap : tap + len(rows)] for tap, weight in enumerate(kernel))
    return total / np.convolve(np.ones(len(rows)), kernel)[reach:-reach, None]


def fit(hidden: Hidden, shards: Sequence[Shard]) -> tuple[np.ndarray, np.ndarray]:
    """Weights ``float32[2, H]`` and biases ``float32[2]`` of aperture and width in the table's units.

    Ridge regression in closed form, from the smoothed hidden layer to the tracks that the true labels make.
    """
    clips = []
    for shard in shards:
        for index in range(0, len(shard), max(1, len(shard) // UTTERANCES)):
            rows, labels = shard[index]
            clips.append((hidden(np.asarray(rows, np.float32)), lip_tracks(one_hot(labels))))
    lines = [
        _line(
            np.concatenate([smoothed(layer, sigma) for layer, _ in clips]),
            np.concatenate([tracks[:, column] for _, tracks in clips]),
        )
        for column, sigma in enumerate((APERTURE_SIGMA, WIDTH_SIGMA))
    ]
    weights, biases = zip(*lines, strict=True)
    return np.stack(weights).astype(np.float32), np.array(biases, np.float32)


def _line(rows: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, float]:
    mean, level = rows.mean(0), target.mean()
    centred = rows - mean
    square = centred.T @ centred / len(rows)
    ridge = RIDGE * np.trace(square) / len(square) * np.eye(len(square))
    weights = np.linalg.solve(square + ridge, centred.T @ (target - level) / len(rows))
    return weights, level - float(weights @ mean)
