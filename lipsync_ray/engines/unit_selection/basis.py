"""How a whole face moves with its mouth: displacement per unit of each descriptor.

`displacement_basis.npz` holds the shipped prior: a ridge regression of canonical shape on descriptor,
pooled over eight public sample clips of talking people whose landmarks were read with an attention mesh
(``B float16[6,468,3]``, IO per IO; ``sigma float32[6]``). It is measured data and holds nobody's face.
"""

from __future__ import annotations

from importlib.resources import files

import numpy as np

from lipsync_ray.engines.unit_selection.descriptor import POINTS, SIGMA, describe_points

# Frames of evidence the prior counts for, plus a share of the clip so that noise never decides alone.
PRIOR_FRAMES, RIDGE_SHARE = 200.0, 0.02
_ROUNDS, _STEP = 3, 0.8


def load_prior() -> np.ndarray:
    """The shipped basis, ``float64[6,468,3]``."""
    with (
        (files("lipsync_ray.engines.unit_selection") / "displacement_basis.npz").open("rb") as file,
        np.load(file) as data,
    ):
        return data["B"].astype(np.float64)


class BasisFit:
    """Ridge regression of shape on descriptor from sums alone, so that a clip of any length can stream by."""

    def __init__(self) -> None:
        self.count = 0
        self._descriptors = np.zeros(6)
        self._products = np.zeros((6, 6))
        self._shapes = np.zeros((468, 3))
        self._cross = np.zeros((6, 468, 3))

    def add(self, shapes: np.ndarray, descriptors: np.ndarray) -> None:
        """Take in present faces ``[N,468,3]`` with their descriptors ``[N,6]``."""
        standard = descriptors / SIGMA
        self.count += len(shapes)
        self._descriptors += standard.sum(axis=0)
        self._products += standard.T @ standard
        self._shapes += shapes.sum(axis=0)
        self._cross += np.tensordot(standard, shapes, axes=(0, 0))

    def solve(self, prior: np.ndarray) -> np.ndarray:
        """The basis ``float64[6,468,3]``: the clip's own where it has evidence, the prior elsewhere."""
        if not self.count:
            return prior.copy()
        mean = self._descriptors / self.count
        products = self._products - self.count * np.outer(mean, mean)
        cross = self._cross - np.multiply.outer(mean, self._shapes)
        weight = PRIOR_FRAMES + RIDGE_SHARE * self.count
        right = cross + weight * prior * SIGMA[:, None, None]
        solved = np.linalg.solve(products + weight * np.eye(6), right.reshape(6, -1))
        return solved.reshape(6, 468, 3) / SIGMA[:, None, None]


def move(shapes: np.ndarray, delta: np.ndarray, basis: np.ndarray, nose_y: float) -> np.ndarray:
    """Faces ``[N,468,3]`` moved so that their descriptors change by ``delta [N,6]``.

    Three fixed-point rounds correct what the basis alone misses (it is a regression, not an inverse).
    """
    points = np.asarray(shapes, np.float64)[:, POINTS]
    few, whole = basis[:, POINTS].reshape(len(basis), -1), basis.reshape(len(basis), -1)
    wanted = describe_points(points, nose_y) + delta
    step = np.array(delta, np.float64)
    for _ in range(_ROUNDS):
        reached = describe_points(points + _sum(step, few).reshape(points.shape), nose_y)
        step += _STEP * (wanted - reached)
    return shapes + _sum(step, whole).reshape(shapes.shape)


def _sum(steps: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """``steps [N,6] @ basis [6,n]``, term after term: no row depends on how many there are."""
    total = steps[:, :1] * basis[0]
    for column in range(1, len(basis)):
        total += steps[:, column, None] * basis[column]
    return np.asarray(total)
