"""Groups of pictures of an H.264 video that can be shown without any other: what can be copied of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

import av
import numpy as np
from av.error import FFmpegError

from lipsync_ray.errors import VideoUnreadable
from lipsync_ray.media.demux import read_packets
from lipsync_ray.media.h264 import PPS, SPS, kind_of
from lipsync_ray.media.parameter_sets import ParameterSets, length_size, read_header, split
from lipsync_ray.media.probe import choose_stream, open_container
from lipsync_ray.media.table import FrameTable

IDR = 5
# Slices, SEI, parameter sets, delimiters, filler. What else there is belongs to other pictures (a second
# view, other sizes), to partitioned slices, or says that the stream ends.
_PLAIN = frozenset((1, IDR, 6, SPS, PPS, 9, 12))


class NotCopied(ValueError):
    """Why no frame of a video can be copied, in words that follow a colon."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gops:
    """The groups from an IDR picture to the next whose frames are all shown, one after the other.

    Pictures that follow an IDR picture refer to none before it (ITU-T H.264, 7.4.1.2.4), so such a group
    needs no other; one that begins with any other keyframe may.
    """

    sets: ParameterSets  # that all of the video's pictures name
    start: np.ndarray  # int64[k] first source frame of each group, increasing
    stop: np.ndarray  # int64[k] after its last


@dataclass(slots=True, kw_only=True)
class _Group:
    """Packets from an IDR picture on."""

    whole: bool
    pts: list[int] = field(default_factory=list)

    @property
    def reordered(self) -> bool:
        """Whether pictures are stored in another order than shown."""
        return any(after < before for before, after in pairwise(self.pts))


def find_gops(table: FrameTable) -> Gops:
    """Find the groups of a video in one pass over its packets, without decoding any.

    Raises:
        NotCopied: there are none.
        VideoUnreadable: the file cannot be read.
    """
    if table.video.codec != "h264":
        raise NotCopied(
            f"the source is {table.video.codec}, and only H.264 can be joined with what is encoded"
        )
    if table.still or table.counted or not table.indexed:
        raise NotCopied("the source's packets carry no reliable times")
    try:
        with open_container(table.path) as container:
            stream = choose_stream(container, table.path)
            header = stream.codec_context.extradata or b""
            sets = _sets(header)
            groups = _groups(read_packets(container, stream), length_size(header), sets)
    except (FFmpegError, OSError) as error:
        raise VideoUnreadable(f"{table.path} cannot be read: {error}") from error
    # A decoder learns from the pictures then how long to wait, and drops some behind others of less depth.
    if any(one.reorder is None for one in sets.sequences) and any(group.reordered for group in groups):
        raise NotCopied("the source's header does not say how far its pictures are out of order")
    placed = [_place(group, table.pts) for group in groups]
    whole = np.array([place for place in placed if place is not None], np.int64).reshape(-1, 2)
    if not len(whole):
        raise NotCopied("no group of the source's pictures begins with an IDR picture and is shown whole")
    return Gops(sets=sets, start=whole[:, 0], stop=whole[:, 1])


def _sets(header: bytes) -> ParameterSets:
    try:
        sets = read_header(header)
    except ValueError as error:
        raise NotCopied(f"the source's header cannot be used: {error}") from error
    if not sets.sequences or not sets.pictures:
        raise NotCopied("the source has no parameter sets in its header")
    if any(one.slice_groups > 1 for one in sets.pictures):
        raise NotCopied("the source's pictures are cut into groups of slices")
    return sets


def _groups(packets: Iterable[av.Packet], size: int, sets: ParameterSets) -> list[_Group]:
    known = set(sets.units)
    groups: list[_Group] = []
    for packet in packets:
        if not packet.size:
            continue
        units = _units(packet, size)
        kinds = {kind_of(unit) for unit in units}
        strange = any(kind_of(unit) in (SPS, PPS) and unit not in known for unit in units)
        if strange or packet.has_sidedata("new_extradata"):
            raise NotCopied("the source's parameter sets change on the way")
        if IDR in kinds:
            groups.append(_Group(whole=packet.is_keyframe))
        if groups:
            _add(groups[-1], packet, kinds)
    return groups


def _units(packet: av.Packet, size: int) -> list[bytes]:
    try:
        return list(split(bytes(packet), size))
    except ValueError:  # damaged: it belongs to no group that is whole
        return []


def _add(group: _Group, packet: av.Packet, kinds: set[int]) -> None:
    sound = not (packet.is_corrupt or packet.is_discard) and packet.pts is not None
    if not sound or not kinds & {1, IDR} or not kinds <= _PLAIN:
        group.whole = False
    group.pts.append(packet.pts or 0)


def _place(group: _Group, shown: np.ndarray) -> tuple[int, int] | None:
    """The frames ``[start, stop)`` of a group; None if not just these are shown, the IDR picture first."""
    if not group.whole or group.pts[0] != min(group.pts):
        return None
    start = int(np.searchsorted(shown, group.pts[0]))
    stop = start + len(group.pts)
    return (start, stop) if np.array_equal(shown[start:stop], np.sort(group.pts)) else None
