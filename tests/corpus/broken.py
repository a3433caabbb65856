"""Files that are cut short, damaged, something else than their name says, or that lie about their size."""

from __future__ import annotations

import gzip
import io
import json
import random
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2

from tests.corpus.case import Case, Dubbed, Given, Refused
from tests.corpus.stock import EXAMPLES, FRAMES, Stock

UNREADABLE = "VIDEO_UNREADABLE"
NO_MEDIA = Refused(code=UNREADABLE, says="It is damaged, cut short or no media file")
NOTHING_THERE = Refused(code=UNREADABLE, says="the first picture cannot be decoded")
WHAT_IS_THERE = Dubbed(frames=None, note="what is there: nothing in the file says how long it was")


def cases() -> Iterator[Case]:
    """All cases of this theme."""
    yield from _emptied()
    yield from _strangers()
    yield from _renamed()
    yield from _damaged()


def _file(name: str, content: Callable[[Stock], bytes]) -> Callable[[Path, Stock], Given]:
    """A video file of these bytes."""

    def make(folder: Path, stock: Stock) -> Given:
        path = folder / name
        path.write_bytes(content(stock))
        return Given(video=path)

    return make


def _sound(name: str, content: Callable[[Stock], bytes]) -> Callable[[Path, Stock], Given]:
    """A sound file of these bytes."""

    def make(folder: Path, stock: Stock) -> Given:
        path = folder / name
        path.write_bytes(content(stock))
        return Given(audio=path)

    return make


def _emptied() -> Iterator[Case]:
    empty = Refused(code=UNREADABLE, says="is empty (0 bytes)")
    yield Case(name="0 bytes", what="a video of 0 bytes", make=_file("v.mp4", lambda s: b""), ends=empty)
    yield Case(name="1 byte", what="a video of one byte", make=_file("v.mp4", lambda s: b"\0"), ends=NO_MEDIA)
    yield Case(
        name="zeros", what="1 MB of zeros", make=_file("v.mp4", lambda s: bytes(1 << 20)), ends=NO_MEDIA
    )
    yield Case(
        name="ones", what="1 MB of 0xff", make=_file("v.mp4", lambda s: b"\xff" * (1 << 20)), ends=NO_MEDIA
    )
    yield Case(
        name="random", what="300 KB of random bytes", make=_file("v.mp4", lambda s: _noise()), ends=NO_MEDIA
    )
    no_sound = Refused(code="AUDIO_UNREADABLE", says="cannot open")
    empty_sound = Refused(code="AUDIO_UNREADABLE", says="is empty (0 bytes)")
    yield Case(
        name="sound 0 bytes", what="a sound of 0 bytes", make=_sound("s.wav", lambda s: b""), ends=empty_sound
    )
    yield Case(
        name="sound zeros",
        what="a sound of 64 KB of zeros",
        make=_sound("s.wav", lambda s: bytes(1 << 16)),
        ends=no_sound,
    )
    yield Case(
        name="sound random",
        what="a sound of random bytes",
        make=_sound("s.mp3", lambda s: _noise()),
        ends=Refused(code="AUDIO_UNREADABLE", says="s.mp3"),
    )


def _noise() -> bytes:
    return random.Random(9).randbytes(300_000)


def _strangers() -> Iterator[Case]:
    """Files of other programs under a video's name."""
    page = b"<!DOCTYPE html><html><body>404: this video is gone</body></html>"
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 9\n"
    strangers: dict[str, tuple[str, Callable[[Stock], bytes]]] = {
        "html": ("an error page that a download has saved", lambda s: page),
        "json": ("JSON", lambda s: json.dumps({"video": "a.mp4"}).encode()),
        "text": ("a text", lambda s: b"This is no video.\n" * 50),
        "lfs pointer": ("a pointer of Git LFS", lambda s: pointer),
        "zip": ("a ZIP archive with the video in it", _zipped),
        "gzip": ("the video, compressed with gzip", lambda s: gzip.compress(s.clip.read_bytes())),
        "pdf": ("the head of a PDF", lambda s: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + bytes(4000)),
        "elf": ("a program", lambda s: b"\x7fELF\x02\x01\x01" + bytes(6000)),
        "svg": ("an SVG picture", lambda s: b'<svg xmlns="http://www.w3.org/2000/svg" width="9"/>'),
    }
    for name, (what, content) in strangers.items():
        ends = Refused(code=UNREADABLE, says="in a format that is not read") if name == "svg" else NO_MEDIA
        yield Case(name=name, what=f"{what}, named .mp4", make=_file("v.mp4", content), ends=ends)


def _zipped(stock: Stock) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(stock.clip, "clip.mp4")
    return packed.getvalue()


