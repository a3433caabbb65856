"""Build the frame table of a video: one pass over its packets, without decoding where they can be trusted."""

from __future__ import annotations

import logging
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from lipsync_ray.errors import VideoUnreadable
from lipsync_ray.limits import LimitsSettings
from lipsync_ray.media.bounds import check_size, open_bounded
from lipsync_ray.media.demux import check_path, read_frames, read_packets
from lipsync_ray.media.probe import (
    Probe,
    Prober,
    choose_stream,
    open_container,
    reason,
    with_rates,
)
from lipsync_ray.media.still import is_still, still_table
from lipsync_ray.media.table import ColourTags, FrameTable, VideoInfo

__all__ = ["ColourTags", "FrameTable", "PacketList", "VideoInfo", "build_table", "list_packets"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PacketList:
    """Packets of the video stream in the order they are stored; -2**63 stands for a missing time."""

    pts: np.ndarray  # int64[m]
    dts: np.ndarray  # int64[m]
    duration: np.ndarray  # int64[m]
    key: np.ndarray  # bool[m]
    discard: np.ndarray  # bool[m], hidden by an edit list
    size: np.ndarray  # int64[m] bytes

    @property
    def shown(self) -> np.ndarray:
        """PTS of the packets that are shown, sorted."""
        return np.sort(self.pts[~self.discard])

    @property
    def open_gop(self) -> bool:
        """Whether pictures stored after a keyframe are shown before it (and need the one before)."""
        last_key = np.maximum.accumulate(np.where(self.key, self.pts, _NONE))
        return bool(np.any((self.pts < last_key) & ~self.discard))


_NONE = -(2**63)
_FAR = 3  # frames: decoders mix up the times of fewer
_SLIGHT = 0.1  # seconds by which a header may be wrong without a word
_SIZED = frozenset({"matroska", "flv"})  # their headers tell a length


def build_table(path: str | Path, limits: LimitsSettings | None = None) -> FrameTable:
    """Find every frame of a video and when it is shown; one that is told to be too large is refused.

    One demux pass; packets hidden by an edit list are dropped, and so are pictures before the first one that
    can be decoded. Where packets carry no reliable times (AVI, bare streams, repeated times) or may hold
    hidden pictures (VP8) the whole file is decoded once instead.

    Raises:
        VideoUnreadable: missing, empty, no media, no video stream, cut short, an address or a playlist.
        LimitExceeded: its pictures are larger than ``limits`` admit.
    """
    file = check_path(path, VideoUnreadable)
    if is_still(file):
        if limits is not None:
            check_size(file, limits)
        return still_table(file)
    with open_bounded(file, limits) as (container, stream):
        _check_complete(container, stream, file)
        prober = Prober(container, stream, path)
        packets = list_packets(container, stream, path, prober.see)
        found = prober.result()
        origin = _origin(container, stream)
        _check_length(container, stream, packets, file)
    times = packets.shown
    if found.first_pts is not None:
        times = times[times >= found.first_pts]
    if not len(times):
        raise VideoUnreadable(f"{path}: the video stream holds no picture")
    regular = found.first_pts is not None and times[0] > _NONE and bool(np.all(np.diff(times) > 0))
    if regular and found.video.container != "avi" and found.video.codec != "vp8":
        return _table(file, found, packets, times, origin)
    return _decoded_table(file, found, packets, times if regular else None, origin)


def list_packets(
    container: InputContainer,
    stream: VideoStream,
    path: str | Path,
    see: Callable[[av.Packet], None] = lambda packet: None,
) -> PacketList:
    """Read all packets of a stream, decoding none; ``see`` is shown each, the empty last one too.

    Raises:
        VideoUnreadable: the container is damaged.
    """
    rows = array("q")  # six numbers a packet: objects of them would take 250 bytes
    corrupt = False
    try:
        for packet in read_packets(container, stream):
            see(packet)
            if packet.size == 0:
                continue
            pts = _NONE if packet.pts is None else packet.pts
            dts = pts if packet.dts is None else packet.dts
            rows.extend((pts, dts, packet.duration or 0, packet.is_keyframe, packet.is_discard, packet.size))
            corrupt = packet.is_corrupt
    except (FFmpegError, OSError) as error:
        raise VideoUnreadable(
            f"{path} is damaged after {len(rows) // 6} frames: {reason(error)}. Copy or repair it, "
            "then try again"
        ) from error
    columns = np.array(rows, np.int64).reshape(-1, 6)
    if corrupt and len(columns) > 1:
        log.warning("%s: the last packet is incomplete and left out", path)
        columns = columns[:-1]
    kinds = (np.int64, np.int64, np.int64, bool, bool, np.int64)
    names = ("pts", "dts", "duration", "key", "discard", "size")
    return PacketList(
        **{name: column.astype(kind) for name, column, kind in zip(names, columns.T, kinds, strict=True)}
    )


def _table(
    file: Path,
    found: Probe,
    packets: PacketList,
    times: np.ndarray,
    origin: Fraction,
    *,
    indexed: bool = True,
    counted: bool = False,
) -> FrameTable:
    keys = packets.key & (packets.pts > _NONE)
    order = np.argsort(packets.pts[keys], kind="stable")
    key_pts, key_dts = packets.pts[keys][order], packets.dts[keys][order]
    base = found.video.time_base
    rate = _nominal_rate(times, base, found.video.nominal_rate)
    lengths = packets.duration[packets.pts == times[-1]]
    usual = int(np.median(np.diff(times))) if len(times) > 1 else round(1 / (rate * base))
    last = int(lengths[0]) if len(lengths) and lengths[0] > 0 else usual
    seconds = (int(times[-1]) + last - int(times[0])) * base
    bit_rate = int(packets.size.sum() * 8 / seconds) if seconds > 0 else None
    return FrameTable(
        path=str(file),
        video=with_rates(found.video, rate=rate, bit_rate=bit_rate),
        pts=times,
        key_pts=key_pts,
        key_dts=key_dts,
        origin=origin,
        end_pts=int(times[-1]) + max(1, last),
        indexed=indexed and len(key_pts) > 0,
        counted=counted,
        still=len(times) == 1,
    )


def _decoded_table(
    file: Path, found: Probe, packets: PacketList, times: np.ndarray | None, origin: Fraction
) -> FrameTable:
    """A table from decoding the whole file; ``times`` are the packets' own where these look sound."""
    log.info("%s: packets carry no reliable times, decoding all of it once", file)
    seen: list[int | None] = []
    with open_container(file) as container:
        stream = choose_stream(container, file)
        stream.thread_type = "AUTO"
        try:
            seen.extend(frame.pts for frame in read_frames(container, stream))
        except (FFmpegError, OSError) as error:
            raise VideoUnreadable(f"{file} is damaged after {len(seen)} frames: {reason(error)}") from error
    if not seen:
        raise VideoUnreadable(f"{file}: the video stream holds no picture")
    known = np.array([_NONE if p is None else p for p in seen], np.int64)
    if known[0] > _NONE and np.all(np.diff(known) > 0):
        trusted = times is not None and np.array_equal(times, known)
        return _table(file, found, packets, known, origin, indexed=trusted)
    start = packets.dts[0] if found.video.container == "avi" or known[0] == _NONE else known[0]
    step = max(1, round(1 / (found.video.nominal_rate * found.video.time_base)))
    mended = _mended(known, max(0, int(start)), step)
    log.warning(
        "%s: its times are not reliable, so every read decodes from the start: as MP4 or MKV it is faster",
        file,
    )
    return _table(file, found, packets, mended, origin, indexed=False, counted=True)


def _mended(known: np.ndarray, start: int, step: int) -> np.ndarray:
    """Increasing times for frames whose order is sure but whose own times are missing or turn back.

    Files that were joined byte by byte begin anew in the middle: each goes on where the one before ends.
    Even steps, if these end where the known times end (MPEG-PS repeats a time here and there), none are
    known (AVI and bare streams) or all are alike; else the known times, each moved behind the one before.
    """
    even = start + step * np.arange(len(known), dtype=np.int64)
    if known.min() == _NONE or known.min() == known.max():
        return even
    known = _joined(known, step)
    if abs(int(known.max()) - int(even[-1])) <= 2 * step:
        return even
    ticks = np.arange(len(known), dtype=np.int64)
    return np.maximum.accumulate(known - ticks) + ticks


def _joined(known: np.ndarray, step: int) -> np.ndarray:
    """Times that begin anew, moved behind those before; a single one that turns back is not a beginning."""
    moved = known.copy()
    for number in np.flatnonzero(np.diff(known) < -_FAR * step) + 1:
        follow = known[number : number + _FAR]
        if len(follow) == _FAR and np.all(np.diff(follow) >= 0) and follow[-1] < known[number - 1]:
            moved[number:] += moved[number - 1] + step - moved[number]
    return moved


def _origin(container: InputContainer, stream: VideoStream) -> Fraction:
    """The container's start, exactly: its own figure is rounded to a microsecond, its streams' are not."""
    if container.start_time is None:
        return Fraction(0)
    rounded = Fraction(container.start_time, av.time_base)
    for other in (stream, *container.streams):
        if other.start_time is not None and other.time_base is not None:
            exact = Fraction(other.start_time * other.time_base)
            if abs(exact - rounded) <= Fraction(1, av.time_base):
                return exact
    return rounded


def _nominal_rate(times: np.ndarray, base: Fraction, declared: Fraction) -> Fraction:
    """Frames per second over the whole file; the declared rate where it agrees within 0.2 %."""
    span = (int(times[-1]) - int(times[0])) * base
    declared = _encodable(declared)
    if len(times) < 2 or span <= 0:
        return declared
    measured = (len(times) - 1) / span
    if abs(measured / declared - 1) < Fraction(2, 1000) or len(times) < 10:
        return declared
    return _encodable(measured)


def _encodable(rate: Fraction) -> Fraction:
    """A rate that encoders take: they refuse much finer ones, and none at all."""
    return max(Fraction(1, 1001), rate.limit_denominator(1001))


def _check_complete(container: InputContainer, stream: VideoStream, file: Path) -> None:
    """Refuse an MP4 or MOV whose index points past the end of the file."""
    if "mov" not in container.format.name:
        return
    size = file.stat().st_size
    entries = getattr(stream, "index_entries", None) or ()
    missing = sum(1 for entry in entries if entry.pos + entry.size > size)
    if missing:
        raise VideoUnreadable(
            f"{file} is cut short: {missing} of {len(entries)} frames lie past its end. Copy it again"
        )


def _check_length(container: InputContainer, stream: VideoStream, packets: PacketList, file: Path) -> None:
    """Refuse a Matroska or FLV file that ends long before its header says."""
    if (
        not _SIZED.intersection(container.format.name.split(","))
        or not container.duration
        or not len(packets.pts)
    ):
        return
    base = Fraction(stream.time_base or 1)
    said = container.duration / av.time_base  # where times begin late, some writers count from zero
    ends = float(int((packets.pts + packets.duration).max()) * base)
    if ends < said - _SLIGHT:  # the sound may simply be longer
        with open_container(file) as again:
            for packet in read_packets(again):
                if packet.pts is not None and packet.time_base:
                    ends = max(ends, float((packet.pts + (packet.duration or 0)) * packet.time_base))
    if said - 1 <= ends < said - max(_SLIGHT, 2 * _longest_gap(packets, base)):
        log.warning("%s ends at %.2f s and says %.2f s: it may be cut short", file, ends, said)
    if ends < said - 1:
        raise VideoUnreadable(
            f"{file} is cut short: it ends at {ends:.1f} s of {said:.1f} s. Copy it again, or rewrite it if "
            "that is all there is (ffmpeg -i IN -c copy OUT)"
        )


def _longest_gap(packets: PacketList, base: Fraction) -> float:
    """Seconds between neighbouring pictures, at most: a last picture may last as long without saying so."""
    return float(int(np.diff(packets.shown).max(initial=0)) * base)
