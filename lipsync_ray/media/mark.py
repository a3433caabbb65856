"""A small text in a corner of the picture that tells viewers what they see."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np

from lipsync_ray.media.frame import Frame, PixelLayout

LONGEST_MARK = 40  # characters
_FONT = cv2.FONT_HERSHEY_SIMPLEX  # comes with OpenCV, of which all machines of a run have one version
_HEIGHT = 1 / 28  # of a line of text, of the shorter side; capitals take three quarters of it
_SMALLEST = 9  # px of a line, 7 of its capitals: smaller ones are specks, but a long text has to fit
_WIDEST = 0.6  # of the picture's width
# Luma of letters and plate in levels of 255 (HDR would make white glare), and how dense the plate is.
_INK, _PAPER, _STRENGTH = 180.0, 16.0, 0.6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stencil:
    """A mark for pictures of one size: coverage of plate and letters in luma pixels."""

    top: int
    left: int  # both even, so that chroma samples lie wholly inside
    plate: np.ndarray  # float32[h,w] 0 to 1
    ink: np.ndarray  # float32[h,w] 0 to 1


def markable(text: str) -> bool:
    """Whether a text can be drawn: the font knows printable ASCII."""
    return 0 < len(text) <= LONGEST_MARK and bool(text.strip()) and text.isascii() and text.isprintable()


def marked(frame: Frame, text: str) -> Frame:
    """The frame with the text on a dark plate in its lower right corner; all other samples are its own."""
    stencil = _stencil(text, frame.width, frame.height)
    planes = [plane.copy() for plane in frame.planes]
    _draw_luma(planes[0], stencil, frame.layout)
    for chroma in planes[1:]:
        _draw_chroma(chroma, stencil, frame.layout)
    return replace(frame, planes=tuple(planes))


@lru_cache(maxsize=4)
def _stencil(text: str, width: int, height: int) -> Stencil:
    line = max(_SMALLEST, round(min(width, height) * _HEIGHT))
    size = cv2.getFontScaleFromHeight(_FONT, line, 1)
    wide = cv2.getTextSize(text, _FONT, size, 1)[0][0]
    pad = max(2, line // 2)
    room = max(8.0, min(_WIDEST * width, width - 4 * pad))
    size *= min(1.0, room / max(1, wide))
    thick = max(1, round(size * 1.4))
    (wide, tall), below = cv2.getTextSize(text, _FONT, size, thick)
    w, h = min(width & ~1, _even(wide + 2 * pad)), min(height & ~1, _even(tall + below + 2 * pad))
    drawn = np.zeros((h, w), np.uint8)
    cv2.putText(drawn, text, (pad, h - pad - below), _FONT, size, 255, thick, cv2.LINE_AA)
    gap = _even(pad)
    top, left = max(0, height - h - gap) & ~1, max(0, width - w - gap) & ~1
    ink = drawn.astype(np.float32) / 255
    return Stencil(top=top, left=left, plate=np.full((h, w), _STRENGTH, np.float32), ink=ink)


def _even(length: int) -> int:
    return (length + 1) & ~1


def _draw_luma(plane: np.ndarray, stencil: Stencil, layout: PixelLayout) -> None:
    height, width = stencil.ink.shape
    part = plane[stencil.top : stencil.top + height, stencil.left : stencil.left + width]
    ink, paper = (_level(value, layout) for value in (_INK, _PAPER))
    under = part + stencil.plate * (paper - part.astype(np.float32))
    part[...] = np.rint(under + stencil.ink * (ink - under)).astype(plane.dtype)


def _draw_chroma(plane: np.ndarray, stencil: Stencil, layout: PixelLayout) -> None:
    top, left = stencil.top >> layout.shift_y, stencil.left >> layout.shift_x
    grey = np.maximum(stencil.plate, stencil.ink)
    grey = cv2.resize(
        grey,
        (grey.shape[1] >> layout.shift_x, grey.shape[0] >> layout.shift_y),
        interpolation=cv2.INTER_AREA,
    )
    part = plane[top : top + grey.shape[0], left : left + grey.shape[1]]
    part[...] = np.rint(part + grey * (layout.neutral - part.astype(np.float32))).astype(plane.dtype)


def _level(value: float, layout: PixelLayout) -> float:
    """A level of 8 bits and limited range in samples of a layout."""
    if layout.full_range:
        value = (value - 16) * 255 / 219
    return value * (1 << (layout.depth - 8))