def _renamed() -> Iterator[Case]:
    """Media under the name of another kind: their content counts."""
    names = {"mp4 as avi": ("mp4", "v.avi"), "mkv as mp4": ("mkv", "v.mp4"), "ts as txt": ("ts", "v.txt")}
    names |= {"no ending": ("mp4", "video"), "upper case": ("mp4", "V.MP4"), "mp4 as png": ("mp4", "v.png")}
    for name, (suffix, path) in names.items():
        make = _file(path, lambda s, suffix=suffix: s.stored(suffix).read_bytes())
        yield Case(name=name, what=f"a video ({suffix}) named `{path}`", make=make, ends=Dubbed())
    yield Case(
        name="png as mp4",
        what="a PNG named `v.mp4`",
        make=_file("v.mp4", lambda s: (EXAMPLES / "portrait.png").read_bytes()),
        ends=Dubbed(size=(512, 512)),
    )
    yield Case(
        name="wav as mp3",
        what="a WAV named `s.mp3`",
        make=_sound("s.mp3", lambda s: s.speech.read_bytes()),
        ends=Dubbed(),
    )
    yield Case(
        name="sound as video",
        what="a WAV given as video",
        make=_file("v.mp4", lambda s: s.speech.read_bytes()),
        ends=Refused(code=UNREADABLE, says="holds no video stream (found: audio)"),
    )
    yield Case(
        name="mute video as sound",
        what="a video without sound given as sound",
        make=_sound("s.wav", lambda s: s.clip.read_bytes()),
        ends=Refused(code="AUDIO_UNREADABLE", says="has no sound track"),
    )


def _damaged() -> Iterator[Case]:
    mended = Dubbed()
    rows: list[tuple[str, str, str, Callable[[Stock], bytes], Dubbed | Refused]] = [
        (
            "junk behind",
            "MP4 with 1 KB of junk behind it",
            "v.mp4",
            lambda s: s.clip.read_bytes() + _noise()[:1000],
            mended,
        ),
        (
            "junk behind mkv",
            "Matroska with 1 KB of junk behind it",
            "v.mkv",
            lambda s: s.stored("mkv").read_bytes() + _noise()[:1000],
            mended,
        ),
        (
            "junk before",
            "MP4 with 100 bytes of junk before it",
            "v.mp4",
            lambda s: _noise()[:100] + s.clip.read_bytes(),
            NO_MEDIA,
        ),
        ("twice", "two MP4 files in one", "v.mp4", lambda s: s.clip.read_bytes() * 2, mended),
        (
            "twice ts",
            "two MPEG-TS files in one",
            "v.ts",
            lambda s: s.stored("ts").read_bytes() * 2,
            Dubbed(frames=2 * FRAMES),
        ),
        (
            "twice mpg",
            "two MPEG program streams in one",
            "v.mpg",
            lambda s: s.stored("mpg").read_bytes() * 2,
            Dubbed(frames=2 * FRAMES),
        ),
        (
            "no pictures",
            "MP4 whose pictures are zeros",
            "v.mp4",
            lambda s: _blanked(s.clip.read_bytes(), b"mdat"),
            NOTHING_THERE,
        ),
        (
            "no index",
            "MP4 without its index",
            "v.mp4",
            lambda s: _renamed_box(s.clip.read_bytes(), b"moov"),
            NO_MEDIA,
        ),
        (
            "hole mkv",
            "Matroska with zeros in its middle",
            "v.mkv",
            lambda s: _hole(s.stored("mkv").read_bytes()),
            Refused(code="FRAME_UNREADABLE", says="the file is damaged there"),
        ),
        (
            "hole ts",
            "MPEG-TS that lost packets in its middle",
            "v.ts",
            lambda s: _lost(s.stored("ts").read_bytes()),
            mended,
        ),
        ("hole mp4", "MP4 with zeros in its middle", "v.mp4", lambda s: _hole(s.clip.read_bytes()), mended),
        (
            "jpeg cut",
            "JPEG cut in the middle",
            "v.jpg",
            lambda s: _jpeg()[: len(_jpeg()) // 2],
            Refused(code=UNREADABLE, says="damaged or cut short"),
        ),
        (
            "gif cut",
            "GIF cut in the middle",
            "v.gif",
            lambda s: _half(s.stored("gif").read_bytes()),
            WHAT_IS_THERE,
        ),
    ]
    for name, what, file, content, ends in rows:
        yield Case(name=name, what=what, make=_file(file, content), ends=ends)


def _jpeg() -> bytes:
    return cv2.imencode(".jpg", cv2.imread(str(EXAMPLES / "portrait.png")))[1].tobytes()  # type: ignore[call-overload]


def _half(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _blanked(data: bytes, box: bytes) -> bytes:
    at = data.index(box)
    size = int.from_bytes(data[at - 4 : at], "big")
    return data[: at + 4] + bytes(size - 8) + data[at - 4 + size :]


def _renamed_box(data: bytes, box: bytes) -> bytes:
    return data.replace(box, b"none", 1)  # FFmpeg looks into "free" for one


def _hole(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes(2000) + data[middle + 2000 :]


def _lost(data: bytes) -> bytes:
    middle = len(data) // 188 // 2 * 188
    return data[:middle] + data[middle + 5 * 188 :]
