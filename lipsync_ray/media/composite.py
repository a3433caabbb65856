"""Puts a changed crop back into the planes of its picture.

New pixels go back as *differences*: where an engine changed nothing the planes stay as they are to the last
bit, and 10-bit pictures keep the precision that 8-bit RGB cannot hold.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from lipsync_ray.media.colour import check_box, chroma_of, crop_rgb, exact_planes, rgb_to_yuv
from lipsync_ray.media.frame import Box, Frame, PixelLayout
from lipsync_ray.media.planes import Planes

_LEAST, _MOST = 12.0, 32.0  # levels of change from which a pixel begins to be another, and wholly is
_AROUND = 2  # px that the filter of chroma sees beside those that change


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
    inside = _inside(frame, box, before, after, mask)
    if not inside.any():
        return frame
    planes = frame.planes[0].copy(), frame.planes[1].copy(), frame.planes[2].copy()
    _change(planes, frame, box, before, after, inside)
    return replace(frame, planes=planes)


def composite_into(frame: Frame, box: Box, before: np.ndarray, after: np.ndarray, mask: np.ndarray) -> None:
    """`composite` in the frame's own planes, which nobody else may look at."""
    inside = _inside(frame, box, before, after, mask)
    if inside.any():
        _change(frame.planes, frame, box, before, after, inside)


def _inside(frame: Frame, box: Box, before: np.ndarray, after: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Where a mask selects, ``uint8[h,w]`` 0 or 1, once everything is known to fit."""
    check_box(frame, box)
    shape = (box.height, box.width)
    if before.shape != (*shape, 3) or after.shape != before.shape or mask.shape != shape:
        raise ValueError(f"crops do not fit {box}: {before.shape = }, {after.shape = }, {mask.shape = }")
    return (np.asarray(mask) > 0).view(np.uint8)


def _change(
    planes: Planes, frame: Frame, box: Box, before: np.ndarray, after: np.ndarray, inside: np.ndarray
) -> None:
    """Write the change into planes, the frame's own or copies of them."""
    x, y, width, height = cv2.boundingRect(inside)
    part = Box(x0=box.x0 + x, y0=box.y0 + y, x1=box.x0 + x + width, y1=box.y0 + y + height)
    whole = _samples_around(frame, part)
    shown = Box(
        x0=max(whole.x0, box.x0), y0=max(whole.y0, box.y0), x1=min(whole.x1, box.x1), y1=min(whole.y1, box.y1)
    )
    rows, columns = slice(shown.y0 - box.y0, shown.y1 - box.y0), slice(shown.x0 - box.x0, shown.x1 - box.x0)
    before, after, inside = before[rows, columns], after[rows, columns], inside[rows, columns]
    _forget(planes, frame, shown, before, _renewed(before, after, inside))
    change = cv2.copyTo(np.subtract(after, before, dtype=np.float32), inside)
    _add(planes, frame.layout, whole, *_grown(change, inside, shown, whole, frame.layout))


def _add(planes: Planes, layout: PixelLayout, box: Box, change: np.ndarray, inside: np.ndarray) -> None:
    """Add a change of RGB ``float32[h,w,3]`` where it is ``inside``; ``box`` holds whole chroma samples."""
    linear = np.ascontiguousarray(rgb_to_yuv(layout)[:, :3])
    luma = planes[0][box.y0 : box.y1, box.x0 : box.x1]
    _add_to(luma, cv2.transform(change, linear[:1])[: box.height, : box.width], layout.depth)
    step_x, step_y = 1 << layout.shift_x, 1 << layout.shift_y
    covered = np.bitwise_or.reduce([inside[i::step_y] for i in range(step_y)])
    covered = np.bitwise_or.reduce([covered[:, i::step_x] for i in range(step_x)])
    top, left = box.y0 // step_y, box.x0 // step_x
    for plane, values in zip(planes[1:], chroma_of(change, linear, layout), strict=True):
        part = plane[top : top + values.shape[0], left : left + values.shape[1]]
        _add_to(part, cv2.copyTo(values, covered), layout.depth)


def _grown(
    change: np.ndarray, inside: np.ndarray, shown: Box, whole: Box, layout: PixelLayout
) -> tuple[np.ndarray, np.ndarray]:
    """``change`` and ``inside`` of what a crop shows, for the whole: unchanged beside the crop.

    Where the picture ends inside a chroma sample, its last pixels once more.
    """
    edges = (shown.y0 - whole.y0, whole.y1 - shown.y1, shown.x0 - whole.x0, whole.x1 - shown.x1)
    odd = (0, -whole.height % (1 << layout.shift_y), 0, -whole.width % (1 << layout.shift_x))
    if any(edges):
        change, inside = (cv2.copyMakeBorder(each, *edges, cv2.BORDER_CONSTANT) for each in (change, inside))
    if any(odd):
        change = cv2.copyMakeBorder(change, *odd, cv2.BORDER_REPLICATE)
        inside = cv2.copyMakeBorder(inside, *odd, cv2.BORDER_CONSTANT)
    return change, inside


def _samples_around(frame: Frame, box: Box) -> Box:
    """A box with what the filter of chroma sees around it: whole chroma samples, inside the picture."""
    step_x, step_y = 1 << frame.layout.shift_x, 1 << frame.layout.shift_y
    x1, y1 = box.x1 + _AROUND, box.y1 + _AROUND
    return Box(
        x0=max(0, box.x0 - _AROUND) // step_x * step_x,
        y0=max(0, box.y0 - _AROUND) // step_y * step_y,
        x1=min(frame.width, x1 + x1 % step_x),
        y1=min(frame.height, y1 + y1 % step_y),
    )


def _renewed(before: np.ndarray, after: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """How far each pixel has become another one, ``float32[h,w]`` 0..1."""
    red, green, blue = cv2.split(cv2.absdiff(after, before))
    size = cv2.copyTo(cv2.max(cv2.max(red, green), blue), inside)
    share = np.clip((np.arange(256) - _LEAST) / (_MOST - _LEAST), 0, 1).astype(np.float32)
    return cv2.LUT(size, share)


def _forget(planes: Planes, frame: Frame, box: Box, before: np.ndarray, renewed: np.ndarray) -> None:
    """Take off the planes what RGB does not know of the old picture, as far as pixels are ``renewed [h,w]``.

    Differences within a level of 8 bits stay: they are rounding, or the precision of deeper pictures.
    """
    x, y, width, height = cv2.boundingRect((renewed > 0).view(np.uint8))
    if not width:
        return
    layout = frame.layout
    step_x, step_y = 1 << layout.shift_x, 1 << layout.shift_y
    x0, y0 = box.x0 + x, box.y0 + y
    part = _samples_around(frame, Box(x0=x0, y0=y0, x1=x0 + width, y1=y0 + height))
    known = exact_planes(_part(frame, box, before, part), layout)
    share = np.zeros((part.height, part.width), np.float32)
    top, left = y0 - part.y0, x0 - part.x0
    share[top : top + height, left : left + width] = renewed[y : y + height, x : x + width]
    unit = float(1 << (layout.depth - 8))
    for plane, values, (down, across) in zip(planes, known, ((1, 1), *[(step_y, step_x)] * 2), strict=True):
        old = plane[part.y0 // down :, part.x0 // across :][: values.shape[0], : values.shape[1]]
        lost = old - values
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
