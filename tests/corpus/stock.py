"""What odd inputs are made of: a portrait that moves past the camera, some speech, ways to store them."""

from __future__ import annotations

import wave
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path

import av
import cv2
import numpy as np
from av.container import OutputContainer

from tests.conftest import ROOT

EXAMPLES = ROOT / "examples"
FRAMES = 14
SIZE = (320, 240)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How a clip is stored."""

    suffix: str = "mp4"
    codec: str = "libx264"
    pix_fmt: str = "yuv420p"
    size: tuple[int, int] = SIZE  # upright
    rate: Fraction = Fraction(25)
    tags: tuple[int, int, int, int] = (2, 2, 2, 0)  # primaries, transfer, matrix, range
    aspect: Fraction = Fraction(1)
    degrees: int = 0  # of the display matrix, counter-clockwise
    mirrored: bool = False
    gaps: tuple[int, ...] = ()  # frames that are missing: the one before is shown longer
    blank: tuple[int, ...] = ()  # frames without a face
    options: dict[str, str] = field(default_factory=dict)
    muxer: dict[str, str] = field(default_factory=dict)
    audio: bool = False
    format: str | None = None  # of the container; None: what the suffix says
    interlaced: bool = False
    bits: int | None = None  # a second, for codecs that know no quality


def portrait() -> np.ndarray:
    """The shipped portrait, RGB ``uint8[512,512,3]``."""
    return cv2.cvtColor(cv2.imread(str(EXAMPLES / "portrait.png")), cv2.COLOR_BGR2RGB)  # type: ignore[call-overload]


def moving(kind: Kind, count: int = FRAMES) -> Iterator[tuple[int, np.ndarray]]:
    """Frame numbers and RGB pictures, upright; a frame without a face is one colour."""
    face, (width, height) = portrait(), kind.size
    for number in range(count):
        x, y = 72 + number * (width > 300), 8
        picture = face[y : y + height, x : x + width]
        if min(width, height) < 200 or picture.shape[:2] != (height, width):  # not all of the face is in it
            picture = fitted(face, width, height)
        if number in kind.blank:
            picture = np.full_like(picture, (40, 90, 160))
        if number not in kind.gaps:
            yield number, picture


def fitted(picture: np.ndarray, width: int, height: int) -> np.ndarray:
    """The middle of a picture, as much as has this shape, brought to this size."""
    rows, columns = picture.shape[:2]
    part = min(columns / width, rows / height)
    w, h = max(1, int(width * part)), max(1, int(height * part))
    x, y = (columns - w) // 2, (rows - h) // 3  # heads are above the middle
    return cv2.resize(picture[y : y + h, x : x + w], (width, height), interpolation=cv2.INTER_AREA)


def write_clip(
    kind: Kind, path: Path, pictures: Iterable[tuple[int, np.ndarray]] | None = None, *, count: int = FRAMES
) -> Path:
    """Store pictures ``(number, RGB)`` as the kind says; by default a face that moves."""
    with av.open(str(path), "w", format=kind.format, options=kind.muxer) as out:
        stream = out.add_stream(kind.codec, rate=kind.rate, options={"crf": "12", **kind.options})
        assert isinstance(stream, av.VideoStream)
        context = stream.codec_context
        stream.width, stream.height = kind.size[::-1] if kind.degrees % 180 else kind.size
        stream.pix_fmt = kind.pix_fmt
        if kind.bits:
            stream.bit_rate = kind.bits
        context.color_primaries, context.color_trc, context.colorspace, context.color_range = kind.tags
        context.sample_aspect_ratio = kind.aspect
        if kind.degrees or kind.mirrored:
            stream.set_display_rotation(kind.degrees, hflip=kind.mirrored)
        sound = out.add_stream("aac", rate=48_000) if kind.audio else None
        for number, picture in moving(kind, count) if pictures is None else pictures:
            lying = picture[:, ::-1] if kind.mirrored else picture
            lying = np.ascontiguousarray(np.rot90(lying, -kind.degrees // 90))
            frame = av.VideoFrame.from_ndarray(lying, format="rgb24")
            frame = frame.reformat(format=kind.pix_fmt, dst_color_range=2 if kind.tags[3] == 2 else 1)
            frame.pts, frame.time_base = number, 1 / kind.rate
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
        if sound is not None:
            add_silence(out, sound, count / kind.rate)
    return path


def add_silence(out: OutputContainer, stream: av.AudioStream, seconds: Fraction) -> None:
    """Fill a mono sound track of 48 kHz."""
    for start in range(0, int(48_000 * seconds), 1024):
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        silence.sample_rate, silence.pts = 48_000, start
        out.mux(stream.encode(silence))
    out.mux(stream.encode(None))


def move(packet: av.Packet, ticks: int) -> None:
    """Show, and decode, a packet later."""
    assert packet.pts is not None
    assert packet.dts is not None
    packet.pts, packet.dts = packet.pts + ticks, packet.dts + ticks


def remuxed(
    source: Path,
    target: Path,
    change: Callable[[av.Packet, int], object] = lambda packet, number: None,
    *,
    format: str | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """Copy the packets of a clip's video, changed one by one; those of ``False`` are left out."""
    with (
        av.open(str(source)) as given,
        av.open(str(target), "w", format=format, options=options or {}) as out,
    ):
        video = given.streams.video[0]
        stream = out.add_stream_from_template(video)
        packets = (packet for packet in given.demux(video) if packet.size)
        for number, packet in enumerate(packets):
            if change(packet, number) is False:
                continue
            packet.stream = stream
            out.mux(packet)
    return target


