"""Exact conversions between planes and RGB, for crops only.

Own arithmetic in float32, because scalers shift luma by about a level unless told otherwise and forget the
matrix. How new pixels go back into the planes: `composite`.

Matrices: ITU-R BT.601, BT.709, BT.2020 (non-constant luminance); quantisation as in BT.709 and BT.2100:
limited range puts luma on 16..235 and chroma on 16..240, times 2^(depth-8).
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from lipsync_ray.media.chroma import narrow, widen
from lipsync_ray.media.frame import Box, Frame, Matrix, PixelLayout
from lipsync_ray.media.planes import Planes

_STRIP = 1 << 15  # px converted at a time
_LUMA_WEIGHTS: dict[Matrix, tuple[float, float]] = {  # red, blue
    "bt601": (0.299, 0.114),
    "bt709": (0.2126, 0.0722),
    "bt2020": (0.2627, 0.0593),
}


def crop_rgb(frame: Frame, box: Box) -> np.ndarray:
    """RGB ``uint8[h,w,3]`` of a box; deeper pictures are scaled to 8 bits, transfer and primaries stay.

    Raises:
        ValueError: the box reaches outside the picture.
    """
    check_box(frame, box)
    # Some rows at a time: arrays of floats then stay below the size at which the allocator takes fresh
    # pages from the system every time, which costs several times the arithmetic.
    rows = max(2, _STRIP // box.width // 2 * 2)
    out = np.empty((box.height, box.width, 3), np.uint8)
    for y0 in range(box.y0, box.y1, rows):
        strip = Box(x0=box.x0, y0=y0, x1=box.x1, y1=min(y0 + rows, box.y1))
        out[y0 - box.y0 : strip.y1 - box.y0] = _strip_rgb(frame, strip)
    return out


def _strip_rgb(frame: Frame, box: Box) -> np.ndarray:
    layout, (luma, u, v) = frame.layout, frame.planes
    y = luma[box.y0 : box.y1, box.x0 : box.x1].astype(np.float32)
    return rgb_of_yuv((y, *_chroma_at(u, v, layout, box)), layout)


def rgb_of_yuv(yuv: Planes, layout: PixelLayout) -> np.ndarray:
    """RGB ``uint8[h,w,3]`` of samples ``float32[h,w]`` that stand at the same places."""
    (y, u, v), to = yuv, yuv_to_rgb(layout).tolist()
    # One sum of two for red, which has no U, and blue, which has no V, rounded in the same pass.
    red = cv2.addWeighted(y, to[0][0], v, to[0][2], to[0][3], dtype=cv2.CV_8U)
    blue = cv2.addWeighted(y, to[2][0], u, to[2][1], to[2][3], dtype=cv2.CV_8U)
    both = cv2.addWeighted(u, to[1][1], v, to[1][2], to[1][3])
    green = cv2.addWeighted(y, to[1][0], both, 1, 0, dtype=cv2.CV_8U)
    return cv2.merge([red, green, blue])


def rgb_of(frame: Frame) -> np.ndarray:
    """RGB ``uint8[H,W,3]`` of the whole picture."""
    return crop_rgb(frame, Box(x0=0, y0=0, x1=frame.width, y1=frame.height))


def planes_from_rgb(rgb: np.ndarray, layout: PixelLayout) -> Planes:
    """Planes of a picture ``uint8[H,W,3]`` in a layout."""
    luma, u, v = exact_planes(rgb, layout)
    return _saturated(luma, layout.depth), _saturated(u, layout.depth), _saturated(v, layout.depth)


def exact_planes(rgb: np.ndarray, layout: PixelLayout) -> Planes:
    """The same before rounding, ``float32``."""
    height, width = rgb.shape[:2]
    matrix, values = rgb_to_yuv(layout), rgb.astype(np.float32)
    luma = cv2.transform(values, matrix[:1])
    odd_x, odd_y = (-width) % (1 << layout.shift_x), (-height) % (1 << layout.shift_y)
    if odd_x or odd_y:
        values = cv2.copyMakeBorder(values, 0, odd_y, 0, odd_x, cv2.BORDER_REPLICATE)
    return luma, *chroma_of(values, matrix, layout)


def chroma_of(values: np.ndarray, matrix: np.ndarray, layout: PixelLayout) -> tuple[np.ndarray, np.ndarray]:
    """U and V on chroma's grid, not rounded, of whole samples of RGB ``float32[h,w,3]`` by ``matrix``."""
    # With luma, which nobody needs: OpenCV is quick from three channels to three, and slow to two.
    mixed = cv2.transform(values, matrix)
    siting = layout.siting_x if layout.shift_x else None, layout.siting_y if layout.shift_y else None
    u, v = (narrow(cv2.extractChannel(mixed, channel), *siting) for channel in (1, 2))
    return u, v


