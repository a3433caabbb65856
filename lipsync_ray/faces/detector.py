"""Face detection: the contract, and the embedded detector (BlazeFace, full range)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from lipsync_ray.faces.interpreter import LiteModel

INPUT = 192  # px, side of the network's picture
GRID = 48  # anchors per side, one per cell, centred in it
NMS_OVERLAP = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """A face as a detector sees it, in pixels of the picture it was given."""

    box: np.ndarray  # float64[4] x0 y0 x1 y1
    score: float
    keypoints: np.ndarray  # float64[k,2], right eye and left eye (of the person) first

    @property
    def width(self) -> float:
        """Width in pixels."""
        return float(self.box[2] - self.box[0])


class Detector(Protocol):
    """Finds faces in a picture."""

    def detect(self, rgb: np.ndarray, min_score: float) -> list[Detection]:
        """Faces in ``uint8[H,W,3]`` with at least this score, best first."""
        ...


class BlazeFaceFullRange:
    """The 192 px full-range sparse model of MediaPipe (Apache-2.0), run by LiteRT."""

    def __init__(self, path: Path) -> None:
        self._model = LiteModel(path)
        cells = (np.arange(GRID) + 0.5) / GRID
        self._anchors = np.stack(np.meshgrid(cells, cells), -1).reshape(-1, 1, 2)  # x fastest

    def detect(self, rgb: np.ndarray, min_score: float) -> list[Detection]:
        """Faces in ``uint8[H,W,3]`` of any size, best first; overlapping ones are averaged."""
        picture, scale, shift = letterbox(rgb)
        raw, logits = sorted(
            self._model(picture[None] / np.float32(127.5) - 1), key=lambda out: -out.shape[-1]
        )
        scores = 1 / (1 + np.exp(-np.clip(logits[0, :, 0].astype(np.float64), -100, 100)))
        kept = np.flatnonzero(scores >= min_score)
        points = raw[0, kept].astype(np.float64).reshape(-1, 8, 2) / INPUT
        points[:, [0, *range(2, 8)]] += self._anchors[kept]
        points = points * INPUT * scale - np.asarray(shift)
        centre, size = points[:, 0], points[:, 1] + np.asarray(shift)
        boxes = np.concatenate([centre - size / 2, centre + size / 2], 1)
        return merge(boxes, scores[kept], points[:, 2:])


def letterbox(rgb: np.ndarray) -> tuple[np.ndarray, float, tuple[float, float]]:
    """Fit a picture into a black square of ``INPUT``; ``x = x_square * scale - shift`` leads back."""
    height, width = rgb.shape[:2]
    side = max(height, width)
    size = (max(1, round(width * INPUT / side)), max(1, round(height * INPUT / side)))
    method = cv2.INTER_AREA if side > INPUT else cv2.INTER_LINEAR
    small = rgb if size == (width, height) else cv2.resize(rgb, size, interpolation=method)
    left, top = (INPUT - size[0]) // 2, (INPUT - size[1]) // 2
    square = np.zeros((INPUT, INPUT, 3), np.uint8)
    square[top : top + size[1], left : left + size[0]] = small
    scale = side / INPUT
    return square, scale, (left * scale, top * scale)


def merge(boxes: np.ndarray, scores: np.ndarray, keypoints: np.ndarray) -> list[Detection]:
    """Weighted non-maximum suppression: each group of overlapping boxes becomes its mean by score."""
    order = np.argsort(-scores, kind="stable")
    found = []
    while len(order):
        group = order[overlaps(boxes[order[0]], boxes[order]) > NMS_OVERLAP]
        if not len(group):  # an empty box overlaps nothing, not even itself
            group = order[:1]
        weights = scores[group] / scores[group].sum()
        found.append(
            Detection(
                box=weights @ boxes[group],
                score=float(scores[order[0]]),
                keypoints=np.einsum("n,nkd->kd", weights, keypoints[group]),
            )
        )
        order = order[~np.isin(order, group)]
    return found


def overlaps(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Intersection over union of a box ``[4]`` with boxes ``[n,4]``: ``float64[n]``."""
    corner = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    shared = np.clip(corner, 0, None).prod(1)
    areas = np.clip(others[:, 2:] - others[:, :2], 0, None).prod(1)
    union = np.clip(box[2:] - box[:2], 0, None).prod() + areas - shared
    return shared / np.maximum(union, 1e-9)
