"""S3FD as a detector."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from lipsync_ray.faces.detectors.base import Candidates, NetDetector
from lipsync_ray.faces.detectors.priors import decode_boxes, grid
from lipsync_ray.faces.detectors.s3fd_net import S3fdNet, load_s3fd
from lipsync_ray.neural.runtime import Runtime

SIDE = 4  # of a prior, in steps of its map
FIRST_STEP = 4  # px between places of the finest map; doubled from map to map
# Where the eyes of an upright face lie in its box, across and down: its right eye on the picture's left.
EYES = np.array([[0.3, 0.4], [0.7, 0.4]])


class S3FD(NetDetector):
    """Boxes; the eyes are put where those of an upright face are, for S3FD finds none.

    The network is shown blue first, the order of the mean that is taken off, as face-alignment does.
    """

    overlap = 0.3
    extra = 1.0

    def __init__(self, net: S3fdNet, runtime: Runtime) -> None:
        super().__init__(runtime)
        self._net = runtime.place(net)

    @classmethod
    def load(cls, path: Path, runtime: Runtime) -> S3FD:
        """The detector of the published file.

        Raises:
            WeightsCorrupt: it is another.
        """
        return cls(load_s3fd(path), runtime)

    def look(self, pictures: Tensor) -> Tensor:
        """Box and probability of a face for every prior: ``[B,N,5]``."""
        maps = self._net(pictures)
        levels = [
            torch.cat([boxes, scores.softmax(1)[:, 1:]], 1).flatten(2).transpose(1, 2)
            for scores, boxes in zip(maps[::2], maps[1::2], strict=True)
        ]
        return torch.cat(levels, 1)

    def read(self, raw: np.ndarray, height: int, width: int, min_score: float) -> Candidates:
        """Candidates of at least this score out of ``float32[N,5]`` for a picture of this size."""
        kept = np.flatnonzero(raw[:, 4] >= min_score)
        boxes = decode_boxes(raw[kept, :4], places(height, width)[kept])
        corner, size = boxes[:, None, :2], boxes[:, None, 2:] - boxes[:, None, :2]
        return Candidates(boxes=boxes, scores=raw[kept, 4], points=corner + EYES * size)


@lru_cache(maxsize=8)
def places(height: int, width: int) -> np.ndarray:
    """Priors of the six maps of a picture, ``float32[N,4]`` as centre and size in pixels."""
    levels = []
    for level, (rows, columns) in enumerate(map_sizes(height, width)):
        step = FIRST_STEP << level
        levels.append(grid(rows, columns, step, [SIDE * step]))
    return np.concatenate(levels)


def map_sizes(height: int, width: int) -> list[tuple[int, int]]:
    """Rows and columns of the network's six maps for a picture of this size."""
    by_side = [_lengths(height), _lengths(width)]
    return list(zip(*by_side, strict=True))


def _lengths(side: int) -> list[int]:
    """Poolings halve and round down; ``fc6`` adds 4; the last two convolutions halve and round up."""
    coarse = side // 32 + 4
    half = -(-coarse // 2)
    return [side // 4, side // 8, side // 16, coarse, half, -(-half // 2)]
