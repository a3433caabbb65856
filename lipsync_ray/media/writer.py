"""Frames to encoded segments that can be joined by copying their packets.

A segment starts with an IDR frame, refers to nothing outside itself and carries the timeline's
absolute ticks. It is a NUT file: the one container of FFmpeg that keeps any clock, any first time
and reordered frames as they are (Matroska rounds to milliseconds, MP4 hides the start in edit lists).
Parameter sets go into the header, once, and are equal for all segments of a job.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import cast

import av
import av.error
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from lipsync_ray.errors import EncodeFailed
from lipsync_ray.media.encoders import EncodeSettings, check_pixels, codec_options
from lipsync_ray.media.frame import PixelLayout
from lipsync_ray.media.index import ColourTags

# x264 and x265 look this far for scene cuts too; a fixed limit keeps seeking usable in long takes.
KEYFRAME_INTERVAL = 250
MOST_REORDERED = 16  # frames: neither H.264 nor H.265 allows a deeper reordering
SEGMENT_OPTIONS = {"avoid_negative_ts": "disabled", "write_index": "0"}


class SegmentWriter:
    """Encodes one closed segment; a context manager that removes its file when left by an error.

    Args:
        path: file to write (NUT, whatever its extension).
        layout: sample layout of the planes given to ``write``.
        size: (width, height) of the picture; odd sides are padded by one repeated column or row
            where the chroma needs it.
        time_base: clock of the ticks given to ``write``.
        nominal_rate: frames per second, a hint for rate control and levels.
        colour: tags to carry; pixels are never converted.
        sar: sample aspect ratio.
        settings: encoder and quality, ``codec`` resolved (``encoders.resolve``).
        parameter_set: number of the parameter sets, for libx264 (see ``parameter_sets``).

    Raises:
        EncodeFailed: the encoder cannot hold the layout or cannot be opened.
    """

    def __init__(
        self,
        path: str | Path,
        layout: PixelLayout,
        size: tuple[int, int],
        time_base: Fraction,
        nominal_rate: Fraction,
        colour: ColourTags,
        sar: Fraction,
        settings: EncodeSettings,
        parameter_set: int = 0,
    ) -> None:
        self.path = Path(path)
        self._layout = layout
        self._size = size
        self._coded = padded_size(size, layout)
        self._time_base = time_base
        self._ticks: list[int] = []  # of the frames written
        self._packets = 0
        self._container = None
        codec = settings.concrete(layout)
        self._pixels = check_pixels(codec, layout)
        try:
            self._container = av.open(f"file:{path}", "w", format="nut", options=SEGMENT_OPTIONS)
            options = codec_options(codec, settings, layout, colour, parameter_set)
            self._stream = cast(VideoStream, self._container.add_stream(codec, nominal_rate, options))
            self._configure(self._stream.codec_context, colour, sar, settings)
            self._stream.time_base = time_base
            self._container.start_encoding()
        except (av.error.FFmpegError, ValueError) as error:
            self.discard()
            raise EncodeFailed(_why(codec, layout, self._coded, error)) from error

    def _configure(
        self, context: VideoCodecContext, colour: ColourTags, sar: Fraction, settings: EncodeSettings
    ) -> None:
        context.width, context.height = self._coded
        context.pix_fmt = self._pixels
        context.time_base = self._time_base
        context.gop_size = KEYFRAME_INTERVAL
        context.color_primaries = colour.primaries
        context.color_trc = colour.transfer
        context.colorspace = colour.matrix
        context.color_range = colour.range
        if sar > 0:
            context.sample_aspect_ratio = sar
        context.thread_count = settings.threads

    @property
    def header(self) -> bytes:
        """The parameter sets of the segment, with start codes."""
        return self._stream.codec_context.extradata or b""

    def write(self, planes: Sequence[np.ndarray], pts: int) -> None:
        """Encode one picture.

        Args:
            planes: Y, U, V as ``Frame.planes``: ``uint8`` or ``uint16`` of the layout's shapes.
            pts: its tick, later than the one before.

        Raises:
            EncodeFailed: shapes or ticks do not fit, or the encoder gave up.
        """
        if self._ticks and pts <= self._ticks[-1]:
            raise EncodeFailed(f"{self.path.name}: tick {pts} after {self._ticks[-1]}; ticks must rise")
        picture = to_video_frame(planes, self._layout, self._size)
        if self._pixels != picture.format.name:
            picture = picture.reformat(format=self._pixels)
        picture.pts, picture.time_base = pts, self._time_base
        self._ticks.append(pts)
        self._encode(picture)

    def _encode(self, picture: av.VideoFrame | None) -> None:
        assert self._container is not None
        try:
            for packet in self._stream.encode(picture):
                # x265 gives none that can be relied on for a segment of one frame.
                packet.dts = due_tick(self._ticks, self._packets)
                self._packets += 1
                self._container.mux(packet)
        except av.error.FFmpegError as error:
            raise EncodeFailed(f"cannot write {self.path}: {error.strerror}") from error

    def close(self) -> None:
        """Flush the encoder and finish the file; a second call does nothing.

        Raises:
            EncodeFailed: no frame was written, or the disk is full.
        """
        if self._container is None:
            return
        if not self._ticks:
            self.discard()
            raise EncodeFailed(f"{self.path}: a segment needs at least one frame")
        self._encode(None)
        try:
            self._container.close()
        except av.error.FFmpegError as error:
            raise EncodeFailed(f"cannot write {self.path}: {error.strerror}") from error
        self._container = None

    def discard(self) -> None:
        """Give the segment up and remove its file."""
        if self._container is not None:
            try:
                self._container.close()
            except (av.error.FFmpegError, ValueError):
                pass  # the reason is already being raised
            self._container = None
        self.path.unlink(missing_ok=True)

    def __enter__(self) -> SegmentWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()


def due_tick(ticks: Sequence[int] | np.ndarray, number: int) -> int:
    """Decoding tick of a segment's packet; ``ticks`` are those at which its frames are shown, in order."""
    if number < MOST_REORDERED:
        return int(ticks[0]) - MOST_REORDERED + number
    return int(ticks[number - MOST_REORDERED])


