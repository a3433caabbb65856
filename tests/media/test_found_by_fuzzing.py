"""Files that the fuzzers have found to end in anything but a value or a named error."""

from __future__ import annotations

import wave
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from lipsync_ray.errors import AudioUnreadable
from lipsync_ray.media.audio import probe_audio
from lipsync_ray.media.glance import glance_at_video
from lipsync_ray.media.index import build_table
from lipsync_ray.media.reader import open_reader
from tests.fuzz.media import video_seeds


def changed_wav(path: Path, changes: dict[int, int]) -> Path:
    """A sound whose header has other bytes at some places."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(4000))
    data = bytearray(path.read_bytes())
    for at, value in changes.items():
        data[at] = value
    path.write_bytes(data)
    return path


def test_a_sound_of_153_channels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AudioUnreadable, match=r"the sound of .*a\.wav cannot be read: "):
        probe_audio(changed_wav(tmp_path / "a.wav", {22: 153}))


def test_a_sound_of_two_gigahertz_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AudioUnreadable, match=r"a\.wav says it has 195\d+ Hz, more than any sound has"):
        probe_audio(changed_wav(tmp_path / "a.wav", {24: 0x40, 25: 0x6D, 26: 0x6D, 27: 0x74}))


def test_a_sound_in_an_unknown_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AudioUnreadable, match="in a codec that is not known"):
        probe_audio(changed_wav(tmp_path / "a.wav", {20: 0, 21: 0x7E}))


def test_sound_that_begins_behind_the_last_picture_does_not_end_the_video(tmp_path: Path) -> None:
    path = tmp_path / "late.flv"
    with av.open(str(path), "w", format="flv") as out:
        stream = out.add_stream("flv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        for number in range(400):  # more than FFmpeg looks at to find the streams
            shade = np.full((32, 32, 3), number % 256, np.uint8)
            frame = av.VideoFrame.from_ndarray(shade, format="rgb24")
            frame.pts = number
            out.mux(stream.encode(frame.reformat(format="yuv420p")))
        out.mux(stream.encode(None))
    sound = b"\x08\x00\x00\x29" + bytes(7) + b"\x2f" + bytes(40) + (52).to_bytes(4, "big")
    path.write_bytes(path.read_bytes() + 16 * sound)
    table = build_table(path)
    assert len(table) == 400
    with open_reader(table) as reader:
        assert [frame.index for frame in reader.frames([0, 399])] == [0, 399]


def test_a_damaged_packet_of_any_kind_is_one_missing_picture(tmp_path: Path) -> None:
    """FLV's first codec: FFmpeg has other words than "invalid data" for what it does not know."""
    good = bytearray(next(seed for seed in video_seeds(tmp_path) if seed.startswith(b"FLV")))
    path = tmp_path / "a.flv"
    raised: set[str] = set()
    for at in range(210, len(good)):
        data = bytearray(good)
        data[at] ^= 0xFF
        path.write_bytes(data)
        try:
            table = build_table(path)
            with open_reader(table) as reader:
                raised.add(str(len(list(reader.frames(range(len(table)))))))
        except Exception as error:
            raised.add(type(error).__name__)
    assert raised <= {*"1234", "VideoUnreadable", "FrameUnreadable"}


def test_a_jpeg_is_looked_at_by_its_content_and_not_its_name(tmp_path: Path) -> None:
    """FFmpeg takes a.jpg for the first of many pictures, which are not read."""
    for name, magic in (
        ("a.jpg", b"\xff\xd8"),
        ("a.JPEG", b"\xff\xd8"),
        ("{a}*%03d?.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x18"),
    ):
        picture = next(seed for seed in video_seeds(tmp_path) if seed.startswith(magic))
        (tmp_path / name).write_bytes(picture)
        assert glance_at_video(tmp_path / name, name, 1000).width == 24


def test_a_picture_that_is_said_to_last_for_hours_has_a_rate(tmp_path: Path) -> None:
    path = tmp_path / "slow.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mpeg4", rate=Fraction(1, 7200))
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        frame = av.VideoFrame(32, 32, "yuv420p")
        frame.pts = 0
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    assert 0 < build_table(path).video.nominal_rate <= Fraction(1, 1001)
