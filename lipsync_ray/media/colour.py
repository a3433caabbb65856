"""Exact conversions between planes and RGB, for crops only.

Own arithmetic in float32, because scalers shift luma by about a level unless told otherwise and forget the
matrix. New pixels go back as *differences*: where an engine changed nothing the planes stay as they are to
the last bit, and 10-bit pictures keep the precision that 8-bit RGB cannot hold.

Matrices: ITU-R BT.601, BT.709, BT.2020 (non-constant luminance); quantisation as in BT.709 and BT.2100:
limited range puts luma on 16..235 and chroma on 16..240, times 2^(depth-8).
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import cv2
import numpy as np

from lipsync_ray.media.chroma import narrow, widen
from lipsync_ray.media.frame import Box, Frame, Matrix, PixelLayout
from lipsync_ray.media.planes import Planes

_LEAST, _MOST = 12.0, 32.0  # levels of change from which a pixel begins to be another, and wholly is
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
    _check(frame, box)
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
    return rgb_of_yuv(cv2.merge([y, _chroma_at(u, layout, box), _chroma_at(v, layout, box)]), layout)


def rgb_of_yuv(yuv: np.ndarray, layout: PixelLayout) -> np.ndarray:
    """RGB ``uint8[h,w,3]`` of samples ``float32[h,w,3]`` that stand at the same places."""
    return _saturated(cv2.transform(yuv, _to_rgb(layout.matrix, layout.full_range, layout.depth)), 8)


def rgb_of(frame: Frame) -> np.ndarray:
    """RGB ``uint8[H,W,3]`` of the whole picture."""
    return crop_rgb(frame, Box(x0=0, y0=0, x1=frame.width, y1=frame.height))


def planes_from_rgb(rgb: np.ndarray, layout: PixelLayout) -> Planes:
    """Planes of a picture ``uint8[H,W,3]`` in a layout."""
    luma, u, v = _exact_planes(rgb, layout)
    return _saturated(luma, layout.depth), _saturated(u, layout.depth), _saturated(v, layout.depth)


def _exact_planes(rgb: np.ndarray, layout: PixelLayout) -> Planes:
    """The same before rounding, ``float32``."""
    height, width = rgb.shape[:2]
    matrix, values = _from_rgb(layout.matrix, layout.full_range, layout.depth), rgb.astype(np.float32)
    chroma = cv2.transform(values, matrix[1:])
    odd_x, odd_y = (-width) % (1 << layout.shift_x), (-height) % (1 << layout.shift_y)
    if odd_x or odd_y:
        chroma = cv2.copyMakeBorder(chroma, 0, odd_y, 0, odd_x, cv2.BORDER_REPLICATE)
    u, v = cv2.split(_narrowed(chroma, layout))
    return cv2.transform(values, matrix[:1]), u, v


def composite(frame: Frame, box: Box, before: np.ndarray, after: np.ndarray, mask: np.ndarray) -> Frame:
    """The frame with ``after - before`` added to its planes where the mask is above zero.

    What RGB could not hold of the source (chroma finer than interpolation gives back, colours outside the
    cube) stays where little changes, and goes where the picture becomes another: it would show through.

    A luma sample changes only under the mask, a chroma sample only if the mask covers one of the luma pixels
    it belongs to; all others keep the source's bits. The mask selects, it does not weigh: ``after`` is
    already blended.

    Args:
        frame: the source picture; it stays as it is.
        box: where the crop lies.
        before: the crop as :func:`crop_rgb` gave it, ``uint8[h,w,3]``.
        after: the crop as it should look, ``uint8[h,w,3]``.
        mask: ``[h,w]`` of any type.

    Raises:
        ValueError: the box reaches outside the picture, or a shape differs from the box's.
    """
    _check(frame, box)
    shape = (box.height, box.width)
    if before.shape != (*shape, 3) or after.shape != before.shape or mask.shape != shape:
        raise ValueError(f"crops do not fit {box}: {before.shape = }, {after.shape = }, {mask.shape = }")
    inside = (np.asarray(mask) > 0).view(np.uint8)
    x, y, width, height = cv2.boundingRect(inside)
    if not width:
        return frame
    rows, columns = slice(y, y + height), slice(x, x + width)
    part = Box(x0=box.x0 + x, y0=box.y0 + y, x1=box.x0 + x + width, y1=box.y0 + y + height)
    return _add(frame, part, before[rows, columns], after[rows, columns], inside[rows, columns])


def _add(frame: Frame, box: Box, before: np.ndarray, after: np.ndarray, inside: np.ndarray) -> Frame:
    layout = frame.layout
    change = cv2.copyTo(np.subtract(after, before, dtype=np.float32), inside)
    linear = np.ascontiguousarray(_from_rgb(layout.matrix, layout.full_range, layout.depth)[:, :3])
    planes = tuple(plane.copy() for plane in frame.planes)
    _forget(planes, frame, box, before, _renewed(before, after, inside))
    luma = planes[0][box.y0 : box.y1, box.x0 : box.x1]
    _add_to(luma, cv2.transform(change, linear[:1]), layout.depth)

    step_x, step_y = 1 << layout.shift_x, 1 << layout.shift_y
    # A ring of unchanged pixels, so that the filter sees them; ends on whole chroma samples.
    x0, y0 = max(0, box.x0 - 2) // step_x * step_x, max(0, box.y0 - 2) // step_y * step_y
    x1, y1 = min(frame.width, box.x1 + 2), min(frame.height, box.y1 + 2)
    edges = (box.y0 - y0, y1 - box.y1, box.x0 - x0, x1 - box.x1)
    odd = (0, -(y1 - y0) % step_y, 0, -(x1 - x0) % step_x)  # the picture ends inside a chroma sample
    ring = cv2.copyMakeBorder(change, *edges, borderType=cv2.BORDER_CONSTANT)
    ring = cv2.copyMakeBorder(ring, *odd, borderType=cv2.BORDER_REPLICATE) if any(odd) else ring
    # With luma, which is not needed: OpenCV is quick from three channels to three, and slow to two.
    delta = _narrowed(cv2.transform(ring, linear), layout)
    covered = np.pad(inside, ((edges[0], edges[1] + odd[1]), (edges[2], edges[3] + odd[3])))
    covered = np.bitwise_or.reduce([covered[i::step_y] for i in range(step_y)])
    covered = np.bitwise_or.reduce([covered[:, i::step_x] for i in range(step_x)])
    top, left = y0 // step_y, x0 // step_x
    for plane, values in zip(planes[1:], cv2.split(cv2.copyTo(delta, covered))[1:], strict=True):
        _add_to(plane[top : top + values.shape[0], left : left + values.shape[1]], values, layout.depth)
    return replace(frame, planes=planes)


def _renewed(before: np.ndarray, after: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """How far each pixel has become another one, ``float32[h,w]`` 0..1."""
    red, green, blue = cv2.split(cv2.absdiff(after, before))
    size = cv2.copyTo(cv2.max(cv2.max(red, green), blue), inside)
    share = np.clip((np.arange(256) - _LEAST) / (_MOST - _LEAST), 0, 1).astype(np.float32)
    return cv2.LUT(size, share)


def _forget(
    planes: tuple[np.ndarray, ...], frame: Frame, box: Box, before: np.ndarray, renewed: np.ndarray
) -> None:
    """Take off the planes what RGB does not know of the old picture, as far as pixels are ``renewed [h,w]``.

    Differences within a level of 8 bits stay: they are rounding, or the precision of deeper pictures.
    """
    x, y, width, height = cv2.boundingRect((renewed > 0).view(np.uint8))
    if not width:
        return
    layout = frame.layout
    step_x, step_y = 1 << layout.shift_x, 1 << layout.shift_y
    # Two pixels around for the filter, whole chroma samples, inside the picture.
    x0, y0 = max(0, box.x0 + x - 2) // step_x * step_x, max(0, box.y0 + y - 2) // step_y * step_y
    x1, y1 = box.x0 + x + width + 2, box.y0 + y + height + 2
    x1, y1 = min(frame.width, x1 + x1 % step_x), min(frame.height, y1 + y1 % step_y)
    part = Box(x0=x0, y0=y0, x1=x1, y1=y1)
    known = _exact_planes(_part(frame, box, before, part), layout)
    share = np.zeros((y1 - y0, x1 - x0), np.float32)
    top, left = box.y0 + y - y0, box.x0 + x - x0
    share[top : top + height, left : left + width] = renewed[y : y + height, x : x + width]
    for plane, values, (down, across) in zip(planes, known, ((1, 1), *[(step_y, step_x)] * 2), strict=True):
        old = plane[y0 // down :, x0 // across :][: values.shape[0], : values.shape[1]]
        lost = old - values
        unit = float(1 << (layout.depth - 8))
        lost -= np.clip(lost, -unit, unit)
        _add_to(old, -lost * _blocks(share, down, across), layout.depth)


def _part(frame: Frame, box: Box, rgb: np.ndarray, part: Box) -> np.ndarray:
    """``crop_rgb`` of a part, taken out of ``rgb``, that of a box, where it lies in it."""
    if part.x0 < box.x0 or part.y0 < box.y0 or part.x1 > box.x1 or part.y1 > box.y1:
        return crop_rgb(frame, part)
    return rgb[part.y0 - box.y0 : part.y1 - box.y0, part.x0 - box.x0 : part.x1 - box.x0]


def _blocks(share: np.ndarray, down: int, across: int) -> np.ndarray:
    """The mean of each block of ``down`` rows and ``across`` columns; blocks are cut at the picture's end."""
    if (down, across) == (1, 1):
        return share
    rows, columns = -(-share.shape[0] // down), -(-share.shape[1] // across)
    odd = rows * down - share.shape[0], columns * across - share.shape[1]
    whole = cv2.copyMakeBorder(share, 0, odd[0], 0, odd[1], cv2.BORDER_REPLICATE)
    return cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA)