def write_wav(path: Path, samples: np.ndarray, rate: int = 16_000) -> Path:
    """Samples ``[n]`` or ``[n, channels]`` as their type says: u8, s16, s32, f32 or f64."""
    table = samples[:, None] if samples.ndim == 1 else samples
    kind = 3 if table.dtype.kind == "f" else 1
    width, channels = table.dtype.itemsize, table.shape[1]
    head = b"WAVEfmt " + (16).to_bytes(4, "little") + kind.to_bytes(2, "little")
    head += channels.to_bytes(2, "little") + rate.to_bytes(4, "little")
    head += (rate * channels * width).to_bytes(4, "little") + (channels * width).to_bytes(2, "little")
    head += (8 * width).to_bytes(2, "little") + b"data" + table.nbytes.to_bytes(4, "little")
    path.write_bytes(b"RIFF" + (len(head) + table.nbytes).to_bytes(4, "little") + head + table.tobytes())
    return path


def samples(seconds: float = 0.56) -> tuple[np.ndarray, int]:
    """A piece of the shipped speech, ``float64[n]`` in -1 to 1, and its rate."""
    with wave.open(str(EXAMPLES / "hello.wav")) as file:
        rate = file.getframerate()
        data = np.frombuffer(file.readframes(int(seconds * rate)), np.int16)
        return data.reshape(-1, file.getnchannels()).mean(1) / 32768, rate


class Stock:
    """Plain files that many cases are made from, each written once.

    Args:
        folder: where they are written.
        clips: folder of real clips; None where there are none.
    """

    def __init__(self, folder: Path, clips: Path | None = None) -> None:
        self.folder = folder
        self.clips = clips

    @cached_property
    def speech(self) -> Path:
        """A word of speech, as long as the clips."""
        data, rate = samples()
        return write_wav(self.folder / "speech.wav", np.rint(data * 32767).astype(np.int16), rate)

    @cached_property
    def clip(self) -> Path:
        """An ordinary MP4."""
        return self.stored("mp4")

    def stored(self, suffix: str) -> Path:
        """An ordinary clip in another container."""
        path = self.folder / f"clip.{suffix}"
        if not path.exists():
            write_clip(self._kind(suffix), path)
        return path

    def slow(self, suffix: str) -> Path:
        """The same with two frames a second, 7 s long; ``fast.mp4`` has its index first."""
        path = self.folder / f"slow.{suffix}"
        if not path.exists():
            muxer = {"movflags": "faststart"} if suffix == "fast.mp4" else {}
            keys = "1" if suffix == "ts" else "5"  # so that any part of it shows a face
            write_clip(Kind(rate=Fraction(2), options={"g": keys}, muxer=muxer), path)
        return path

    def small(self, suffix: str) -> Path:
        """A file of a few KB, of which hardly a byte can be spared."""
        path = self.folder / f"small.{suffix}"
        if path.exists():
            return path
        if suffix == "png":
            cv2.imwrite(str(path), fitted(portrait(), 96, 72)[..., ::-1])
        elif suffix == "wav":
            path.write_bytes(self.speech.read_bytes()[:20_000])
        elif suffix == "m4a":
            with av.open(str(path), "w") as out:
                add_silence(out, out.add_stream("aac", rate=48_000), Fraction(1, 2))
        else:
            kind = replace(self._kind(suffix), size=(96, 72))
            write_clip(kind, path, count=8)
        return path

    @staticmethod
    def _kind(suffix: str) -> Kind:
        kind = Kind(suffix=suffix, options={"g": "5"})
        if suffix == "gif":
            return replace(kind, codec="gif", pix_fmt="rgb8")
        if suffix == "mpg":
            return replace(kind, codec="mpeg2video", bits=9_000_000)
        return kind
