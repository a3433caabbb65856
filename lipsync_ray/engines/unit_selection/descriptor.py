"""Six numbers that say what a mouth does, read from a canonical face."""

from __future__ import annotations

import numpy as np

# Aperture between the lips, width between the corners, heights of the upper lip, lower lip and chin under
# the nose, protrusion of the lips towards the viewer; all in IO.
NAMES: tuple[str, ...] = ("a", "w", "up", "lo", "jaw", "pr")
A, W, UP, LO, JAW, PR = range(6)

# Standard deviation of each within a talking person, pooled over eight clips.
SIGMA: np.ndarray = np.array([0.058, 0.052, 0.022, 0.046, 0.034, 0.015])
SIGMA.flags.writeable = False

NOSE = 2
# The landmarks that `describe` reads (without the nose's, whose height it is told).
POINTS: tuple[int, ...] = (0, 13, 14, 17, 61, 82, 87, 148, 152, 291, 312, 317, 377)
_LEFT, _RIGHT, _UPPER, _LOWER = (POINTS.index(landmark) for landmark in (61, 291, 13, 14))


def describe(shapes: np.ndarray, nose_y: float) -> np.ndarray:
    """Descriptor of each canonical face ``[N,468,3]``: ``float64[N,6]`` IO, columns as in ``NAMES``.

    ``nose_y`` is the person's mean height of landmark 2: the nose of a single frame trembles, and lifts
    in a smile. The aperture may be slightly negative where the mesh's lips overlap.
    """
    return describe_points(np.asarray(shapes, np.float64)[:, POINTS], nose_y)


def describe_points(points: np.ndarray, nose_y: float) -> np.ndarray:
    """`describe` for faces cut down to the landmarks ``POINTS``, ``[N,13,3]``."""
    out = np.empty((len(points), len(NAMES)))
    y = dict(zip(POINTS, points[:, :, 1].T, strict=True))
    out[:, A] = 0.5 * (y[14] - y[13]) + 0.25 * ((y[87] - y[82]) + (y[317] - y[312]))
    across = points[:, _LEFT] - points[:, _RIGHT]
    out[:, W] = np.sqrt((across * across).sum(axis=1))
    out[:, UP], out[:, LO] = y[0] - nose_y, y[17] - nose_y
    out[:, JAW] = (y[152] + y[148] + y[377]) / 3 - nose_y
    out[:, PR] = -(points[:, _UPPER, 2] + points[:, _LOWER, 2]) / 2
    return out
