"""Files that declare what they do not hold: sizes, lengths and counts patched into their headers."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from tests.corpus.case import Case, Dubbed, Given, Refused
from tests.corpus.stock import EXAMPLES, Stock
from tests.pictures import png

UNREADABLE = "VIDEO_UNREADABLE"


def cases() -> Iterator[Case]:
    """All cases of this theme."""
    yield from _in_mp4()
    yield from _in_matroska()
    yield from _in_wav()
    yield from _in_pictures()


def _patched(suffix: str, change: Callable[[bytearray], object]) -> Callable[[Path, Stock], Given]:
    """The ordinary clip with some bytes changed."""

    def make(folder: Path, stock: Stock) -> Given:
        data, path = bytearray(stock.stored(suffix).read_bytes()), folder / f"v.{suffix}"
        change(data)
        path.write_bytes(data)
        return Given(video=path)

    return make


def _put(data: bytearray, at: int, value: bytes) -> None:
    data[at : at + len(value)] = value


def _box(data: bytearray, name: bytes) -> int:
    """Where the content of an MP4 box begins."""
    return data.index(name) + 4


def _in_mp4() -> Iterator[Case]:
    most = b"\xff\xff\xff\xff"
    hours = struct.pack(">I", 36_000_000)
    damaged = Refused(code=UNREADABLE, says="cut short")
    rows: list[tuple[str, str, Callable[[bytearray], object], Dubbed | Refused]] = [
        (
            "mp4 65535 wide",
            "MP4 whose header says 65535x65535",
            lambda d: _put(d, _box(d, b"avc1") + 24, most),
            Dubbed(),
        ),
        (
            "mp4 4 billion frames",
            "MP4 whose index says 4 billion frames",
            lambda d: _put(d, _box(d, b"stsz") + 8, most),
            damaged,
        ),
        (
            "mp4 4 billion times",
            "MP4 whose table of times says 4 billion rows",
            lambda d: _put(d, _box(d, b"stts") + 4, most),
            damaged,
        ),
        (
            "mp4 4 billion chunks",
            "MP4 whose table of places says 4 billion rows",
            lambda d: _put(d, _box(d, b"stco") + 4, most),
            Dubbed(),
        ),
        (
            "mp4 frames of 2 GB",
            "MP4 whose frames are 2 GB each",
            lambda d: _put(d, _box(d, b"stsz") + 4, b"\x7f\xff\xff\xff"),
            Refused(code=UNREADABLE, says="holds no picture"),
        ),
        (
            "mp4 box of 4 GB",
            "MP4 whose index is 4 GB long",
            lambda d: _put(d, _box(d, b"moov") - 8, most),
            Dubbed(),
        ),
        (
            "mp4 box of 8 bytes",
            "MP4 whose index is 8 bytes long",
            lambda d: _put(d, _box(d, b"moov") - 8, b"\0\0\0\x08"),
            Dubbed(),
        ),
        (
            "mp4 says 10 h",
            "MP4 whose header says 10 hours",
            lambda d: _put(d, _box(d, b"mvhd") + 16, hours),
            Dubbed(),
        ),
        (
            "mp4 clock of 0",
            "MP4 whose clock has 0 ticks a second",
            lambda d: _put(d, _box(d, b"mdhd") + 12, bytes(4)),
            Dubbed(note="all but one frame lie behind its end: it is a picture"),
        ),
    ]
    for name, what, change, ends in rows:
        yield Case(name=name, what=what, make=_patched("mp4", change), ends=ends)


def _in_matroska() -> Iterator[Case]:
    def length(data: bytearray) -> None:
        at = data.index(b"\x44\x89\x88")  # Duration, 8 bytes
        _put(data, at + 3, struct.pack(">d", 36_000_000.0))

    def width(data: bytearray) -> None:
        at = data.index(b"\xb0\x82\x01\x40")  # PixelWidth 320
        _put(data, at + 2, b"\xff\xff")

    def block(data: bytearray) -> None:
        at = data.index(b"\x1f\x43\xb6\x75")  # the first Cluster: its size
        _put(data, at + 4, b"\x01" + b"\xff" * 3 + b"\xf0" + b"\xff" * 3)

    short = Refused(code=UNREADABLE, says="is cut short: it ends at 0.6 s of 36000.0 s")
    yield Case(
        name="mkv says 10 h",
        what="Matroska whose header says 10 hours",
        make=_patched("mkv", length),
        ends=short,
    )
    yield Case(
        name="mkv 65535 wide",
        what="Matroska whose header says 65535 wide",
        make=_patched("mkv", width),
        ends=Dubbed(),
    )
    yield Case(
        name="mkv endless cluster",
        what="Matroska whose frames are said to be endless",
        make=_patched("mkv", block),
        ends=Dubbed(frames=None, note="what can be found"),
    )


def _in_wav() -> Iterator[Case]:
    def patched(change: Callable[[bytearray], object]) -> Callable[[Path, Stock], Given]:
        def make(folder: Path, stock: Stock) -> Given:
            data, path = bytearray(stock.speech.read_bytes()), folder / "s.wav"
            change(data)
            path.write_bytes(data)
            return Given(audio=path)

        return make

    refused = Refused(code="AUDIO_UNREADABLE", says="cannot open")
    silent = Refused(code="AUDIO_UNREADABLE", says="no sample of it can be decoded")
    rows: list[tuple[str, str, Callable[[bytearray], object], Dubbed | Refused]] = [
        (
            "wav of 4 GB",
            "WAV that says 4 GB, as programs write that do not know the end",
            lambda d: _put(d, 40, b"\xff" * 4),
            Dubbed(),
        ),
        ("wav says 0", "WAV that says 0 bytes, likewise", lambda d: _put(d, 40, bytes(4)), Dubbed()),
        (
            "wav says 10 h",
            "WAV that says 10 hours",
            lambda d: _put(d, 40, struct.pack("<I", 1_152_000_000)),
            Dubbed(),
        ),
        ("wav 65535 channels", "WAV of 65535 channels", lambda d: _put(d, 22, b"\xff\xff"), silent),
        (
            "wav 257 channels",
            "WAV of 257 channels",
            lambda d: _put(d, 23, b"\1"),
            Refused(code="AUDIO_UNREADABLE", says="cannot be read"),
        ),
        ("wav 0 channels", "WAV of no channel", lambda d: _put(d, 22, bytes(2)), silent),
        ("wav 0 Hz", "WAV of 0 Hz", lambda d: _put(d, 24, bytes(4)), refused),
        ("wav 4 GHz", "WAV of 4 GHz", lambda d: _put(d, 24, b"\xff" * 4), refused),
        (
            "wav 1 Hz",
            "WAV of 1 Hz",
            lambda d: _put(d, 24, b"\1\0\0\0"),
            Refused(code="AUDIO_UNREADABLE", says="says it has 1 Hz"),
        ),
        (
            "wav unknown codec",
            "WAV of a codec that nobody knows",
            lambda d: _put(d, 20, b"\x42\x42"),
            Refused(code="AUDIO_UNREADABLE", says="in a codec that is not known"),
        ),
    ]
    for name, what, change, ends in rows:
        yield Case(name=name, what=what, make=patched(change), ends=ends)


def _in_pictures() -> Iterator[Case]:
    too_large = Refused(code="LIMIT", says="pictures of more than limits.max_megapixels")

    def written(name: str, content: Callable[[], bytes]) -> Callable[[Path, Stock], Given]:
        def make(folder: Path, stock: Stock) -> Given:
            (folder / name).write_bytes(content())
            return Given(video=folder / name)

        return make

    def bomb(folder: Path, stock: Stock) -> Given:
        return Given(video=png(folder / "v.png", 40_000, 40_000))

    yield Case(name="png bomb", what="PNG of 40000x40000 in a few KB", make=bomb, ends=too_large)
    declared = {
        "png 2 billion wide": ("PNG whose header says 2147483647x2147483647", "v.png", _png_of_billions),
        "jpeg 65535 wide": ("JPEG whose header says 65535x65535", "v.jpg", _jpeg_of_65535),
        "bmp 2 billion wide": ("BMP whose header says 2147483647x2147483647", "v.bmp", _bmp_of_billions),
    }
    for name, (what, file, content) in declared.items():
        yield Case(name=name, what=what, make=written(file, content), ends=too_large)
    gif = _patched("gif", lambda d: _put(d, 6, b"\xff" * 4))
    yield Case(
        name="gif 65535 wide",
        what="GIF whose header says 65535x65535",
        make=gif,
        ends=too_large,
    )


def _small() -> np.ndarray:
    return cv2.resize(cv2.imread(str(EXAMPLES / "portrait.png")), (64, 64))  # type: ignore[call-overload]


def _png_of_billions() -> bytes:
    data = bytearray(cv2.imencode(".png", _small())[1].tobytes())
    _put(data, 16, b"\x7f\xff\xff\xff" * 2)
    return bytes(data)


def _jpeg_of_65535() -> bytes:
    data = cv2.imencode(".jpg", _small())[1].tobytes()
    return re.sub(rb"(\xff\xc0..\x08)....", lambda m: m[1] + b"\xff" * 4, data, count=1, flags=re.DOTALL)


def _bmp_of_billions() -> bytes:
    data = bytearray(cv2.imencode(".bmp", _small())[1].tobytes())
    _put(data, 18, b"\xff\xff\xff\x7f" * 2)
    return bytes(data)
