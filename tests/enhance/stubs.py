"""Restorers without networks, which note what they were shown."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from lipsync_ray.enhance.align import GFPGAN_TEMPLATE
from lipsync_ray.enhance.base import Part


class Stub:
    """A restorer that does something simple to every face."""

    template = GFPGAN_TEMPLATE

    def __init__(self, change: Callable[[np.ndarray], np.ndarray]) -> None:
        self._change = change
        self.numbers: list[list[int]] = []
        self.parts: list[Part] = []

    def restore(self, faces: np.ndarray, numbers: np.ndarray, part: Part) -> np.ndarray:
        assert faces.shape[1:] == (512, 512, 3)
        self.numbers.append(numbers.tolist())
        self.parts.append(part)
        top, bottom, left, right = part
        return self._change(faces)[:, top:bottom, left:right]


def same() -> Stub:
    return Stub(lambda faces: faces)


def brighter(levels: int = 40) -> Stub:
    return Stub(lambda faces: cv2.add(faces, np.full_like(faces, levels)))


def picture(shape: tuple[int, int], seed: int = 0, cell: int = 24) -> np.ndarray:
    """A smooth picture ``uint8[H,W,3]`` with levels of 60 to 180."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(60, 180, (shape[0] // cell + 2, shape[1] // cell + 2, 3)).astype(np.float32)
    large = cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    return np.clip(large, 60, 180).astype(np.uint8)
