"""Read whatever FFmpeg demuxes, whatever the container's index is worth.

A frame is accepted only by its PTS. The reader seeks to the decoding time of the keyframe that governs it
(the last one shown not after it, so leading pictures of an open group never count), and tries again with a
look at the file, one keyframe earlier and then from the start of the file. Frames that remain missing are an
error with a name.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import av
from av.error import FFmpegError

from lipsync_ray.errors import FrameUnreadable
from lipsync_ray.media.frame import Frame
from lipsync_ray.media.ordered_reader import OrderedReader
from lipsync_ray.media.planes import planes_of, turn, working_layout
from lipsync_ray.media.probe import reason
from lipsync_ray.media.table import FrameTable
from lipsync_ray.media.walk import SeekMissed, Source

log = logging.getLogger(__name__)

_OVER = 24  # frames rather decoded over than seeked across


class PyavReader(OrderedReader):
    """Reads every container that FFmpeg demuxes."""

    def __init__(self, table: FrameTable, *, threads: int = 0) -> None:
        super().__init__(table)
        self._source = Source(table, threads)
        self._walk: Iterator[tuple[int | None, av.VideoFrame]] | None = None
        self._next = 0  # the walk has passed all frames before this one
        self._last: Frame | None = None
        self._flagged = False  # even from the start this file's frames are marked as damaged

    def close(self) -> None:
        """See :class:`~lipsync_ray.media.reader.Reader`."""
        self._walk, self._last = None, None
        self._source.close()

    def _take(self, index: int) -> Frame:
        if self._last is None or self._last.index != index:
            try:
                frame = self._continue(index) or self._start(index)
            except MemoryError:
                raise
            except (FFmpegError, OSError) as error:
                raise FrameUnreadable(f"{self._place(index)} cannot be read: {reason(error)}") from error
            if frame is None:
                raise FrameUnreadable(
                    f"{self._place(index)} cannot be decoded: the file is damaged there. Repair it or "
                    "cut that part out"
                )
            self._last = self._made(frame, index)
        return self._last

    def _place(self, index: int) -> str:
        return f"{self.table.path}: frame {index} at {float(self.table.time(index)):.3f} s"

    def _continue(self, index: int) -> av.VideoFrame | None:
        """The frame from where the decoder stands, if that is the shortest way."""
        if self._walk is None or index < self._next:
            return None
        table = self.table
        if table.indexed and index - self._next > _OVER:
            if table.governing_key(index) > table.governing_key(self._next):
                return None
        return self._find(self._walk, index, strict=not self._flagged)

    def _start(self, index: int) -> av.VideoFrame | None:
        """The frame from its keyframe, from one keyframe earlier, from the start of the file."""
        source, key = self._source, self.table.governing_key(index)
        ways: list[Callable[[], Iterator[tuple[int | None, av.VideoFrame]]]] = []
        if self.table.indexed:
            ways = [lambda k=k: source.from_key(k) for k in dict.fromkeys((key, max(0, key - 1)))]
            if not source.looked:
                ways.insert(0, lambda: source.from_key(key, look=False))
        for way in ways:
            try:
                self._walk = way()
                frame = self._find(self._walk, index, strict=not self._flagged)
            except SeekMissed as error:
                log.debug("%s: frame %d: %s", self.table.path, index, error)
                continue
            if frame is not None:
                return frame
            log.debug("%s: frame %d not found from keyframe %d", self.table.path, index, key)
        self._walk = source.from_start()
        frame = self._find(self._walk, index, strict=False)
        if frame is not None and frame.is_corrupt:
            log.warning("%s: frame %d is marked as damaged by the decoder", self.table.path, index)
            self._flagged = True
        return frame

    def _find(
        self, walk: Iterator[tuple[int | None, av.VideoFrame]], index: int, *, strict: bool
    ) -> av.VideoFrame | None:
        """Walk on to a frame; None if it is not there, or (``strict``) marked as damaged."""
        wanted = index if self.table.counted else int(self.table.pts[index])
        for mark, frame in walk:
            if mark is None or mark < wanted:
                continue
            self._next = index + 1
            if mark == wanted and not (strict and frame.is_corrupt):
                return frame
            break
        self._walk = None
        return None

    def _made(self, frame: av.VideoFrame, index: int) -> Frame:
        video = self.table.video
        if (frame.width, frame.height) != (video.coded_width, video.coded_height):
            raise FrameUnreadable(
                f"{self.table.path}: the picture changes size from {video.coded_width}x{video.coded_height} "
                f"to {frame.width}x{frame.height} at frame {index}: split the file there"
            )
        if frame.format.name.replace("yuvj", "yuv") != video.pix_fmt.replace("yuvj", "yuv"):
            raise FrameUnreadable(
                f"{self.table.path}: the pixel format changes from {video.pix_fmt} to {frame.format.name} at "
                f"frame {index}: split the file there"
            )
        coded = working_layout(frame.format, matrix=video.layout.matrix, full_range=video.layout.full_range)
        planes = turn(planes_of(frame, coded), coded, video.rotation, video.mirrored)
        return Frame(index=index, planes=planes, layout=video.layout)
