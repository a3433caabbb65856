"""What a face does while it says something: the table's shapes, each sound pulling at its neighbours."""

from __future__ import annotations

import numpy as np

from lipsync_ray.speech.features import smooth
from lipsync_ray.speech.visemes.classes import (
    APERTURE,
    APERTURE_STRENGTH,
    COUNT,
    ROUNDING,
    WIDTH,
    WIDTH_STRENGTH,
)

APERTURE_SIGMA, WIDTH_SIGMA = 4.0, 6.0  # frames of 10 ms
TRACKS = (
    (APERTURE, APERTURE_STRENGTH, APERTURE_SIGMA),
    (WIDTH, WIDTH_STRENGTH, WIDTH_SIGMA),
    (ROUNDING, WIDTH_STRENGTH, WIDTH_SIGMA),
)


def one_hot(labels: np.ndarray) -> np.ndarray:
    """Labels ``int[n]`` as posteriors that are certain, ``float32[n, 32]``."""
    return np.eye(COUNT, dtype=np.float32)[labels]


def lip_tracks(posteriors: np.ndarray) -> np.ndarray:
    """Aperture, width and rounding of ``float[n, 32]`` in the table's units: ``float32[n, 3]``.

    A track is the average of the classes' values, weighed by probability, strength and nearness in time.
    """
    tracks = [
        smooth(posteriors @ (values * strength), sigma) / smooth(posteriors @ strength, sigma)
        for values, strength, sigma in TRACKS
    ]
    return np.stack(tracks, axis=1).astype(np.float32)
