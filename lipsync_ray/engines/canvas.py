"""What an engine that only touches a little of a frame draws on: parts of it as RGB, its own pixels moved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

Rect = tuple[int, int, int, int]  # x0, y0, x1, y1: half-open, pixels
_BAND = 64  # rows that are moved together


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """Where the pixels of a box come from."""

    x0: int  # px of the crop, the box's first pixel
    y0: int
    x: np.ndarray  # float32[h,w] px, added to a position to get the one that it shows
    y: np.ndarray
    moving: np.ndarray  # uint8[h,w], 255 where a pixel moves, 0 where it stays as it is

    @property
    def box(self) -> Rect:
        """What may change, px of the crop."""
        height, width = self.moving.shape
        return self.x0, self.y0, self.x0 + width, self.y0 + height


class Canvas(Protocol):
    """One frame's crop while an engine draws in it. All rectangles lie inside it, in its pixels."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        ...

    def source(self, box: Rect) -> np.ndarray:
        """A part of the frame as it came, RGB ``uint8[h,w,3]``, to be read only."""
        ...

    def shown(self, box: Rect) -> np.ndarray:
        """A part of it as it looks by now, RGB ``uint8[h,w,3]``, to be read only."""
        ...

    def move(self, shift: Shift) -> None:
        """Move the frame's own pixels; done once at most, before anything is laid over them."""
        ...

    def lay(self, box: Rect, before: np.ndarray, after: np.ndarray, where: np.ndarray) -> None:
        """Make a part that is ``before`` look like ``after``, where ``where [h,w]`` is above 0."""
        ...

    def finish(self, strength: float) -> None:
        """Mix what was drawn with what was there, by 0..1 of it; last of all."""
        ...


class RgbCanvas:
    """A canvas over a crop that is RGB already; ``picture`` and ``mask`` are what comes out.

    Args:
        crop: ``uint8[H,W,3]``; it stays as it is.
    """

    def __init__(self, crop: np.ndarray) -> None:
        self.picture = crop.copy()
        self.mask = np.zeros(crop.shape[:2], np.uint8)  # 0: untouched
        self._crop = crop
        self._touched: Rect | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self._crop.shape[1], self._crop.shape[0]

    def source(self, box: Rect) -> np.ndarray:
        """See `Canvas`."""
        return cut(self._crop, box)

    def shown(self, box: Rect) -> np.ndarray:
        """See `Canvas`."""
        return cut(self.picture, box)

    def move(self, shift: Shift) -> None:
        """See `Canvas`."""
        move_pixels(self._crop, shift, self.picture)
        self._touch(shift.box)

    def lay(self, box: Rect, before: np.ndarray, after: np.ndarray, where: np.ndarray) -> None:
        """See `Canvas`."""
        cut(self.picture, box)[:] = after
        self._touch(box)

    def finish(self, strength: float) -> None:
        """See `Canvas`; tells ``mask`` where the picture differs, by how strongly it is drawn."""
        if self._touched is None:
            return
        new, old = cut(self.picture, self._touched), cut(self._crop, self._touched)
        if strength < 1.0:
            new[:] = cv2.addWeighted(new, strength, old, 1.0 - strength, 0.0)
        red, green, blue = cv2.split(cv2.absdiff(new, old))
        changed = cv2.bitwise_or(cv2.bitwise_or(red, green), blue)
        cut(self.mask, self._touched)[:] = cv2.threshold(changed, 0, level_of(strength), cv2.THRESH_BINARY)[1]

    def _touch(self, box: Rect) -> None:
        self._touched = around(self._touched, box)


def level_of(strength: float) -> int:
    """What a mask says of a change of a strength 0..1: 1..255."""
    return max(1, round(255 * strength))


def move_pixels(source: np.ndarray, shift: Shift, moved: np.ndarray) -> None:
    """Write the pixels of a picture that move into ``moved``, a copy of it; both ``[H,W]`` or ``[H,W,3]``."""
    x0, y0, x1, y1 = shift.box
    across = shift.x + np.arange(x0, x1, dtype=np.float32)
    down = shift.y + np.arange(y0, y1, dtype=np.float32)[:, None]
    target = cut(moved, shift.box)
    for first in range(0, y1 - y0, _BAND):  # a third of the box stands still, most of it in the corners
        x, y, width, height = cv2.boundingRect(shift.moving[first : first + _BAND])
        if width:
            piece = slice(first + y, first + y + height), slice(x, x + width)
            pixels = cv2.remap(
                source, across[piece], down[piece], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
            )
            cv2.copyTo(pixels, shift.moving[piece], target[piece])


def cut(picture: np.ndarray, box: Rect) -> np.ndarray:
    """View of a picture inside a box."""
    return picture[box[1] : box[3], box[0] : box[2]]


def is_empty(box: Rect) -> bool:
    """True if the box holds no pixel."""
    return box[2] <= box[0] or box[3] <= box[1]


def around(one: Rect | None, other: Rect) -> Rect:
    """The smallest box that holds both."""
    if one is None:
        return other
    return min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])