def padded_size(size: tuple[int, int], layout: PixelLayout) -> tuple[int, int]:
    """(width, height) as coded: sides that the chroma cannot halve grow by one."""
    width, height = size
    return width + (width & layout.shift_x), height + (height & layout.shift_y)


def to_video_frame(planes: Sequence[np.ndarray], layout: PixelLayout, size: tuple[int, int]) -> av.VideoFrame:
    """A picture whose buffers hold the planes' own samples, edges repeated to the coded size.

    Raises:
        EncodeFailed: a plane has not the shape or type that the layout and size ask for.
    """
    width, height = padded_size(size, layout)
    picture = av.VideoFrame(width, height, layout.pix_fmt)
    kind = np.uint8 if layout.depth == 8 else np.uint16
    for number, (plane, target) in enumerate(zip(planes, picture.planes, strict=True)):
        shift_x, shift_y = (layout.shift_x, layout.shift_y) if number else (0, 0)
        rows, columns = height >> shift_y, width >> shift_x
        got = plane.shape
        if plane.dtype != kind or not (0 <= rows - got[0] <= 1 and 0 <= columns - got[1] <= 1):
            raise EncodeFailed(
                f"plane {number} is {plane.dtype} {got[1]}x{got[0]}, "
                f"expected {np.dtype(kind)} {columns}x{rows}"
            )
        lines = np.frombuffer(memoryview(target), kind).reshape(
            -1, target.line_size // np.dtype(kind).itemsize
        )
        lines[: got[0], : got[1]] = plane
        lines[: got[0], got[1] : columns] = lines[: got[0], got[1] - 1 : got[1]]
        lines[got[0] : rows, :columns] = lines[got[0] - 1, :columns]
    return picture


def _why(codec: str, layout: PixelLayout, size: tuple[int, int], error: Exception) -> str:
    what = f"{codec} cannot encode {size[0]}x{size[1]} {layout.pix_fmt}"
    if codec.endswith("_nvenc"):
        return f"{what}: no NVIDIA encoder answers on this machine ({error}); use encode.codec=auto"
    return f"{what}: {error}"
