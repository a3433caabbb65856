"""Crops of scattered source frames, decoded in file order, in pieces that can run anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from lipsync_ray.media.colour import crop_rgb
from lipsync_ray.media.frame import Box
from lipsync_ray.media.index import FrameTable
from lipsync_ray.media.reader import Backend, open_reader

_PIECE = 250  # frames a piece decodes at most: one far seek for each


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Crops wanted of ascending source frames."""

    frames: list[int]
    boxes: list[Box]


def cut_crops(piece: Piece, source: tuple[FrameTable, Backend]) -> list[np.ndarray]:
    """Decode the frames of a piece: RGB ``uint8[h,w,3]`` of each box. ``source`` is table and backend."""
    table, backend = source
    with open_reader(table, backend=backend) as reader:
        return [
            np.ascontiguousarray(crop_rgb(frame, box))
            for frame, box in zip(reader.frames(piece.frames), piece.boxes, strict=True)
        ]


def fetch_crops(
    frames: np.ndarray,
    boxes: list[Box],
    run: Callable[[list[Piece]], Iterable[list[np.ndarray]]],
) -> list[np.ndarray]:
    """Crops of frames in any order, in that order; ``run`` maps ``cut_crops`` over pieces, in their order."""
    order = np.argsort(frames, kind="stable")
    crops: list[np.ndarray | None] = [None] * len(order)
    places = iter(order.tolist())
    for done in run(list(_pieces(frames[order].tolist(), [boxes[i] for i in order]))):
        for crop in done:
            crops[next(places)] = crop
    return [crop for crop in crops if crop is not None]


def _pieces(frames: list[int], boxes: list[Box]) -> Iterator[Piece]:
    """Cut where frames are far apart, or where a piece would span too many."""
    first = 0
    for index in range(1, len(frames) + 1):
        if index == len(frames) or frames[index] - frames[first] >= _PIECE:
            yield Piece(frames=frames[first:index], boxes=boxes[first:index])
            first = index
