"""Segments to one stream of packets, without decoding anything.

Presentation ticks are the timeline's, as the segments carry them. Decoding ticks are made anew for
the whole stream: an encoder derives those of a segment from that segment alone, so with reordered
frames the first of each would fall before the last of the one in front of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import av.error
import numpy as np
from av.container import InputContainer

from lipsync_ray.errors import EncodeFailed, OutputMismatch
from lipsync_ray.media.demux import open_demuxer, read_packets
from lipsync_ray.media.output_times import Timeline
from lipsync_ray.media.parameter_sets import joined_header
from lipsync_ray.media.probe import reason


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Joint:
    """What one pass over all segments found: enough to join them."""

    counts: np.ndarray  # int64[s] frames of each segment
    ranks: np.ndarray  # int64[m] output frame of every packet, in decoding order
    depth: int  # most frames that are shown before, yet decoded after, another one
    header: bytes  # parameter sets of all segments


def survey(segments: Sequence[Path], timeline: Timeline) -> Joint:
    """Check every packet's tick against the timeline and measure how frames are reordered.

    Raises:
        OutputMismatch: the segments are not the timeline's frames, each once, in order.
        EncodeFailed: a segment cannot be read, or it has parameter sets that another one contradicts.
    """
    ranks, counts, start = [], [], 0
    headers: dict[bytes, str] = {}  # with the name of the first segment that has it
    for path in segments:
        with open_segment(path, packets_only=True) as container:
            headers.setdefault(container.streams.video[0].codec_context.extradata or b"", path.name)
            ticks, first_is_key = _ticks(container, timeline.time_base, path)
        expected = timeline.pts[start : start + len(ticks)]
        found = np.sort(ticks)
        if not first_is_key or len(found) != len(expected) or np.any(found != expected):
            raise OutputMismatch(_difference(path, start, expected, found, first_is_key))
        ranks.append(start + np.searchsorted(found, ticks))
        counts.append(len(ticks))
        start += len(ticks)
    if start != len(timeline):
        raise OutputMismatch(f"the segments hold {start} frames, expected {len(timeline)}")
    order = np.concatenate(ranks)
    depth = int(np.max(np.arange(len(order)) - order))
    return Joint(counts=np.array(counts), ranks=order, depth=max(0, depth), header=_header(headers))


def _header(headers: Mapping[bytes, str]) -> bytes:
    """The header for all segments; ``headers`` name one that has each."""
    if len(headers) == 1:
        return next(iter(headers))
    try:
        return joined_header(list(headers))
    except ValueError as error:
        first, other, *_ = headers.values()
        raise EncodeFailed(f"{other} was encoded with other parameters than {first}: {error}") from error


def decoding_ticks(pts: np.ndarray, depth: int) -> np.ndarray:
    """``int64[m]`` strictly rising ticks at which packets are due, ``depth`` frames ahead of showing.

    The lead before the first is as long as the last frames are waited for at the end: due ticks then
    span what shown ticks span, which is what MP4 takes for the length of a track.
    """
    if depth == 0:
        return pts.copy()
    lead = int(pts[-1] - pts[-1 - depth])
    ahead = pts[0] - lead + lead * np.arange(depth, dtype=np.int64) // depth
    return np.concatenate([ahead, pts[:-depth]])


def concat(segments: Sequence[Path], timeline: Timeline, joint: Joint) -> Iterator[av.Packet]:
    """All packets of the surveyed segments in decoding order, one segment open at a time.

    ``pts``, ``dts`` and ``duration`` are ticks of ``timeline.time_base``; ``dts`` rises strictly and
    never exceeds ``pts``. Packets belong to no stream yet.

    Raises:
        OutputMismatch: a segment has changed since.
        EncodeFailed: a segment cannot be read.
    """
    due = decoding_ticks(timeline.pts, joint.depth)
    lengths = timeline.durations()[joint.ranks]
    lengths[-1] = timeline.end - timeline.pts[-1]  # the stream ends with the last frame shown
    number = 0
    for path, count in zip(segments, joint.counts, strict=True):
        stop = number + int(count)
        with open_segment(path, packets_only=True) as container:
            for packet in read_packets(container, container.streams.video[0]):
                if packet.size == 0:
                    continue
                if number == stop:
                    raise OutputMismatch(f"{path.name} has grown while it was being joined")
                packet.time_base = timeline.time_base
                packet.pts = int(timeline.pts[joint.ranks[number]])
                packet.dts = int(due[number])
                packet.duration = int(lengths[number])
                yield packet
                number += 1
        if number != stop:
            raise OutputMismatch(f"{path.name} has shrunk while it was being joined")


@contextmanager
def open_segment(path: Path, *, packets_only: bool = False) -> Iterator[InputContainer]:
    """A segment opened for reading; ``packets_only`` as in ``open_demuxer``.

    Raises:
        EncodeFailed: it is absent, broken or holds no picture.
    """
    try:
        container = open_demuxer(path, packets_only=packets_only)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise EncodeFailed(f"cannot read the segment {path}: {reason(error)}") from error
    with container:
        if not container.streams.video:
            raise EncodeFailed(f"the segment {path} holds no picture")
        yield container


def _ticks(container: InputContainer, time_base: Fraction, path: Path) -> tuple[np.ndarray, bool]:
    """Presentation ticks of all packets in decoding order, and whether the first is a keyframe."""
    found: list[int] = []
    first_is_key = False
    stream = container.streams.video[0]
    # The segment's clock may be a finer one; every tick of ours is on it exactly.
    ratio = (stream.time_base or time_base) / time_base
    for packet in read_packets(container, stream):
        if packet.size == 0:
            continue
        if packet.pts is None:
            raise OutputMismatch(f"{path.name}: packet {len(found)} has no time")
        tick = packet.pts * ratio
        if tick.denominator != 1:
            raise OutputMismatch(f"{path.name}: packet {len(found)} at {tick} ticks, expected a whole number")
        first_is_key = first_is_key or (not found and packet.is_keyframe)
        found.append(tick.numerator)
    return np.array(found, np.int64), first_is_key


def _difference(path: Path, start: int, expected: np.ndarray, found: np.ndarray, first_is_key: bool) -> str:
    if not first_is_key and len(found):
        return f"{path.name} does not begin with a keyframe"
    if len(found) > len(expected):
        return f"{path.name} holds {len(found)} frames, only {len(expected)} are left of the timeline"
    if len(found) == 0:
        return f"{path.name} holds no frame"
    at = int(np.argmax(found != expected))
    return f"{path.name}: frame {start + at} at tick {found[at]}, expected {expected[at]}"
