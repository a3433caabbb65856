"""Parameter sets of real streams, and those of two streams in one header."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import Any

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipsync_ray.media.h264 import read_sequence_set
from lipsync_ray.media.parameter_sets import START_CODE, joined_header, length_size, read_header, split


def header_of(
    container: str = "nut",
    *,
    size: tuple[int, int] = (64, 48),
    pix_fmt: str = "yuv420p",
    aspect: str = "1",
    colour: int = 2,
    options: dict[str, str] | None = None,
) -> bytes:
    """The header of a stream that x264 writes, as a container tells it."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as out:
        stream = out.add_stream("libx264", rate=25, options={"preset": "medium"} | (options or {}))
        stream.width, stream.height = size
        stream.pix_fmt = pix_fmt
        stream.codec_context.sample_aspect_ratio = Fraction(aspect)
        stream.codec_context.colorspace = colour
        for packet in [*stream.encode(av.VideoFrame(*size, pix_fmt)), *stream.encode(None)]:
            out.mux(packet)
    file.seek(0)
    with av.open(file) as found:
        return found.streams.video[0].codec_context.extradata or b""


@pytest.mark.parametrize("container", ["nut", "mp4", "matroska"])
def test_sets_are_found_in_every_kind_of_header(container: str) -> None:
    sets = read_header(header_of(container, options={"x264-params": "sps-id=5"}))
    assert [one.id for one in sets.sequences] == [5]
    assert [(one.id, one.sequence, one.slice_groups) for one in sets.pictures] == [(5, 5, 1)]
    assert sets.free_number() == 0
    assert bool(length_size(header_of(container))) == (container != "nut")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {"size": (64, 48), "chroma": 1, "depth": (8, 8), "crop": (0, 0, 0, 0), "progressive": True}),
        ({"size": (70, 50)}, {"size": (80, 64), "crop": (0, 5, 0, 7)}),
        ({"pix_fmt": "yuv422p10le"}, {"chroma": 2, "depth": (10, 10)}),
        ({"pix_fmt": "yuvj420p"}, {"full_range": True}),
        ({"aspect": "12/11"}, {"aspect": Fraction(12, 11)}),
        ({"aspect": "7/5"}, {"aspect": Fraction(7, 5)}),
        ({"colour": 1}, {"colour": (2, 2, 1)}),
        ({"options": {"x264-params": "chromaloc=2"}}, {"siting": 2}),
        ({"options": {"x264-params": "interlaced=1"}}, {"progressive": False}),
        ({"options": {"x264-params": "cqm=jvt"}}, {"chroma": 1, "size": (64, 48)}),
    ],
)
def test_what_a_set_says_of_pictures(options: dict[str, Any], expected: dict[str, Any]) -> None:
    picture = read_header(header_of(**options)).sequences[0].picture
    assert {name: getattr(picture, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("parameters", "depth"),
    [
        ("bframes=0", 0),
        ("bframes=3:b-pyramid=none", 1),
        ("bframes=3:b-pyramid=normal", 2),
        ("bframes=2:b-pyramid=none:nal-hrd=vbr:vbv-maxrate=500:vbv-bufsize=500", 1),
    ],
)
def test_how_far_pictures_are_out_of_order(parameters: str, depth: int) -> None:
    assert read_header(header_of(options={"x264-params": parameters})).sequences[0].reorder == depth


def test_a_set_need_not_say_how_far_pictures_are_out_of_order() -> None:
    # Main profile, level 1.0: set 0, order by numbers, one reference, 4x3 macroblocks, nothing of use beyond.
    bits = "1" + "1" + "1" + "1" + "010" + "0" + "00100" + "011" + "1" + "1" + "0" + "0" + "1"
    unit = bytes([0x67, 77, 0, 10]) + int(bits.ljust(24, "0"), 2).to_bytes(3, "big")
    found = read_sequence_set(unit)
    assert found.picture.size == (64, 48)
    assert found.reorder is None


def test_the_first_of_joined_sets_promises_enough_for_all() -> None:
    main = header_of(options={"profile": "main", "level": "4.1"})
    high = header_of(options={"profile": "high", "level": "3.0", "x264-params": "sps-id=1"})
    for order in ([main, high], [high, main]):
        both = read_header(joined_header(order))
        assert [(one.profile, one.level, one.id) for one in both.sequences] == [(100, 41, 1), (77, 41, 0)]
        assert both.sequences[0].constraints == 0
        assert sorted(one.id for one in both.pictures) == [0, 1]
    # All but what is promised stays as it was.
    before, after = read_header(high).sequences[0], both.sequences[0]
    assert after.data[4:] == before.data[4:]
    assert after.picture == before.picture


def test_sets_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(ValueError, match="one number"):
        joined_header([header_of(), header_of(options={"preset": "ultrafast"})])
    assert joined_header([header_of(), header_of()]) == header_of()


@given(st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=8), st.sampled_from([1, 2, 4]))
def test_units_with_lengths_come_back(units: list[bytes], size: int) -> None:
    data = b"".join(len(unit).to_bytes(size, "big") + unit for unit in units)
    assert list(split(data, size)) == units
    with pytest.raises(ValueError, match="a NAL unit of"):
        list(split(data[:-1], size))


@given(st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=8), st.booleans())
def test_units_with_start_codes_come_back(parts: list[bytes], short: bool) -> None:
    # No unit holds a start code or ends in zero: encoders see to both.
    units = [part.replace(b"\0\0", b"\0\4") + b"\x80" for part in parts]
    data = b"".join(START_CODE[short:] + unit for unit in units)
    assert list(split(data, 0)) == units


@given(st.binary(max_size=60))
def test_damaged_headers_are_a_value_error_at_worst(data: bytes) -> None:
    for header in (data, b"\1dddd" + data, START_CODE + b"\x67" + data, START_CODE + b"\x68" + data):
        try:
            joined_header([header])
        except ValueError:
            pass


def test_a_set_that_ends_too_early_is_told() -> None:
    whole = read_header(header_of()).sequences[0].data
    for cut in range(1, 10):
        with pytest.raises(ValueError, match="too early"):
            read_sequence_set(whole[:cut])


def test_a_set_longer_than_any_encoder_writes_is_not_read_on() -> None:
    with pytest.raises(ValueError, match="ends too early"):
        read_sequence_set(b"\x67\x42\0\x1e\x80" + bytes(60_000))
