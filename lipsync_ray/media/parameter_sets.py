"""The header of an H.264 stream: its parameter sets, and those of several streams in one.

A picture names its parameter sets by number. Streams that number theirs differently can share one track: its
header holds the sets of all, and a decoder changes between them at any IDR picture. Packets hold no sets, as
the sample entry ``avc1`` of MP4 asks for, and Matroska with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from lipsync_ray.media.h264 import (
    PPS,
    SPS,
    PictureSet,
    SequenceSet,
    kind_of,
    read_picture_set,
    read_sequence_set,
)

START_CODE = b"\0\0\0\1"
_MOST_SEQUENCES = 31  # that the header of MP4 counts
_NUMBERS = 32  # of sequence parameter sets: 0 to 31


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterSets:
    """All parameter sets of a stream, once each, in the order in which they stand."""

    sequences: tuple[SequenceSet, ...]
    pictures: tuple[PictureSet, ...]

    @property
    def units(self) -> list[bytes]:
        """Their NAL units."""
        return [one.data for one in (*self.sequences, *self.pictures)]

    def header(self) -> bytes:
        """They as the header of a stream with start codes."""
        return b"".join(START_CODE + unit for unit in self.units)

    def free_number(self) -> int | None:
        """A number that neither kind of set has; None where all are taken."""
        taken = {one.id for one in (*self.sequences, *self.pictures)}
        return min(set(range(_NUMBERS)) - taken, default=None)


def read_header(header: bytes) -> ParameterSets:
    """The parameter sets of a stream's header, with start codes or as in MP4 (ISO/IEC 14496-15, 5.3.3.1).

    Raises:
        ValueError: it is damaged, or two different sets have one number.
    """
    units = list(_listed(header) if length_size(header) else split(header, 0))
    sequences = {unit: read_sequence_set(unit) for unit in units if kind_of(unit) == SPS}
    pictures = {unit: read_picture_set(unit) for unit in units if kind_of(unit) == PPS}
    for sets in (sequences.values(), pictures.values()):
        if len({one.id for one in sets}) != len(sets):
            raise ValueError("two different parameter sets have one number")
    return ParameterSets(sequences=tuple(sequences.values()), pictures=tuple(pictures.values()))


def joined_header(headers: Sequence[bytes]) -> bytes:
    """One header, with start codes, for pictures of several streams.

    Players look at the first sequence parameter set, and the header of MP4 is made from it: so that is the
    one of the highest profile, told to be of the highest level and of nothing that is not true of all.

    Raises:
        ValueError: a header is damaged, or two streams have different sets of one number.
    """
    both = read_header(b"".join(read_header(header).header() for header in headers))
    sequences = sorted(both.sequences, key=lambda one: (-one.profile, -one.level))
    if not sequences or len(sequences) > _MOST_SEQUENCES:
        raise ValueError(f"{len(sequences)} sequence parameter sets, expected 1 to {_MOST_SEQUENCES}")
    first = sequences[0]
    level = max(one.level for one in sequences)
    constraints = first.constraints
    for one in sequences:
        constraints &= one.constraints
    promised = first.data[:2] + bytes([constraints, level]) + first.data[4:]
    sequences[0] = replace(first, data=promised, constraints=constraints, level=level)
    return ParameterSets(sequences=tuple(sequences), pictures=both.pictures).header()


def length_size(header: bytes) -> int:
    """Bytes of the length in front of each NAL unit of a stream with this header; 0: start codes."""
    return (header[4] & 3) + 1 if len(header) > 6 and header[0] == 1 else 0


def split(data: bytes, size: int) -> Iterator[bytes]:
    """The NAL units of a packet, with lengths of ``size`` bytes in front of them or, for 0, start codes.

    Raises:
        ValueError: a unit is empty or ends behind the packet.
    """
    return _with_lengths(data, size) if size else _with_start_codes(data)


def _with_start_codes(data: bytes) -> Iterator[bytes]:
    begin = data.find(b"\0\0\1")
    while begin >= 0:
        end = data.find(b"\0\0\1", begin + 3)
        unit = data[begin + 3 : end if end >= 0 else len(data)].rstrip(b"\0")
        if unit:
            yield unit
        begin = end


def _with_lengths(data: bytes, size: int) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        end = at + size + int.from_bytes(data[at : at + size], "big")
        if end > len(data) or end == at + size:
            raise ValueError(f"a NAL unit of {end - at - size} bytes at {at} of {len(data)}")
        yield data[at + size : end]
        at = end


def _listed(header: bytes) -> Iterator[bytes]:
    """The units of MP4's header: a number of sequence sets, then of picture sets, each with its length."""
    at = 5
    for mask in (31, 255):
        if at >= len(header):
            raise ValueError("the header ends too early")
        count, at = header[at] & mask, at + 1
        for _ in range(count):
            end = at + 2 + int.from_bytes(header[at : at + 2], "big")
            if end > len(header) or end == at + 2:
                raise ValueError("the header ends too early")
            yield header[at + 2 : end]
            at = end
