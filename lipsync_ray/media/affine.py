"""Affine maps of the plane, as OpenCV takes them."""

from __future__ import annotations

import numpy as np


def affine(linear: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """``float64[2,3]`` of a turn with a scale ``[2,2]`` and a shift ``[2]``."""
    out = np.empty((2, 3))
    out[:, :2], out[:, 2] = linear, shift
    return out


def turn_by(angle: float) -> np.ndarray:
    """``float64[2,2]``, clockwise on the screen, in radians."""
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[cosine, -sine], [sine, cosine]])
