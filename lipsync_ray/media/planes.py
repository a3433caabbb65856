"""From a decoded picture of any pixel format to upright planes of a working layout.

Planar YUV of 8 and 10 bits passes as it is, without a copy. Everything else is converted once: packed and
semi-planar YUV to planar, 9 bits and 12 to 16 bits to 10 (the most that H.264 and HEVC encoders share), RGB
and palettes to 4:4:4 of limited range, grey to 4:2:0 with neutral chroma; alpha is dropped.
"""

from __future__ import annotations

import re

import av
import cv2
import numpy as np
from av.video.format import VideoFormat
from av.video.reformatter import ColorRange, Interpolation

from lipsync_ray.media.chroma import widen
from lipsync_ray.media.frame import Matrix, PixelLayout

Planes = tuple[np.ndarray, np.ndarray, np.ndarray]

# Without these flags swscale darkens luma by about one level and takes chroma from every other row.
_EXACT = (
    Interpolation.BICUBIC
    | Interpolation.ACCURATE_RND
    | Interpolation.FULL_CHR_H_INT
    | Interpolation.FULL_CHR_H_INP
)
_SWS_MATRIX = {"bt601": 5, "bt709": 1, "bt2020": 9}
_TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
_PLANAR = re.compile(r"yuva?j?(420|422|444)p(\d*)(le)?$")
_GREY = re.compile(r"(gray|ya8$|ya16)")


def working_layout(
    format_: VideoFormat, *, matrix: Matrix, full_range: bool, centred: bool = False
) -> PixelLayout:
    """Layout into which pictures of a pixel format are brought, before rotation.

    Args:
        format_: pixel format of the decoder.
        matrix: colour matrix of the stream (the guess for RGB and grey).
        full_range: whether the stream's samples use the whole range.
        centred: whether chroma lies in the middle of its block (JPEG, MPEG-1) and not on the left.
    """
    bits = max(component.bits for component in format_.components)
    depth = 8 if bits <= 8 else 10
    if _is_rgb(format_):
        return PixelLayout(depth=depth, shift_x=0, shift_y=0, matrix=matrix, siting_y=0.0)
    if _GREY.match(format_.name):
        return PixelLayout(depth=depth, matrix=matrix, full_range=full_range)
    shift_x = 1 if format_.chroma_width(64) < 64 else 0
    shift_y = 1 if format_.chroma_height(64) < 64 else 0
    if format_.chroma_width(64) < 32:  # 4:1:1 and 4:1:0: nearest in information is 4:2:0
        shift_y = 1
    shift_x = shift_x or shift_y  # 4:4:0
    x, y = (0.5, 0.5) if centred else (0.0, 0.5)
    return PixelLayout(
        depth=depth,
        shift_x=shift_x,
        shift_y=shift_y,
        matrix=matrix,
        full_range=full_range,
        siting_x=x if shift_x else 0.0,
        siting_y=y if shift_y else 0.0,
    )


def planes_of(frame: av.VideoFrame, layout: PixelLayout) -> Planes:
    """Planes of a decoded picture in its working layout (not yet turned); views where nothing changes."""
    name = frame.format.name
    found = _PLANAR.match(name)
    if found and name.endswith(f"{found[1]}p{found[2]}{found[3] or ''}"):
        bits = int(found[2] or 8)
        planes = tuple(_view(frame, i, bits) for i in range(3))
        return _requantise(planes, bits, layout.depth)
    if _GREY.match(name):
        return _grey(frame, layout)
    rgb = _is_rgb(frame.format)
    colours = _SWS_MATRIX[layout.matrix]
    source_range = ColorRange.JPEG if rgb or layout.full_range else ColorRange.MPEG
    done = frame.reformat(
        format=layout.pix_fmt,
        src_colorspace=colours,
        dst_colorspace=colours,
        src_color_range=source_range,
        dst_color_range=ColorRange.JPEG if layout.full_range else ColorRange.MPEG,
        interpolation=_EXACT,
        threads=1,
    )
    return tuple(_view(done, i, layout.depth) for i in range(3))  # type: ignore[return-value]


def turn(planes: Planes, coded: PixelLayout, rotation: int, mirrored: bool) -> Planes:
    """Turn planes of layout ``coded`` clockwise, then mirror them: planes of ``coded.turned(...)``."""
    if rotation == 0 and not mirrored:
        return planes
    y, u, v = planes
    if rotation in (90, 270) and coded.shift_x != coded.shift_y:
        u, v = (widen(c, 1, 0.0, y.shape[1]) for c in (u, v))
    turned = []
    for plane in (y, u, v):
        plane = cv2.rotate(plane, _TURNS[rotation]) if rotation else plane
        turned.append(_read_only(cv2.flip(plane, 1) if mirrored else plane))
    return tuple(turned)  # type: ignore[return-value]


def _is_rgb(format_: VideoFormat) -> bool:
    return bool(format_.is_rgb or format_.has_palette or format_.name.startswith(("mono", "xyz")))


def _view(frame: av.VideoFrame, number: int, bits: int) -> np.ndarray:
    """One plane without the decoder's row padding; the array keeps the picture's memory alive."""
    plane = frame.planes[number]
    size = 1 if bits <= 8 else 2
    if plane.line_size <= 0:
        raise ValueError(f"plane {number} is stored bottom up: {plane.line_size = }")
    rows = np.frombuffer(memoryview(plane), np.uint8)[: plane.line_size * plane.height]
    rows = rows.reshape(plane.height, plane.line_size)[:, : plane.width * size]
    return _read_only(rows if size == 1 else rows.view(np.uint16))


def _read_only(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array


def _requantise(planes: tuple[np.ndarray, ...], bits: int, depth: int) -> Planes:
    if bits > depth:
        half, top = 1 << (bits - depth - 1), (1 << depth) - 1
        planes = tuple(
            np.minimum((p.astype(np.uint32) + half) >> (bits - depth), top).astype(np.uint16) for p in planes
        )
    elif bits < depth:
        planes = tuple(p << (depth - bits) for p in planes)
    return planes  # type: ignore[return-value]


def _grey(frame: av.VideoFrame, layout: PixelLayout) -> Planes:
    """Luma as it is: swscale would stretch it, taking every grey picture for full range."""
    bits = frame.format.components[0].bits
    if frame.format.name.startswith("ya") or (bits > 8 and frame.format.is_big_endian):
        frame = frame.reformat(format="gray" if bits <= 8 else "gray16le", threads=1)
        bits = frame.format.components[0].bits
    luma = _requantise((_view(frame, 0, bits),), bits, layout.depth)[0]
    neutral = np.full(layout.chroma_shape(*luma.shape), layout.neutral, layout.dtype)
    return luma, _read_only(neutral), neutral
