"""Skin and lips as a network sees them: keeps a mouth's mask off hair, hands and glasses."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from lipsync_ray.blend.parsenet import load_parsenet
from lipsync_ray.enhance.align import GFPGAN_TEMPLATE, SIDE, cut_smoothly, fit_similarity, five_points
from lipsync_ray.neural.batching import Batches
from lipsync_ray.neural.runtime import Runtime

# Classes of ParseNet: skin, nose, mouth, upper and lower lip.
FACE = (1, 2, 10, 11, 12)
# Rows and columns of an aligned face that are parsed: mouth and jaw, which is where masks are asked for.
PART = (272, SIDE, 80, 432)
_SOFT = 3.0  # px of the aligned face, of the border


class FaceParser:
    """Masks of a face's own parts.

    Args:
        path: ParseNet's file.
        runtime: how it computes.
    """

    def __init__(self, path: Path, runtime: Runtime) -> None:
        self._runtime = runtime
        self._net = runtime.place(load_parsenet(path))
        self._batches = Batches(runtime.batch_size(cpu=1, gpu=8))

    def masks(self, frames: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
        """Where skin, nose and mouth are in the lower half of a face, ``uint8[N,H,W]``, soft at the border.

        Args:
            frames: RGB ``uint8[N,H,W,3]``.
            landmarks: ``float32[N,468,3]`` px.
        """
        fits = [fit_similarity(five_points(face), GFPGAN_TEMPLATE) for face in landmarks]
        faces = np.stack([cut_smoothly(f, *fit) for f, fit in zip(frames, fits, strict=True)])
        runtime = self._runtime
        with runtime.inference():
            given = runtime.send(faces.transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1)
            classes = runtime.fetch(self._batches.run(lambda face: self._net(face, PART).argmax(1), given))
        size = (frames.shape[2], frames.shape[1])
        return np.stack([_back(seen, fit[0], size) for seen, fit in zip(classes, fits, strict=True)])


def _back(classes: np.ndarray, matrix: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[PART[0] : PART[1], PART[2] : PART[3]] = 255 * np.isin(classes, FACE)
    soft = cv2.GaussianBlur(mask, (0, 0), _SOFT)
    return cv2.warpAffine(soft, matrix, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
