"""A decoded picture: planes, how they are laid out, and rectangles in them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

Matrix = Literal["bt601", "bt709", "bt2020"]

_SUBSAMPLING = {(1, 1): "420", (1, 0): "422", (0, 0): "444"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelLayout:
    """How the three planes of a working picture store colour.

    ``siting_x`` and ``siting_y`` say where a chroma sample lies inside the block of luma pixels it
    belongs to, in luma pixels from the block's first one: 0 is on that pixel, 0.5 half-way to the next.
    """

    depth: int = 8  # bits of a sample: 8 in uint8, more in uint16
    shift_x: int = 1  # log2 of the luma columns that share a chroma sample
    shift_y: int = 1  # log2 of the luma rows that share one
    matrix: Matrix = "bt709"
    full_range: bool = False
    siting_x: float = 0.0  # MPEG-2, H.264, HEVC: on the left pixel
    siting_y: float = 0.5  # and between the two rows

    def __post_init__(self) -> None:
        if (self.shift_x, self.shift_y) not in _SUBSAMPLING or not 8 <= self.depth <= 16:
            raise ValueError(
                f"no working layout has {self.depth = }, {self.shift_x = }, {self.shift_y = }: "
                "4:2:0, 4:2:2 and 4:4:4 of 8 to 16 bits do"
            )

    @property
    def pix_fmt(self) -> str:
        """FFmpeg's name of the layout, such as ``yuv420p`` or ``yuv422p10le``."""
        deep = f"{self.depth}le" if self.depth > 8 else ""
        return f"yuv{_SUBSAMPLING[self.shift_x, self.shift_y]}p{deep}"

    @property
    def dtype(self) -> np.dtype:
        """Type of a sample."""
        return np.dtype(np.uint8 if self.depth == 8 else np.uint16)

    @property
    def neutral(self) -> int:
        """Chroma value of a colourless pixel."""
        return 1 << (self.depth - 1)

    def chroma_shape(self, height: int, width: int) -> tuple[int, int]:
        """Rows and columns of a chroma plane of a ``height`` x ``width`` picture (odd sizes round up)."""
        return -(-height >> self.shift_y), -(-width >> self.shift_x)

    def bytes_of(self, height: int, width: int) -> int:
        """Memory of one picture."""
        rows, columns = self.chroma_shape(height, width)
        return (height * width + 2 * rows * columns) * self.dtype.itemsize

    def turned(self, rotation: int, mirrored: bool = False) -> PixelLayout:
        """The layout after turning the picture clockwise and then mirroring it left to right.

        4:2:2 turned by a quarter becomes 4:4:4: encoders have no layout that halves rows only.
        """
        shift_x, shift_y, x, y = self.shift_x, self.shift_y, self.siting_x, self.siting_y
        if rotation in (90, 270):
            if shift_x != shift_y:
                shift_x, shift_y, x, y = 0, 0, 0.0, 0.0
            flip_x, flip_y = rotation == 90, rotation == 270
            x, y = y, x
        else:
            flip_x = flip_y = rotation == 180
        x = ((1 << shift_x) - 1) - x if flip_x != mirrored else x
        y = ((1 << shift_y) - 1) - y if flip_y else y
        return replace(self, shift_x=shift_x, shift_y=shift_y, siting_x=x, siting_y=y)


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle of upright pixels; right and bottom edges are excluded."""

    x0: int
    y0: int
    x1: int
    y1: int

    def __post_init__(self) -> None:
        if self.x0 >= self.x1 or self.y0 >= self.y1:
            raise ValueError(f"a box cannot be empty: {self}")

    @property
    def width(self) -> int:
        """Columns."""
        return self.x1 - self.x0

    @property
    def height(self) -> int:
        """Rows."""
        return self.y1 - self.y0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """An upright picture of a video.

    ``planes`` are Y ``[H,W]``, U and V ``[h,w]`` of ``layout.dtype``; they may be read-only views of the
    decoder's memory, which lives as long as they do. Never write to them: make a new frame.
    """

    index: int  # number of the source frame, in presentation order
    planes: tuple[np.ndarray, np.ndarray, np.ndarray]
    layout: PixelLayout

    @property
    def height(self) -> int:
        """Rows of luma."""
        return self.planes[0].shape[0]

    @property
    def width(self) -> int:
        """Columns of luma."""
        return self.planes[0].shape[1]
