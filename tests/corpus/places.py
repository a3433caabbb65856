"""Things that are no plain files, addresses, lists of other files, and files that vanish during the run."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.corpus.case import Case, Dubbed, Given, Refused
from tests.corpus.stock import Stock

VIDEO, AUDIO = "VIDEO_UNREADABLE", "AUDIO_UNREADABLE"
LIST = "it is a list of other files, or in a format that is not read"
_SDP = (
    "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n"
    "a=rtpmap:96 H264/90000\n"
)
_DASH = (
    '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
    'mediaPresentationDuration="PT1S"><Period><AdaptationSet mimeType="video/mp4"><Representation id="a" '
    'bandwidth="1"><BaseURL>TARGET</BaseURL></Representation></AdaptationSet></Period></MPD>'
)
ADDRESS = Refused(code="CONFIG", says="is not known; places are paths, or addresses that start with file://")


def cases() -> Iterator[Case]:
    """All cases of this theme."""
    yield from _no_files()
    yield from _names()
    yield from _addresses()
    yield from _lists()
    yield from _vanishing()


def _no_files() -> Iterator[Case]:
    def folder_of(folder: Path, stock: Stock) -> Path:
        (folder / "v.mp4").mkdir()
        return folder / "v.mp4"

    def fifo(folder: Path, stock: Stock) -> Path:
        os.mkfifo(folder / "v.mp4")
        return folder / "v.mp4"

    def port(folder: Path, stock: Stock) -> Path:
        path = folder / "s"
        with socket.socket(socket.AF_UNIX) as made:
            here = Path.cwd()
            os.chdir(folder)  # the name of a socket has 107 bytes at most
            made.bind("s")
            os.chdir(here)
        return path

    def loop(folder: Path, stock: Stock) -> Path:
        (folder / "v.mp4").symlink_to("v.mp4")
        return folder / "v.mp4"

    def dangling(folder: Path, stock: Stock) -> Path:
        (folder / "v.mp4").symlink_to("gone.mp4")
        return folder / "v.mp4"

    no_file = "is not a plain file"
    kinds: dict[str, tuple[str, Callable[[Path, Stock], Path], str]] = {
        "folder": ("a folder", folder_of, "is a folder"),
        "fifo": ("a named pipe that nobody writes to", fifo, no_file),
        "socket": ("a socket", port, no_file),
        "dev zero": ("/dev/zero, which never ends", lambda f, s: Path("/dev/zero"), no_file),
        "dev null": ("/dev/null", lambda f, s: Path("/dev/null"), no_file),
        "dev stdin": ("/dev/tty", lambda f, s: Path("/dev/tty"), no_file),
        "absent": ("no file", lambda f, s: f / "gone.mp4", "does not exist"),
        "dangling link": ("a link to no file", dangling, "does not exist"),
        "endless link": ("a link to itself", loop, ""),
        "below a file": ("a name below a file", lambda f, s: s.clip / "v.mp4", ""),
    }
    for name, (what, make, says) in kinds.items():
        yield Case(
            name=name,
            what=f"{what}, as video",
            make=lambda folder, stock, make=make: Given(video=make(folder, stock)),
            ends=Refused(code=VIDEO, says=says),
        )
        yield Case(
            name=f"sound {name}",
            what=f"{what}, as sound",
            make=lambda folder, stock, make=make: Given(audio=make(folder, stock)),
            ends=Refused(code=AUDIO, says=says),
        )


def _names() -> Iterator[Case]:
    def named(name: str) -> Callable[[Path, Stock], Given]:
        def make(folder: Path, stock: Stock) -> Given:
            (folder / name).write_bytes(stock.clip.read_bytes())
            return Given(video=name)

        return make

    names = {
        "a:b.mp4": "a colon",
        "concat:a|b.mp4": "the look of a protocol",
        "line\nbreak.mp4": "a line break",
        "%03d.mp4": "a pattern",
        "-i.mp4": "the look of an option",
        "é" * 120 + ".mp4": "244 bytes",
        "pipe:0": "the look of a pipe",
        "bad \udce9.mp4": "bytes that are no UTF-8",
    }
    for name, what in names.items():
        yield Case(name=f"name with {what}", what=f"a name with {what}", make=named(name), ends=Dubbed())

    def link(folder: Path, stock: Stock) -> Given:
        (folder / "v.mp4").symlink_to(stock.clip)
        return Given(video=folder / "v.mp4")

    yield Case(name="link", what="a link to a video", make=link, ends=Dubbed())
    yield Case(
        name="file address",
        what="the video as `file://`",
        make=lambda folder, stock: Given(video=stock.clip.as_uri()),
        ends=Dubbed(),
    )


def _addresses() -> Iterator[Case]:
    for scheme in ("http", "https", "ftp", "rtsp", "rtmp", "udp", "data", "concat", "subfile"):
        address = f"{scheme}://192.0.2.1/video.mp4"
        yield Case(
            name=f"{scheme} address",
            what=f"`{address}` as video",
            make=lambda folder, stock, address=address: Given(video=address),
            ends=ADDRESS,
        )
        if scheme in ("http", "rtsp"):
            yield Case(
                name=f"sound {scheme} address",
                what=f"`{address}` as sound",
                make=lambda folder, stock, address=address: Given(audio=address),
                ends=ADDRESS,
            )


def _lists() -> Iterator[Case]:
    target = "secret.ts"
    hls = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n"
    entry, key = "#EXTINF:0.5,\n", '#EXT-X-KEY:METHOD=AES-128,URI="http://ADDRESS/k"\n'
    lists = {
        "m3u8 of files": ("v.m3u8", f"{hls}{entry}{target}\n#EXT-X-ENDLIST\n"),
        "m3u8 of addresses": ("v.m3u8", f"{hls}{entry}http://ADDRESS/a.ts\n#EXT-X-ENDLIST\n"),
        "m3u8 as mp4": ("v.mp4", f"{hls}{entry}{target}\n#EXT-X-ENDLIST\n"),
        "m3u8 with key": ("v.m3u8", f"{hls}{key}{entry}{target}\n#EXT-X-ENDLIST\n"),
        "ffconcat": ("v.ffconcat", f"ffconcat version 1.0\nfile {target}\n"),
        "ffconcat as mkv": ("v.mkv", f"ffconcat version 1.0\nfile {target}\n"),
        "ffconcat of addresses": ("v.txt", "ffconcat version 1.0\nfile http://ADDRESS/a.ts\n"),
        "sdp": ("v.sdp", _SDP),
        "dash": ("v.mpd", _DASH.replace("TARGET", target)),
        "pls": ("v.pls", f"[playlist]\nFile1={target}\nNumberOfEntries=1\nVersion=2\n"),
        "script": ("v.avs", f'FFmpegSource2("{target}")\n'),
    }
    for name, (file, text) in lists.items():

        def make(folder: Path, stock: Stock, file: str = file, text: str = text) -> Given:
            (folder / target).write_bytes(stock.stored("ts").read_bytes())
            (folder / file).write_text(text.replace("ADDRESS", "127.0.0.1:9"), encoding="utf-8")
            return Given(video=folder / file)

        says = "" if name in ("m3u8 as mp4", "dash", "script") else LIST
        yield Case(
            name=name,
            what=f"a list of other files ({name}), named `{file}`",
            make=make,
            ends=Refused(code=VIDEO, says=says),
        )

    def as_sound(folder: Path, stock: Stock) -> Given:
        (folder / "s.wav").write_text(f"ffconcat version 1.0\nfile {stock.speech}\n", encoding="utf-8")
        return Given(audio=folder / "s.wav")

    yield Case(
        name="sound ffconcat",
        what="a list of other sounds",
        make=as_sound,
        ends=Refused(code=AUDIO, says=LIST),
    )

    def reference(folder: Path, stock: Stock) -> Given:
        """An MP4 whose pictures are said to lie in another file."""
        data = stock.clip.read_bytes()
        at = data.index(b"url \0\0\0\x01")
        (folder / "v.mp4").write_bytes(data[:at] + b"alis\0\0\0\0" + data[at + 8 :])
        return Given(video=folder / "v.mp4")

    yield Case(
        name="mov reference",
        what="MP4 that says its pictures lie in another file",
        make=reference,
        ends=Dubbed(note="its own are used"),
    )


def _vanishing() -> Iterator[Case]:
    def engine(kind: str, of: str) -> Callable[[Path, Stock], Given]:
        """The file changes when the engine begins, see ``tests/corpus/engines.py``."""

        def make(folder: Path, stock: Stock) -> Given:
            path = folder / f"gone.{of}"
            path.write_bytes((stock.clip if of == "mp4" else stock.speech).read_bytes())
            (folder / "other").write_bytes(stock.stored("mov").read_bytes())
            named = {"video": path} if of == "mp4" else {"audio": path}
            return Given(**named, words=(f"engine=tests.corpus.engines:{kind}",))

        return make

    gone = Refused(code=VIDEO, says="does not exist")
    unread = Refused(code=VIDEO, says="It is damaged, cut short or no media file")
    rows: dict[str, tuple[str, str, str, Dubbed | Refused]] = {
        "video removed before drawing": (
            "the video is removed once its faces are known",
            "Removes",
            "mp4",
            gone,
        ),
        "video cut before drawing": (
            "the video is cut in two once its faces are known",
            "Cuts",
            "mp4",
            unread,
        ),
        "video zeroed before drawing": (
            "the video becomes zeros once its faces are known",
            "Zeroes",
            "mp4",
            unread,
        ),
        "video removed while drawing": (
            "the video is removed while it is drawn",
            "RemovesLate",
            "mp4",
            Refused(code="MEDIA", says="No such file"),
        ),
        "sound removed before drawing": (
            "the sound is removed once the mouth knows it",
            "Removes",
            "wav",
            Refused(code="MEDIA", says="No such file"),
        ),
        "sound cut before drawing": (
            "the sound is cut in two once the mouth knows it",
            "Cuts",
            "wav",
            Refused(code=AUDIO, says="has changed since the run began"),
        ),
        "video replaced before drawing": (
            "the video is replaced by another one of equal length once its faces are known",
            "Replaces",
            "mp4",
            Refused(code=VIDEO, says="has changed since the run began"),
        ),
    }
    for name, (what, kind, of, ends) in rows.items():
        yield Case(name=name, what=what, make=engine(kind, of), ends=ends, changes=True)
