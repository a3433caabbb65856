"""Decode forwards from one place in a file, without any claim that the frames are right."""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterator

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from lipsync_ray.media.demux import read_packets
from lipsync_ray.media.probe import choose_stream, open_container
from lipsync_ray.media.table import FrameTable

log = logging.getLogger(__name__)

_GROWN, _LEAST_PIXELS = 4, 4_000_000  # a change of size up to here is told as what it is


class SeekMissed(Exception):
    """The demuxer did not come to the keyframe it was sent to."""


class Source:
    """An open file whose decoder can be sent to a keyframe or to the start."""

    def __init__(self, table: FrameTable, threads: int) -> None:
        self._table = table
        self._threads = threads
        self._container: InputContainer | None = None
        self.looked = False  # whether the file was opened with a look at its first picture

    def from_start(self) -> Iterator[tuple[int | None, av.VideoFrame]]:
        """All frames with their PTS (their number where the table is counted), from a fresh opening."""
        self.close()
        self.looked = True
        container, stream = self._open()
        return self._decode(read_packets(container, stream), counted=self._table.counted)

    def from_key(self, key: int, *, look: bool = True) -> Iterator[tuple[int | None, av.VideoFrame]]:
        """Frames with their PTS, decoding from one keyframe of the table on.

        To ``look`` is to let FFmpeg decode the first picture when it opens the file. All that it finds is
        known from the table, but for how far pictures are reordered, where neither container nor stream says
        that: frames are missed then.

        Packets before the keyframe's own never reach the decoder, so that no picture is made from references
        it does not have.

        Raises:
            SeekMissed: when iterated, if the demuxer lands behind the keyframe or cannot seek.
        """
        if look and not self.looked:
            self.close()
            self.looked = True
        fresh = self._container is None
        container, stream = self._open()
        pts, dts = int(self._table.key_pts[key]), int(self._table.key_dts[key])
        if not (fresh and key == 0):  # its packets come next anyway, also in files that cannot seek
            try:
                container.seek(dts, stream=stream, backward=True)
            except (FFmpegError, OSError) as error:
                raise SeekMissed(f"no seeking to {dts}: {error}") from error
        return self._decode(from_packet(read_packets(container, stream), pts))

    def close(self) -> None:
        """Release the file."""
        if self._container is not None:
            self._container.close()
            self._container = None

    def _open(self) -> tuple[InputContainer, VideoStream]:
        if self._container is None:
            container = open_container(self._table.path, packets_only=not self.looked)
            stream = choose_stream(container, self._table.path)
            stream.codec_context.thread_count = self._threads
            stream.thread_type = "AUTO"
            # A file may announce another size in the middle, and fill the memory with one picture.
            announced = self._table.video.coded_width * self._table.video.coded_height
            stream.codec_context.options = {"max_pixels": str(max(_LEAST_PIXELS, _GROWN * announced))}
            self._container = container
        return self._container, choose_stream(self._container, self._table.path)

    def _decode(
        self, packets: Iterator[av.Packet], *, counted: bool = False
    ) -> Iterator[tuple[int | None, av.VideoFrame]]:
        number = 0
        for packet in self._readable(packets):
            try:
                frames = packet.decode()
            except MemoryError:
                raise
            except FFmpegError as error:  # of whatever kind; the reader notices if a frame is missing for it
                if error.errno == errno.ENOMEM:
                    raise
                log.debug("%s: packet at %s: %s", self._table.path, packet.pts, error)
                continue
            for frame in frames:
                if isinstance(frame, av.VideoFrame):
                    yield (number if counted else frame.pts), frame
                    number += 1

    def _readable(self, packets: Iterator[av.Packet]) -> Iterator[av.Packet]:
        """Packets up to where the file is so damaged that there are no more."""
        try:
            yield from packets
        except FFmpegError as error:
            log.debug("%s cannot be read further: %s", self._table.path, error)


def from_packet(packets: Iterator[av.Packet], pts: int) -> Iterator[av.Packet]:
    """Packets from the keyframe shown at ``pts`` on. Raises SeekMissed: it is not among them."""
    for packet in packets:
        if packet.is_keyframe and packet.pts == pts:
            yield packet
            break
        if packet.size == 0 or (packet.is_keyframe and packet.pts is not None and packet.pts > pts):
            raise SeekMissed(f"landed at {packet.pts}, behind the keyframe at {pts}")
    yield from packets