def _chroma_at(u: np.ndarray, v: np.ndarray, layout: PixelLayout, box: Box) -> tuple[np.ndarray, np.ndarray]:
    """``float32[h,w]`` of both chroma planes, interpolated at the luma pixels of a box."""
    rows, top = _span(box.y0, box.y1, layout.shift_y, u.shape[0])
    columns, left = _span(box.x0, box.x1, layout.shift_x, u.shape[1])
    both = np.concatenate([u[rows, columns], v[rows, columns]], dtype=np.float32)
    if layout.shift_x:  # columns first: they take longer, and there are half as many rows yet
        both = widen(both, 1, layout.siting_x, 2 * both.shape[1])
    both = both[:, left : left + box.width]
    half = len(both) // 2
    first, second = both[:half], both[half:]
    if layout.shift_y:
        first, second = (widen(each, 0, layout.siting_y, 2 * half) for each in (first, second))
    return first[top : top + box.height], second[top : top + box.height]


def _span(start: int, stop: int, shift: int, size: int) -> tuple[slice, int]:
    """Chroma samples that luma ``[start, stop)`` needs, and the offset of ``start`` among their pixels."""
    if not shift:
        return slice(start, stop), 0
    first = max(0, start // 2 - 1)
    return slice(first, min(size, (stop - 1) // 2 + 2)), start - 2 * first


def _saturated(values: np.ndarray, depth: int) -> np.ndarray:
    """Round to the nearest sample and clip, in one pass for 8 bits."""
    if depth == 8:
        return cv2.addWeighted(values, 1, values, 0, 0, dtype=cv2.CV_8U)
    return np.clip(np.rint(values), 0, (1 << depth) - 1).astype(np.uint16)


def check_box(frame: Frame, box: Box) -> None:
    """Raises ValueError: the box reaches outside the picture."""
    if box.x0 < 0 or box.y0 < 0 or box.x1 > frame.width or box.y1 > frame.height:
        raise ValueError(f"{box} reaches outside the picture of {frame.width}x{frame.height}")


def rgb_to_yuv(layout: PixelLayout) -> np.ndarray:
    """``float32[3,4]``: YUV = m @ (R, G, B, 1), RGB in 0..255, YUV in codes."""
    return _from_rgb(layout.matrix, layout.full_range, layout.depth)


def yuv_to_rgb(layout: PixelLayout) -> np.ndarray:
    """``float32[3,4]``, the inverse of :func:`rgb_to_yuv`."""
    return _to_rgb(layout.matrix, layout.full_range, layout.depth)


@lru_cache(maxsize=32)
def _from_rgb(matrix: Matrix, full_range: bool, depth: int) -> np.ndarray:
    red, blue = _LUMA_WEIGHTS[matrix]
    luma = np.array([red, 1 - red - blue, blue])
    rows = np.stack(
        [luma, (np.array([0, 0, 1]) - luma) / (2 - 2 * blue), (np.array([1, 0, 0]) - luma) / (2 - 2 * red)]
    )
    unit = 1 << (depth - 8)
    top = (1 << depth) - 1
    scale = np.array([top] * 3 if full_range else [219 * unit, 224 * unit, 224 * unit]) / 255
    offset = np.array([0 if full_range else 16 * unit, 128 * unit, 128 * unit])
    return np.hstack([rows * scale[:, None], offset[:, None]]).astype(np.float32)


@lru_cache(maxsize=32)
def _to_rgb(matrix: Matrix, full_range: bool, depth: int) -> np.ndarray:
    forward = _from_rgb(matrix, full_range, depth).astype(np.float64)
    inverse = np.linalg.inv(forward[:, :3])
    return np.hstack([inverse, -inverse @ forward[:, 3:]]).astype(np.float32)
