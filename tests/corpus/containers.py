"""Files with more, or less, in them than one video and one sound."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.container import OutputContainer
from av.stream import Disposition

from tests.corpus.case import Case, Dubbed, Given, Refused
from tests.corpus.stock import EXAMPLES, FRAMES, Kind, Stock, add_silence, move, moving, remuxed, write_clip

UNREADABLE = "VIDEO_UNREADABLE"
_SIZES = ((320, 240), (280, 210))
_SRT = "1\n00:00:00,000 --> 00:00:00,400\nHello\n"


def cases() -> Iterator[Case]:
    """All cases of this theme."""
    rows: list[tuple[str, str, Callable[[Path, Stock], Given], Dubbed | Refused]] = [
        ("no sound", "video without sound", _clip(Kind(suffix="mov")), Dubbed()),
        (
            "own sound",
            "video with a sound of its own, which the dub replaces",
            _clip(Kind(audio=True)),
            Dubbed(),
        ),
        (
            "only sound",
            "M4A: sound only, given as video",
            _only_sound,
            Refused(code=UNREADABLE, says="holds no video stream (found: audio)"),
        ),
        (
            "cover",
            "MP3 with a cover picture, given as video",
            _cover,
            Refused(code=UNREADABLE, says="holds no video stream"),
        ),
        ("cover and video", "MP4 with a video and a cover picture", _video_and_cover, Dubbed()),
        ("two videos", "Matroska of two videos: the larger one is dubbed", _two_videos, Dubbed()),
        (
            "small one default",
            "likewise, the smaller one marked as default: that one is dubbed",
            _small_default,
            Dubbed(size=(280, 210)),
        ),
        ("subtitles", "Matroska with subtitles", _subtitles, Dubbed()),
        (
            "only subtitles",
            "Matroska of subtitles only",
            _only_subtitles,
            Refused(code=UNREADABLE, says="holds no video stream (found: subtitle)"),
        ),
        ("attachment", "Matroska with a font attached", _attachment, Dubbed()),
        ("data", "MPEG-TS with a data stream", _data, Dubbed()),
        ("latin-1 mkv", "Matroska whose title is no UTF-8", _latin("mkv"), Dubbed()),
        ("latin-1 mp4", "MP4 whose title is no UTF-8", _latin("mp4"), Dubbed()),
        ("latin-1 avi", "AVI whose title is no UTF-8, as most old ones", _latin("avi"), Dubbed()),
        (
            "grows ts",
            "MPEG-TS whose picture gets larger in the middle",
            _joined("ts"),
            Refused(
                code="FRAME_UNREADABLE", says="the picture changes size from 280x210 to 320x240 at frame 14"
            ),
        ),
        (
            "grows h264",
            "bare H.264 whose picture gets larger in the middle",
            _joined("h264"),
            Refused(
                code="FRAME_UNREADABLE", says="the picture changes size from 280x210 to 320x240 at frame 14"
            ),
        ),
        (
            "empty video stream",
            "Matroska that declares a video and holds none",
            _no_packets,
            Refused(code=UNREADABLE, says="cannot be opened as a video"),
        ),
    ]
    for name, what, make, ends in rows:
        yield Case(name=name, what=what, make=make, ends=ends)


def _clip(kind: Kind) -> Callable[[Path, Stock], Given]:
    def make(folder: Path, stock: Stock) -> Given:
        return Given(video=write_clip(kind, folder / f"v.{kind.suffix}"))

    return make


def _only_sound(folder: Path, stock: Stock) -> Given:
    with av.open(str(folder / "v.m4a"), "w") as out:
        add_silence(out, out.add_stream("aac", rate=48_000), Fraction(1))
    return Given(video=folder / "v.m4a")


def _attached(out: OutputContainer) -> Callable[[], None]:
    """Add a cover picture; returns what writes it."""
    picture = cv2.resize(cv2.imread(str(EXAMPLES / "portrait.png")), (64, 64))  # type: ignore[call-overload]
    cover = out.add_stream("mjpeg", rate=1)
    assert isinstance(cover, av.VideoStream)
    cover.width = cover.height = 64
    cover.pix_fmt = "yuvj420p"
    cover.disposition = Disposition.attached_pic

    def write() -> None:
        out.mux(cover.encode(av.VideoFrame.from_ndarray(picture, "bgr24")))
        out.mux(cover.encode(None))

    return write


def _cover(folder: Path, stock: Stock) -> Given:
    with av.open(str(folder / "v.mp3"), "w") as out:
        sound = out.add_stream("mp3", rate=48_000)
        write = _attached(out)
        write()
        for start in range(0, 48_000, 1152):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1152), np.float32), "fltp", "mono")
            frame.sample_rate, frame.pts = 48_000, start
            out.mux(sound.encode(frame))
        out.mux(sound.encode(None))
    return Given(video=folder / "v.mp3")


def _video_and_cover(folder: Path, stock: Stock) -> Given:
    path = folder / "v.mp4"
    with av.open(str(stock.clip)) as given, av.open(str(path), "w") as out:
        video = given.streams.video[0]
        copy = out.add_stream_from_template(video)
        write = _attached(out)
        for packet in given.demux(video):
            if packet.size:
                packet.stream = copy
                out.mux(packet)
        write()
    return Given(video=path)


def _several(path: Path, default: int | None) -> Path:
    """Two videos of different sizes, the larger one second."""
    with av.open(str(path), "w") as out:
        streams = []
        for number, size in enumerate(_SIZES[::-1]):
            stream = out.add_stream("libx264", rate=25)
            assert isinstance(stream, av.VideoStream)
            stream.width, stream.height = size
            stream.pix_fmt = "yuv420p"
            stream.disposition = Disposition.default if default == number else Disposition(0)
            streams.append((stream, [picture for _, picture in moving(Kind(size=size))]))
        for number in range(FRAMES):
            for stream, pictures in streams:
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pictures[number]), "rgb24")
                frame.pts, frame.time_base = number, Fraction(1, 25)
                out.mux(stream.encode(frame.reformat(format="yuv420p")))
        for stream, _ in streams:
            out.mux(stream.encode(None))
    return path


def _two_videos(folder: Path, stock: Stock) -> Given:
    return Given(video=_several(folder / "v.mkv", None))


def _small_default(folder: Path, stock: Stock) -> Given:
    return Given(video=_several(folder / "v.mkv", 0))


def _with_text(path: Path, folder: Path, video: Path | None) -> Path:
    (folder / "text.srt").write_text(_SRT, encoding="utf-8")
    with av.open(str(folder / "text.srt")) as text, av.open(str(path), "w") as out:
        copy = out.add_stream_from_template(text.streams.subtitles[0])
        if video is not None:
            with av.open(str(video)) as given:
                stream = out.add_stream_from_template(given.streams.video[0])
                for packet in given.demux(given.streams.video[0]):
                    if packet.size:
                        packet.stream = stream
                        out.mux(packet)
        for packet in text.demux(text.streams.subtitles[0]):
            if packet.size:
                packet.stream = copy
                out.mux(packet)
    return path


def _subtitles(folder: Path, stock: Stock) -> Given:
    return Given(video=_with_text(folder / "v.mkv", folder, stock.clip))


def _only_subtitles(folder: Path, stock: Stock) -> Given:
    return Given(video=_with_text(folder / "v.mkv", folder, None))


def _attachment(folder: Path, stock: Stock) -> Given:
    path = folder / "v.mkv"
    with av.open(str(stock.clip)) as given, av.open(str(path), "w") as out:
        copy = out.add_stream_from_template(given.streams.video[0])
        out.add_attachment("font.ttf", "font/ttf", b"\0\1\0\0" + bytes(400))
        for packet in given.demux(given.streams.video[0]):
            if packet.size:
                packet.stream = copy
                out.mux(packet)
    return Given(video=path)


def _data(folder: Path, stock: Stock) -> Given:
    path = folder / "v.ts"
    with av.open(str(stock.clip)) as given, av.open(str(path), "w") as out:
        copy = out.add_stream_from_template(given.streams.video[0])
        data = out.add_data_stream("timed_id3")
        for number, packet in enumerate(given.demux(given.streams.video[0])):
            if not packet.size:
                continue
            if number == 0:
                tag = av.Packet(b"ID3\x04\0\0\0\0\0\0")
                tag.stream, tag.pts, tag.dts, tag.time_base = data, 0, 0, Fraction(1, 90_000)
                out.mux(tag)
            packet.stream = copy
            out.mux(packet)
    return Given(video=path)


def _latin(suffix: str) -> Callable[[Path, Stock], Given]:
    """A title, one letter of which is written as in Latin-1."""

    def make(folder: Path, stock: Stock) -> Given:
        path = folder / f"v.{suffix}"
        with av.open(str(stock.stored(suffix))) as given, av.open(str(path), "w") as out:
            out.metadata["title"] = "Caf@ du nord"
            copy = out.add_stream_from_template(given.streams.video[0])
            for packet in given.demux(given.streams.video[0]):
                if packet.size:
                    packet.stream = copy
                    out.mux(packet)
        data = path.read_bytes()
        assert b"Caf@ du nord" in data
        path.write_bytes(data.replace(b"Caf@ du nord", b"Caf\xe9 du nord"))
        return Given(video=path)

    return make


def _joined(suffix: str) -> Callable[[Path, Stock], Given]:
    """Two clips of different sizes, one behind the other."""

    def make(folder: Path, stock: Stock) -> Given:
        parts = []
        for number, size in enumerate(_SIZES[::-1]):
            part = write_clip(Kind(size=size, suffix=suffix), stock.folder / f"part{number}.{suffix}")
            if suffix == "ts" and number:

                def later(packet: av.Packet, number: int) -> None:
                    move(packet, 50_400)

                part = remuxed(part, stock.folder / "later.ts", later, options={"mpegts_copyts": "1"})
            parts.append(part.read_bytes())
        (folder / f"v.{suffix}").write_bytes(b"".join(parts))
        return Given(video=folder / f"v.{suffix}")

    return make


def _no_packets(folder: Path, stock: Stock) -> Given:
    path = folder / "v.mkv"
    with av.open(str(stock.clip)) as given, av.open(str(path), "w") as out:
        out.add_stream_from_template(given.streams.video[0])
        out.start_encoding()
    return Given(video=path)
