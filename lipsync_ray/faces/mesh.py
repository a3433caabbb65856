"""468 landmarks of a face, the lips with a closer look: MediaPipe's attention mesh on plain LiteRT."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lipsync_ray.faces.interpreter import LiteModel
from lipsync_ray.faces.roi import Roi
from lipsync_ray.media.affine import affine, turn_by

SIZE = 192  # px, side of the network's picture
# The 80 lip landmarks in the order of the lip branch: four rings, lower lip first.
LIPS = np.array(
    [
        [61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 185, 40, 39, 37, 0, 267, 269, 270, 409],
        [78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 191, 80, 81, 82, 13, 312, 311, 310, 415],
        [76, 77, 90, 180, 85, 16, 315, 404, 320, 307, 306, 184, 74, 73, 72, 11, 302, 303, 304, 408],
        [62, 96, 89, 179, 86, 15, 316, 403, 319, 325, 292, 183, 42, 41, 38, 12, 268, 271, 272, 407],
    ]
).ravel()
LEFT_CORNER, RIGHT_CORNER = 61, 291
GRID = 16  # features are sampled on 16 x 16 points around the lips
LIP_MARGIN = 1.5
_HALF = np.full(2, GRID / 2)
_CELLS = np.stack(np.meshgrid(np.arange(GRID), np.arange(GRID)), -1) + 0.5


class FaceMesh:
    """Both halves of the attention mesh; one face at a time, about 1.5 ms each."""

    def __init__(self, backbone: Path, lips: Path) -> None:
        self._backbone = LiteModel(backbone)
        self._lips = LiteModel(lips)

    def landmarks(self, square: np.ndarray, roi: Roi) -> tuple[np.ndarray, float]:
        """Landmarks ``float32[468,3]`` in pixels of the picture (z in the same unit), and a score 0..1.

        The score says whether there is a face in the square; it stays high when a hand covers the mouth.

        Args:
            square: RGB ``uint8[192,192,3]``, the picture through ``roi.matrix(SIZE)``.
            roi: where the square lies in the picture.
        """
        matrix = roi.matrix(SIZE)
        features, points, logit = self._backbone(square[None] * np.float32(1 / 255))
        mesh = points.reshape(468, 3).astype(np.float64)
        to_features = lip_square(mesh)
        (lips,) = self._lips(sample(features[0], to_features)[None])
        # The lip branch answers in its own grid: features have a quarter of the picture's resolution.
        mesh[LIPS, :2] = lips[0] @ to_features[:, :2].T + 4 * to_features[:, 2]
        pixels = np.empty((468, 3), np.float32)
        pixels[:, :2] = mesh[:, :2] @ matrix[:, :2].T + matrix[:, 2]
        pixels[:, 2] = mesh[:, 2] * (roi.side / SIZE)
        return pixels, float(1 / (1 + np.exp(-np.clip(logit.item(), -100, 100))))


def lip_square(mesh: np.ndarray) -> np.ndarray:
    """Map ``float64[2,3]`` from the 16 x 16 sampling grid to the feature map, around level lips."""
    points = mesh[:, :2] / 4  # feature cells are 4 px wide
    line = points[RIGHT_CORNER] - points[LEFT_CORNER]
    turn = turn_by(-float(np.arctan2(line[1], line[0])))
    level = points[LIPS] @ turn.T
    low, high = level.min(0), level.max(0)
    centre = turn.T @ ((low + high) / 2)
    linear = turn.T * (LIP_MARGIN * (high - low) / GRID)
    return affine(linear, centre - linear @ _HALF)


def sample(features: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Bilinear samples ``float32[16,16,32]`` of ``features [48,48,32]`` at the centres of the cells."""
    at = _CELLS @ matrix[:, :2].T + matrix[:, 2] - 0.5
    at = np.clip(at, 0, np.array(features.shape[1::-1]) - 1.001)
    low = at.astype(np.int64)
    fraction = (at - low).astype(np.float32)[..., None]
    fx, fy = fraction[:, :, 0], fraction[:, :, 1]
    width = features.shape[1]
    flat = features.reshape(-1, features.shape[2])
    first = low[..., 1] * width + low[..., 0]
    upper = flat.take(first, 0) * (1 - fx) + flat.take(first + 1, 0) * fx
    lower = flat.take(first + width, 0) * (1 - fx) + flat.take(first + width + 1, 0) * fx
    return upper * (1 - fy) + lower * fy
