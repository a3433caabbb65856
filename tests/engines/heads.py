"""A head without pictures: the portrait's mesh on a moving, nodding head, absent and cut here and there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import strategies as st

_MESH = Path(__file__).resolve().parent / "unit_selection" / "portrait_landmarks.npz"


def head(at: tuple[float, float] = (320.0, 240.0), size: float = 200.0) -> np.ndarray:
    """Landmarks ``float32[468,3]`` of an upright face whose mesh is ``size`` px high."""
    with np.load(_MESH) as data:
        found = np.asarray(data["landmarks"], np.float64).reshape(-1, 468, 3)[0]
    eyes = found[263] - found[33]
    points = turned(found, -np.degrees(np.arctan2(eyes[1], eyes[0])))
    points = points - (points.min(0) + points.max(0)) / 2
    points *= size / np.ptp(points[:, 1])
    return (points + np.array([*at, 0.0])).astype(np.float32)


def turned(points: np.ndarray, degrees: float) -> np.ndarray:
    """The same, turned in the picture's plane about its middle."""
    angle = np.radians(degrees)
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = points[:, :2].mean(0)
    out = points.copy()
    out[:, :2] = (points[:, :2] - middle) @ matrix.T + middle
    return out


def moving(count: int, seed: int = 0) -> np.ndarray:
    """``float32[count,468,3]``: the head wanders, nods and shakes a little."""
    rng = np.random.default_rng(seed)
    path = np.cumsum(rng.normal(0, 3, (count, 2)), 0) + np.array([320, 240])
    return np.stack(
        [turned(head((x, y), 200 + 5 * np.sin(k / 4)), 8 * np.sin(k / 7)) for k, (x, y) in enumerate(path)]
    )


@st.composite
def stretches(draw: st.DrawFn, most: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Which of some rows have a face, and before which the picture does not go on, both ``bool[M]``."""
    count = draw(st.integers(1, most))
    flags = st.lists(st.booleans(), min_size=count, max_size=count)
    absent, breaks = np.array(draw(flags)), np.array(draw(flags))
    few = np.array(draw(flags))
    return ~absent | few, breaks & ~np.array(draw(flags))
