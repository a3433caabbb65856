"""A canvas over the planes of a picture: only what is painted becomes RGB, what moves is moved as it is."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import cv2
import numpy as np

from lipsync_ray.compositing import crop_planes
from lipsync_ray.engines.canvas import Rect, Shift, around, cut, level_of, move_pixels
from lipsync_ray.media.colour import crop_rgb
from lipsync_ray.media.composite import composite_into
from lipsync_ray.media.frame import Box, Frame, PixelLayout


class PlaneCanvas:
    """See `engines.canvas.Canvas`. A sample of luma changes only where something was drawn or moved; one of
    chroma only if that is so of a luma pixel that it belongs to.

    Args:
        source: the frame; it stays as it is.
        box: the crop of it.
    """

    def __init__(self, source: Frame, box: Box) -> None:
        self.mask = np.zeros((box.height, box.width), np.uint8)  # 0: untouched
        self._source, self._box = source, box
        self._touched: Rect | None = None

    @cached_property
    def _drawn(self) -> Frame:
        y, u, v = (plane.copy() for plane in self._source.planes)
        return replace(self._source, planes=(y, u, v))

    @property
    def frame(self) -> Frame:
        """What comes out; the source itself where nothing was drawn."""
        return self._source if self._touched is None else self._drawn

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self._box.width, self._box.height

    def source(self, box: Rect) -> np.ndarray:
        """See `Canvas`."""
        return crop_rgb(self._source, self._placed(box))

    def shown(self, box: Rect) -> np.ndarray:
        """See `Canvas`."""
        return crop_rgb(self.frame, self._placed(box))

    def move(self, shift: Shift) -> None:
        """See `Canvas`."""
        self._touch(shift.box)
        cv2.copyTo(shift.moving, shift.moving, cut(self.mask, shift.box))
        chroma = _at_chroma(shift, self._box, self._source.layout)
        old, new = (crop_planes(frame, self._box) for frame in (self._source, self._drawn))
        for plane, moved, by in zip(old, new, (shift, chroma, chroma), strict=True):
            move_pixels(plane, by, moved)
            if self._source.layout.depth > 8:  # a cubic kernel overshoots
                part = cut(moved, by.box)
                np.minimum(part, (1 << self._source.layout.depth) - 1, out=part)

    def lay(self, box: Rect, before: np.ndarray, after: np.ndarray, where: np.ndarray) -> None:
        """See `Canvas`."""
        self._touch(box)
        composite_into(self._drawn, self._placed(box), before, after, where)
        cut(self.mask, box)[where > 0] = 255

    def finish(self, strength: float) -> None:
        """See `Canvas`."""
        if self._touched is None or strength >= 1.0:
            return
        part = self._placed(self._touched)
        for old, new in zip(crop_planes(self._source, part), crop_planes(self._drawn, part), strict=True):
            new[:] = cv2.addWeighted(new, strength, np.ascontiguousarray(old), 1.0 - strength, 0.0)
        self.mask = cv2.threshold(self.mask, 0, level_of(strength), cv2.THRESH_BINARY)[1]

    def _placed(self, box: Rect) -> Box:
        x, y = self._box.x0, self._box.y0
        return Box(x0=x + box[0], y0=y + box[1], x1=x + box[2], y1=y + box[3])

    def _touch(self, box: Rect) -> None:
        self._touched = around(self._touched, box)


def _at_chroma(shift: Shift, box: Box, layout: PixelLayout) -> Shift:
    """A shift on chroma's grid, of the samples that lie wholly in it, in samples of the crop of a plane."""
    step_x, step_y = 1 << layout.shift_x, 1 << layout.shift_y
    if (step_x, step_y) == (1, 1):
        return shift
    left, top = box.x0 + shift.x0, box.y0 + shift.y0  # in the picture
    first_x, first_y = -left % step_x, -top % step_y
    rows = (shift.moving.shape[0] - first_y) // step_y * step_y
    columns = (shift.moving.shape[1] - first_x) // step_x * step_x
    inner = slice(first_y, first_y + rows), slice(first_x, first_x + columns)
    moving = np.bitwise_or.reduce([shift.moving[inner][row::step_y] for row in range(step_y)])
    moving = np.bitwise_or.reduce([moving[:, column::step_x] for column in range(step_x)])
    return Shift(
        x0=(left + first_x) // step_x - (box.x0 >> layout.shift_x),
        y0=(top + first_y) // step_y - (box.y0 >> layout.shift_y),
        x=_sited(shift.x[inner], layout) * np.float32(1 / step_x),
        y=_sited(shift.y[inner], layout) * np.float32(1 / step_y),
        moving=moving,
    )


def _sited(values: np.ndarray, layout: PixelLayout) -> np.ndarray:
    """Smooth values at luma's pixels read where chroma's samples lie."""
    if layout.shift_y:
        values = _between(values[::2], values[1::2], layout.siting_y)
    if layout.shift_x:
        values = _between(values[:, ::2], values[:, 1::2], layout.siting_x)
    return values


def _between(first: np.ndarray, second: np.ndarray, siting: float) -> np.ndarray:
    if siting in (0.0, 1.0):
        return second if siting else first
    return (first + second) * np.float32(0.5)  # the only other siting there is
