"""H.264 parameter sets: what decoders must know before the first picture (ITU-T H.264, 7.3.2, annex E)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

SPS, PPS = 7, 8  # types of NAL units
_HIGH = frozenset((44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244))
_LONGEST = 4096  # bytes of a set that are read: those of encoders have less than 200
_FREE_ASPECT = 255
_ASPECTS = (
    *((0, 1), (1, 1), (12, 11), (10, 11), (16, 11), (40, 33), (24, 11), (20, 11), (32, 11)),
    *((80, 33), (18, 11), (15, 11), (64, 33), (160, 99), (4, 3), (3, 2), (2, 1)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What a parameter set says of the pictures that are shown; unspecified facts are the defaults."""

    size: tuple[int, int]  # coded, in pixels
    crop: tuple[int, int, int, int]  # left, right, top, bottom, in units of chroma samples
    chroma: int  # 0 grey, 1 4:2:0, 2 4:2:2, 3 4:4:4
    depth: tuple[int, int]  # bits of luma and chroma
    progressive: bool
    aspect: Fraction = Fraction(1)  # of a pixel
    full_range: bool = False
    colour: tuple[int, int, int] = (2, 2, 2)  # primaries, transfer, matrix
    siting: int = 0  # where chroma lies


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceSet:
    """A sequence parameter set."""

    data: bytes  # the NAL unit
    id: int
    profile: int
    constraints: int  # the byte of constraint_set flags
    level: int
    picture: Picture
    reorder: int | None  # most pictures that are decoded before one and shown after it; None: not said


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureSet:
    """A picture parameter set."""

    data: bytes  # the NAL unit
    id: int
    sequence: int  # id of its sequence parameter set
    slice_groups: int


def kind_of(unit: bytes) -> int:
    """Type of a NAL unit."""
    return unit[0] & 31


def read_sequence_set(unit: bytes) -> SequenceSet:
    """Read a sequence parameter set.

    Raises:
        ValueError: it ends before.
    """
    bits = _Bits(unit)
    profile, constraints, level, number = bits.take(8), bits.take(8), bits.take(8), bits.count()
    chroma, depth = _samples(bits) if profile in _HIGH else (1, (8, 8))
    bits.count()  # log2_max_frame_num
    _skip_order(bits)
    bits.count()  # max_num_ref_frames
    bits.take(1)
    columns, rows = bits.count() + 1, bits.count() + 1
    progressive = bool(bits.take(1))
    bits.take(1 if progressive else 2)
    left, right, top, bottom = (bits.count() for _ in range(4)) if bits.take(1) else (0, 0, 0, 0)
    usable = bool(bits.take(1))
    usability = _usability(bits) if usable else {}
    picture = Picture(
        size=(16 * columns, 16 * rows * (1 if progressive else 2)),
        crop=(left, right, top, bottom),
        chroma=chroma,
        depth=depth,
        progressive=progressive,
        **usability,
    )
    return SequenceSet(
        data=unit,
        id=number,
        profile=profile,
        constraints=constraints,
        level=level,
        picture=picture,
        reorder=_reorder(bits) if usable else None,
    )


def read_picture_set(unit: bytes) -> PictureSet:
    """Read the head of a picture parameter set. Raises ValueError: it ends before."""
    bits = _Bits(unit)
    number, sequence = bits.count(), bits.count()
    bits.take(2)
    return PictureSet(data=unit, id=number, sequence=sequence, slice_groups=bits.count() + 1)


def _samples(bits: _Bits) -> tuple[int, tuple[int, int]]:
    chroma = bits.count()
    if chroma == 3:
        bits.take(1)
    depth = bits.count() + 8, bits.count() + 8
    bits.take(1)
    if bits.take(1):
        for number in range(12 if chroma == 3 else 8):
            if bits.take(1):
                _skip_scaling(bits, 16 if number < 6 else 64)
    return chroma, depth


def _skip_scaling(bits: _Bits, count: int) -> None:
    last = following = 8
    for _ in range(count):
        if following:
            following = (last + bits.signed()) % 256
        last = following or last


def _skip_order(bits: _Bits) -> None:
    """How pictures are ordered."""
    kind = bits.count()
    if kind == 0:
        bits.count()
    elif kind == 1:
        bits.take(1)
        bits.signed()
        bits.signed()
        for _ in range(bits.count()):
            bits.signed()


def _usability(bits: _Bits) -> dict:
    """What the usability information says of pictures, by field of ``Picture``."""
    found: dict = {}
    if bits.take(1):
        number = bits.take(8)
        known = _ASPECTS[number] if number < len(_ASPECTS) else (0, 1)
        width, height = (bits.take(16), bits.take(16)) if number == _FREE_ASPECT else known
        if width and height:
            found["aspect"] = Fraction(width, height)
    if bits.take(1):
        bits.take(1)
    if bits.take(1):
        bits.take(3)
        found["full_range"] = bool(bits.take(1))
        if bits.take(1):
            found["colour"] = bits.take(8), bits.take(8), bits.take(8)
    if bits.take(1):
        found["siting"], _ = bits.count(), bits.count()  # of both fields
    return found


def _reorder(bits: _Bits) -> int | None:
    """What the usability information says of order, behind what it says of pictures."""
    if bits.take(1):
        bits.take(65)
    timed = [_skip_buffer(bits) for _ in range(2) if bits.take(1)]  # of slices alone, and of all units
    bits.take(2 if timed else 1)
    if not bits.take(1):
        return None
    bits.take(1)
    for _ in range(4):
        bits.count()
    return bits.count()


def _skip_buffer(bits: _Bits) -> None:
    """The parameters of a hypothetical decoder's buffer."""
    count = bits.count() + 1
    bits.take(8)
    for _ in range(count):
        bits.count()
        bits.count()
        bits.take(1)
    bits.take(20)


class _Bits:
    """Reads the bits of a NAL unit behind its first byte."""

    def __init__(self, unit: bytes) -> None:
        payload = unit[1:_LONGEST].replace(b"\0\0\3", b"\0\0")  # the 3 keeps start codes out of the payload
        self._left = 8 * len(payload)
        self._value = int.from_bytes(payload, "big")

    def take(self, count: int) -> int:
        """The next bits as a number."""
        self._left -= count
        if self._left < 0:
            raise ValueError("a parameter set ends too early")
        return self._value >> self._left & (1 << count) - 1

    def count(self) -> int:
        """The next number in unsigned Exp-Golomb code."""
        zeros = 0
        while not self.take(1):
            zeros += 1
        return (1 << zeros) - 1 + self.take(zeros)

    def signed(self) -> int:
        """The next number in signed Exp-Golomb code."""
        code = self.count()
        return -(code // 2) if code % 2 == 0 else code // 2 + 1
