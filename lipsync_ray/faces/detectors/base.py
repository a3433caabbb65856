"""What detectors on torch share: fitting pictures, batches, places back in the pictures as they came."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from torch import Tensor

from lipsync_ray.faces.detector import Detection
from lipsync_ray.faces.detectors.priors import suppress
from lipsync_ray.neural.batching import Batches
from lipsync_ray.neural.runtime import Runtime

LONGEST = 640  # px, longer side of what a network is shown; larger pictures are shrunk to it
SHORTEST = 32  # px, below which a network's coarsest maps are empty; smaller pictures are filled up
MEAN = np.array([104, 117, 123], np.float32)  # of blue, green, red: what both detectors learnt with
GPU_BATCH = 16  # pictures of LONGEST at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """What a network says of one picture, in pixels of what it was shown."""

    boxes: np.ndarray  # float[n,4] x0 y0 x1 y1
    scores: np.ndarray  # float[n]
    points: np.ndarray  # float[n,k,2], right eye and left eye (of the person) first


class NetDetector(ABC):
    """A detector of faces whose network is shown pictures of at most ``LONGEST`` px.

    A picture's faces do not depend on the pictures that it is looked at with, but for the last bits: one
    alone and many at once are different sums.
    """

    overlap: float  # intersection over union above which of two boxes the worse one is dropped
    extra: float = 0.0  # px, see ``suppress``

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self._alone = Batches(1)
        self._batches = Batches(runtime.batch_size(cpu=1, gpu=GPU_BATCH))

    def detect(self, rgb: np.ndarray, min_score: float) -> list[Detection]:
        """Faces in ``uint8[H,W,3]`` of any size with at least this score, best first."""
        return self._detect([rgb], min_score, self._alone)[0]

    def detect_batch(self, pictures: Sequence[np.ndarray], min_score: float) -> list[list[Detection]]:
        """Faces of many pictures ``uint8[H,W,3]``; those of one size go through the network together."""
        return self._detect(pictures, min_score, self._batches)

    def _detect(
        self, pictures: Sequence[np.ndarray], min_score: float, batches: Batches
    ) -> list[list[Detection]]:
        fitted = [fit(rgb) for rgb in pictures]
        found: list[list[Detection]] = [[] for _ in pictures]
        for shape in dict.fromkeys(small.shape for small in fitted):
            chosen = [index for index, small in enumerate(fitted) if small.shape == shape]
            with self.runtime.inference():
                rows = self.runtime.send(np.stack([fitted[index] for index in chosen]))
                raw = self.runtime.fetch(batches.run(self.look, rows))
            for index, numbers in zip(chosen, raw, strict=True):
                height, width = pictures[index].shape[:2]
                seen = self.read(numbers, shape[1], shape[2], min_score)
                found[index] = self._kept(seen, enlargement(height, width))
        return found

    def _kept(self, seen: Candidates, scale: np.ndarray) -> list[Detection]:
        kept = suppress(seen.boxes, seen.scores, self.overlap, extra=self.extra)
        return [
            Detection(
                box=seen.boxes[index].astype(np.float64) * np.tile(scale, 2),
                score=float(seen.scores[index]),
                keypoints=seen.points[index].astype(np.float64) * scale,
            )
            for index in kept
        ]

    @abstractmethod
    def look(self, pictures: Tensor) -> Tensor:
        """Show the network pictures ``[B,3,h,w]``, BGR minus the mean; all it says, ``[B,N,k]``."""

    @abstractmethod
    def read(self, raw: np.ndarray, height: int, width: int, min_score: float) -> Candidates:
        """Candidates of at least this score out of ``float32[N,k]`` for a picture of this size."""


def fit(rgb: np.ndarray) -> np.ndarray:
    """A picture ``uint8[H,W,3]`` as networks are shown it: ``float32[3,h,w]``, BGR minus the mean.

    Shrunk to ``LONGEST``, never enlarged; below ``SHORTEST`` grey is added at the right and at the bottom.
    """
    size = fitted_size(*rgb.shape[:2])
    if size != rgb.shape[:2]:
        rgb = cv2.resize(rgb, size[::-1], interpolation=cv2.INTER_AREA)
    made = np.zeros((3, max(size[0], SHORTEST), max(size[1], SHORTEST)), np.float32)
    made[:, : size[0], : size[1]] = (rgb[..., ::-1] - MEAN).transpose(2, 0, 1)
    return made


def enlargement(height: int, width: int) -> np.ndarray:
    """What leads from a fitted picture to the one that it came from: ``float64[2]``, across and down."""
    small = fitted_size(height, width)
    return np.array([width / small[1], height / small[0]])


def fitted_size(height: int, width: int) -> tuple[int, int]:
    """Height and width of a picture of this height and width after :func:`fit`, before any filling."""
    side = max(height, width)
    if side <= LONGEST:
        return height, width
    return max(1, round(height * LONGEST / side)), max(1, round(width * LONGEST / side))
