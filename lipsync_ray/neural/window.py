"""Parts of pictures inside a network: which pixels of each level a part of the result depends on.

A convolution, run on a part of a picture with its usual padding, is right but for a rim as wide as its
reach; that rim is missing only where the part ends inside the picture, as at the picture's own border the
padding is what the whole picture would have had. So every step computes a rim more than is wanted, and
:meth:`Window.cut` takes it off: the result equals the same part of the whole computation.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class Window(NamedTuple):
    """A half-open rectangle of pixels in a square picture (one level of a network)."""

    y0: int
    y1: int
    x0: int
    x1: int

    @classmethod
    def whole(cls, size: int) -> Window:
        """All of a picture of ``size`` x ``size`` pixels."""
        return cls(0, size, 0, size)

    @classmethod
    def inside(cls, size: int, window: tuple[int, int, int, int] | None) -> Window:
        """A caller's window, or all of the picture.

        Raises:
            ValueError: the window is empty or reaches beyond the picture.
        """
        if window is None:
            return cls.whole(size)
        found = cls(*window)
        if not (0 <= found.y0 < found.y1 <= size and 0 <= found.x0 < found.x1 <= size):
            raise ValueError(f"window {tuple(found)} does not lie within {size} x {size} pixels")
        return found

    def grown(self, reach: int, size: int) -> Window:
        """What a filter that reaches ``reach`` pixels to each side reads; ``size`` is the picture's."""
        return Window(
            max(self.y0 - reach, 0),
            min(self.y1 + reach, size),
            max(self.x0 - reach, 0),
            min(self.x1 + reach, size),
        )

    def halved(self, rim: int, size: int) -> Window:
        """What an enlargement by two reads that gets ``rim`` pixels of its result's edge wrong.

        Args:
            rim: 1 for bilinear, 0 for nearest.
            size: of the smaller picture.
        """
        return Window(
            max((self.y0 - rim) // 2, 0),
            min((self.y1 + rim + 1) // 2, size),
            max((self.x0 - rim) // 2, 0),
            min((self.x1 + rim + 1) // 2, size),
        )

    def doubled(self) -> Window:
        """The same part of a picture twice as large."""
        return Window(2 * self.y0, 2 * self.y1, 2 * self.x0, 2 * self.x1)

    def united(self, other: Window) -> Window:
        """The smallest window around two."""
        return Window(
            min(self.y0, other.y0), max(self.y1, other.y1), min(self.x0, other.x0), max(self.x1, other.x1)
        )

    def cut(self, picture: Tensor, held: Window) -> Tensor:
        """This part of a tensor ``(B,C,h,w)`` that holds ``held``; a view."""
        if self == held:
            return picture
        return picture[..., self.y0 - held.y0 : self.y1 - held.y0, self.x0 - held.x0 : self.x1 - held.x0]