def _add_to(plane: np.ndarray, delta: np.ndarray, depth: int) -> None:
    """Add rounded float values to samples in place, saturating."""
    kind = cv2.CV_8U if depth == 8 else cv2.CV_16U
    plane[...] = cv2.add(np.ascontiguousarray(plane), delta, dtype=kind)
    if depth not in (8, 16):
        np.minimum(plane, (1 << depth) - 1, out=plane)


def _chroma_at(plane: np.ndarray, layout: PixelLayout, box: Box) -> np.ndarray:
    """``float32[h,w]`` of a chroma plane, interpolated at the luma pixels of a box."""
    rows, top = _span(box.y0, box.y1, layout.shift_y, plane.shape[0])
    columns, left = _span(box.x0, box.x1, layout.shift_x, plane.shape[1])
    values = plane[rows, columns].astype(np.float32)
    if layout.shift_y:
        values = widen(values, 0, layout.siting_y, 2 * values.shape[0])
    values = values[top : top + box.height]
    if layout.shift_x:
        values = widen(values, 1, layout.siting_x, 2 * values.shape[1])
    return values[:, left : left + box.width]


def _span(start: int, stop: int, shift: int, size: int) -> tuple[slice, int]:
    """Chroma samples that luma ``[start, stop)`` needs, and the offset of ``start`` among their pixels."""
    if not shift:
        return slice(start, stop), 0
    first = max(0, start // 2 - 1)
    return slice(first, min(size, (stop - 1) // 2 + 2)), start - 2 * first


def _narrowed(values: np.ndarray, layout: PixelLayout) -> np.ndarray:
    return narrow(
        values, layout.siting_x if layout.shift_x else None, layout.siting_y if layout.shift_y else None
    )


def _saturated(values: np.ndarray, depth: int) -> np.ndarray:
    """Round to the nearest sample and clip, in one pass for 8 bits."""
    if depth == 8:
        return cv2.addWeighted(values, 1, values, 0, 0, dtype=cv2.CV_8U)
    return np.clip(np.rint(values), 0, (1 << depth) - 1).astype(np.uint16)


def _check(frame: Frame, box: Box) -> None:
    if box.x0 < 0 or box.y0 < 0 or box.x1 > frame.width or box.y1 > frame.height:
        raise ValueError(f"{box} reaches outside the picture of {frame.width}x{frame.height}")


@lru_cache(maxsize=32)
def _from_rgb(matrix: Matrix, full_range: bool, depth: int) -> np.ndarray:
    """``float32[3,4]``: YUV = m @ (R, G, B, 1), RGB in 0..255, YUV in codes."""
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
    """``float32[3,4]``, the inverse of :func:`_from_rgb`."""
    forward = _from_rgb(matrix, full_range, depth).astype(np.float64)
    inverse = np.linalg.inv(forward[:, :3])
    return np.hstack([inverse, -inverse @ forward[:, 3:]]).astype(np.float32)
