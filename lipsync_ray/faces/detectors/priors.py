"""Boxes that detectors correct: where they lie, what a correction means, which of many are kept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

SIZES = ((16, 32), (64, 128), (256, 512))  # px, two at each place of RetinaFace's three maps
STEPS = (8, 16, 32)  # px between places
VARIANCES = (0.1, 0.2)  # of centres and of sides


def priors(height: int, width: int) -> np.ndarray:
    """RetinaFace's priors for a picture: ``float32[N,4]`` of centre and size in pixels (x, y, w, h).

    Row by row over the maps of 1/8, 1/16 and 1/32 of the size (rounded up), both sizes of a place together.
    """
    levels = zip(SIZES, STEPS, strict=True)
    return np.concatenate(
        [grid(-(-height // step), -(-width // step), step, sizes) for sizes, step in levels]
    )


def grid(rows: int, columns: int, step: int, sizes: Sequence[int]) -> np.ndarray:
    """Priors of one map, ``float32[rows * columns * sizes,4]``: squares around the middles of its cells."""
    made = np.empty((rows, columns, len(sizes), 4), np.float32)
    made[..., 0] = ((np.arange(columns) + 0.5) * step)[None, :, None]
    made[..., 1] = ((np.arange(rows) + 0.5) * step)[:, None, None]
    made[..., 2:] = np.array(sizes)[:, None]
    return made.reshape(-1, 4)


def decode_boxes(offsets: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Corners ``[N,4]`` (x0, y0, x1, y1) in the priors' unit.

    Args:
        offsets: ``[N,4]``, what the network says of centre and size.
        places: ``[N,4]`` priors as centre and size.
    """
    centre = places[:, :2] + offsets[:, :2] * VARIANCES[0] * places[:, 2:]
    half = places[:, 2:] * np.exp(offsets[:, 2:] * VARIANCES[1]) / 2
    return np.concatenate([centre - half, centre + half], 1)


def decode_points(offsets: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Points ``[N,k,2]`` in the priors' unit from offsets ``[N,2k]``."""
    pairs = offsets.reshape(len(offsets), offsets.shape[1] // 2, 2)
    return places[:, None, :2] + pairs * VARIANCES[0] * places[:, None, 2:]


def suppress(boxes: np.ndarray, scores: np.ndarray, overlap: float, *, extra: float = 0.0) -> np.ndarray:
    """Non-maximum suppression: indices ``int64[n]`` of the boxes kept, best first.

    Args:
        boxes: ``[N,4]`` corners in pixels.
        scores: ``[N]``; of equal ones the earlier box is better.
        overlap: intersection over union above which the worse box is dropped.
        extra: added to every width and height; 1 for boxes whose last pixel counts (GPEN's detector, S3FD).
    """
    order = np.argsort(-scores, kind="stable")
    areas = (boxes[:, 2:] - boxes[:, :2] + extra).prod(1)
    kept = []
    while len(order):
        best, order = order[0], order[1:]
        kept.append(best)
        low = np.maximum(boxes[best, :2], boxes[order, :2])
        high = np.minimum(boxes[best, 2:], boxes[order, 2:])
        shared = np.clip(high - low + extra, 0, None).prod(1)
        # Multiplied out: an empty box has no union to divide by.
        order = order[shared <= overlap * (areas[best] + areas[order] - shared)]
    return np.array(kept, np.int64)
