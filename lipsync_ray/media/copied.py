"""Packets of a video as a segment that can be joined with encoded ones; nothing is decoded."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import chain, islice
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from lipsync_ray.errors import EncodeFailed, VideoUnreadable
from lipsync_ray.media.demux import read_packets
from lipsync_ray.media.h264 import PPS, SPS, kind_of
from lipsync_ray.media.parameter_sets import START_CODE, length_size, read_header, split
from lipsync_ray.media.probe import choose_stream, open_container
from lipsync_ray.media.table import FrameTable
from lipsync_ray.media.walk import SeekMissed, from_packet
from lipsync_ray.media.writer import SEGMENT_OPTIONS, due_tick


def copy_segment(path: Path, table: FrameTable, start: int, ticks: np.ndarray, time_base: Fraction) -> None:
    """Write whole groups of pictures of an H.264 video, shown at new times.

    Slices stay bit by bit as they are. Parameter sets are left out of packets, as they are in the header.

    Args:
        path: file to write (NUT, whatever its extension).
        table: of the video.
        start: first source frame, an IDR picture.
        ticks: ``int64[n]`` of ``time_base``, when each frame from ``start`` on is shown.
        time_base: of the ticks.

    Raises:
        VideoUnreadable: the video has other packets than when it was looked at.
        EncodeFailed: the segment cannot be written.
    """
    key = table.governing_key(start)
    for sought in (int(table.key_dts[key]), None):
        with open_container(table.path) as container:
            stream = choose_stream(container, table.path)
            try:
                packets = _packets(container, stream, int(table.pts[start]), sought)
            except (SeekMissed, FFmpegError):
                continue
            shown = table.pts[start : start + len(ticks)]
            _write(path, stream, _checked(packets, shown, table.path), ticks, time_base)
            return
    raise VideoUnreadable(f"{table.path}: no keyframe is where frame {start} was before")


def _packets(
    container: InputContainer, stream: VideoStream, pts: int, sought: int | None
) -> Iterator[av.Packet]:
    """Packets from the keyframe at ``pts`` on. Raises SeekMissed, FFmpegError."""
    if sought is not None:
        container.seek(sought, stream=stream, backward=True)
    packets = from_packet(read_packets(container, stream), pts)
    return chain([next(packets)], packets)


def _checked(packets: Iterator[av.Packet], shown: np.ndarray, name: str) -> Iterator[tuple[int, av.Packet]]:
    """As many packets as there are times in ``shown``, with the place of each among these."""
    seen = np.zeros(len(shown), bool)
    try:
        for packet in islice((packet for packet in packets if packet.size), len(shown)):
            rank = len(shown) if packet.pts is None else int(np.searchsorted(shown, packet.pts))
            if rank == len(shown) or shown[rank] != packet.pts:
                raise VideoUnreadable(f"{name}: a picture at {packet.pts} is not where it was before")
            seen[rank] = True
            yield rank, packet
    except FFmpegError as error:
        raise VideoUnreadable(f"{name} cannot be read: {error}") from error
    if not seen.all():
        raise VideoUnreadable(f"{name}: the picture at {shown[np.argmin(seen)]} is gone")


def _write(
    path: Path,
    source: VideoStream,
    packets: Iterator[tuple[int, av.Packet]],
    ticks: np.ndarray,
    time_base: Fraction,
) -> None:
    header = source.codec_context.extradata or b""
    size = length_size(header)
    try:
        with av.open(f"file:{path}", "w", format="nut", options=SEGMENT_OPTIONS) as output:
            stream = cast(VideoStream, output.add_stream_from_template(source, opaque=True))
            stream.codec_context.extradata = read_header(header).header()
            stream.time_base = time_base
            for number, (rank, packet) in enumerate(packets):
                copy = av.Packet(_plain(bytes(packet), size))
                copy.time_base, copy.stream = time_base, stream
                copy.pts, copy.dts = int(ticks[rank]), due_tick(ticks, number)
                copy.is_keyframe = packet.is_keyframe
                output.mux(copy)
    except (FFmpegError, ValueError) as error:
        raise EncodeFailed(f"cannot write {path}: {error}") from error


def _plain(data: bytes, size: int) -> bytes:
    """A packet with start codes and without parameter sets."""
    return b"".join(START_CODE + unit for unit in split(data, size) if kind_of(unit) not in (SPS, PPS))
