"""More detail for faces much larger than a restorer's: tiles, anchored to the whole restored face."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from lipsync_ray.enhance.align import SIDE
from lipsync_ray.enhance.base import Restorer

OVERLAP = 128  # px that neighbouring tiles share
# Pixels of a frame for one of the aligned face from which tiles add detail, and from which they add all of
# it: a face that comes nearer must not turn sharp from one frame to the next.
LARGE, LARGEST = 1.5, 2.0


def restore_tiles(
    restorer: Restorer, frame: np.ndarray, whole: np.ndarray, mask: np.ndarray, number: int, magnified: float
) -> np.ndarray:
    """The frame with a restored mouth at its own resolution, ``uint8[H,W,3]``.

    The restorer sees squares of 512 px of the frame itself. It was made for whole faces, so only what is
    finer than the pixels of the whole restored face is taken from the tiles; colours, shapes and all else
    stay those of ``whole``.

    Args:
        restorer: what restores.
        frame: RGB ``uint8[H,W,3]``.
        whole: the same with the whole restored face put back.
        mask: ``uint8[H,W]`` of the mouth; tiles cover its bounds.
        number: output frame.
        magnified: px of the frame for one px of the whole restored face.
    """
    x, y, width, height = cv2.boundingRect(mask)
    if not width:
        return whole
    total, weight = np.zeros(whole.shape, np.float32), np.zeros(whole.shape[:2], np.float32)
    reach = int(np.ceil(2 * magnified)) + 1  # of the filter that finds what is fine
    for top, left in tile_corners(frame.shape[:2], (y, y + height), (x, x + width)):
        tile = _square(whole, top, left)
        y0, y1 = _needed(y - top, y + height - top, reach)
        x0, x1 = _needed(x - left, x + width - left, reach)
        made = restorer.restore(tile[None], np.array([number]), (y0, y1, x0, x1))[0]
        fine = _fine(made.astype(np.float32) - tile[y0:y1, x0:x1], magnified)
        part = np.s_[top + y0 : top + y1, left + x0 : left + x1]
        rows, columns = weight[part].shape
        share = window()[y0 : y0 + rows, x0 : x0 + columns]
        total[part] += fine[:rows, :columns] * share[..., None]
        weight[part] += share
    share = min(1.0, max(0.0, (magnified - LARGE) / (LARGEST - LARGE)))
    detail = share * total / np.maximum(weight, 1e-6)[..., None]
    return np.clip(np.rint(whole + detail), 0, 255).astype(np.uint8)


def tile_corners(
    shape: tuple[int, ...], rows: tuple[int, int], columns: tuple[int, int]
) -> Iterator[tuple[int, int]]:
    """Top left corners of tiles that cover ``rows`` x ``columns`` of a picture and overlap by ``OVERLAP``."""
    for top in _starts(*rows, shape[0]):
        for left in _starts(*columns, shape[1]):
            yield top, left


def _starts(start: int, stop: int, size: int) -> list[int]:
    count = max(1, -(-(stop - start - OVERLAP) // (SIDE - OVERLAP)))
    span = count * (SIDE - OVERLAP) + OVERLAP
    first = int(np.clip((start + stop - span) // 2, 0, max(0, size - span)))
    return [first + index * (SIDE - OVERLAP) for index in range(count)]


def window() -> np.ndarray:
    """Weight of a tile's pixels, ``float32[512,512]``: raised cosines over the overlaps.

    Neighbours at ``SIDE - OVERLAP`` sum to 1 where they overlap.
    """
    rise = 0.5 - 0.5 * np.cos(np.pi * (np.arange(OVERLAP) + 0.5) / OVERLAP)
    row = np.concatenate([rise, np.ones(SIDE - 2 * OVERLAP), rise[::-1]])
    return np.outer(row, row).astype(np.float32)


def _needed(start: int, stop: int, reach: int) -> tuple[int, int]:
    """Rows of a tile that are worth restoring for rows ``[start, stop)`` counted from its first one."""
    return max(start - reach, 0), min(stop + reach, SIDE)


def _square(picture: np.ndarray, top: int, left: int) -> np.ndarray:
    """A tile, its border repeated where the picture ends."""
    part = picture[top : top + SIDE, left : left + SIDE]
    missing = (0, SIDE - part.shape[0], 0, SIDE - part.shape[1])
    return cv2.copyMakeBorder(part, *missing, cv2.BORDER_REPLICATE)


def _fine(change: np.ndarray, magnified: float) -> np.ndarray:
    """What of a change is finer than pixels ``magnified`` times as large."""
    return change - cv2.GaussianBlur(change, (0, 0), magnified / 2)
