"""Sounds of unusual lengths, rates, channels, codecs and contents."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer

from tests.corpus.case import Case, Dubbed, Given, Refused
from tests.corpus.stock import Stock, add_silence, samples, write_wav

UNREADABLE = "AUDIO_UNREADABLE"
_RATE = 44_100


def cases() -> Iterator[Case]:
    """All cases of this theme."""
    yield from _lengths()
    yield from _forms()
    yield from _contents()
    yield from _codecs()


def _wav(content: Callable[[], np.ndarray], rate: int = _RATE) -> Callable[[Path, Stock], Given]:
    def make(folder: Path, stock: Stock) -> Given:
        return Given(audio=write_wav(folder / "s.wav", content(), rate))

    return make


def speech(rate: int = _RATE, seconds: float = 0.56) -> np.ndarray:
    """The shipped speech at any rate, ``float64[n]``."""
    data, own = samples(seconds)
    wanted = np.arange(int(seconds * rate)) / rate
    return np.interp(wanted, np.arange(len(data)) / own, data)


def _s16(data: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(data, -1, 1) * 32767).astype(np.int16)


def _lengths() -> Iterator[Case]:
    nothing = Refused(code=UNREADABLE, says="no sample of it can be decoded")
    rows: list[tuple[str, str, Callable[[], np.ndarray], Dubbed | Refused]] = [
        ("no sample", "WAV without a sample", lambda: np.zeros(0, np.int16), nothing),
        ("1 sample", "WAV of one sample", lambda: np.ones(1, np.int16), nothing),
        ("10 ms", "10 ms of speech", lambda: _s16(speech()[:441]), Dubbed(says="is shorter than the video")),
        (
            "far longer",
            "two minutes for half a second of video",
            lambda: _s16(np.resize(speech(seconds=3), 120 * _RATE)),
            Dubbed(says="is longer than the video"),
        ),
    ]
    for name, what, content, ends in rows:
        yield Case(name=name, what=what, make=_wav(content), ends=ends)

    def mode(name: str) -> Callable[[Path, Stock], Given]:
        def make(folder: Path, stock: Stock) -> Given:
            path = write_wav(folder / "s.wav", _s16(speech(seconds=2.0)), _RATE)
            return Given(audio=path, words=(f"sync.mode={name}",))

        return make

    for name in ("loop", "bounce"):
        yield Case(
            name=f"longer, {name}",
            what=f"2 s of speech with `sync.mode={name}`",
            make=mode(name),
            ends=Dubbed(frames=50),
        )


def _forms() -> Iterator[Case]:
    def wide(channels: int) -> np.ndarray:
        return np.repeat(_s16(speech())[:, None], channels, axis=1)

    rows: list[tuple[str, str, Callable[[], np.ndarray], int]] = [
        ("u8 8 kHz", "8 kHz, 8 bits", lambda: np.rint(speech(8000) * 127 + 128).astype(np.uint8), 8000),
        ("s16 192 kHz", "192 kHz", lambda: _s16(speech(192_000)), 192_000),
        ("s32", "32 bits", lambda: np.rint(speech() * 2**30).astype(np.int32), _RATE),
        ("f64", "float of 64 bits", lambda: speech(), _RATE),
        ("12345 Hz", "12,345 Hz", lambda: _s16(speech(12_345)), 12_345),
        ("4 kHz", "4 kHz", lambda: _s16(speech(4000)), 4000),
        ("5.1", "six channels", lambda: wide(6), _RATE),
        ("7.1", "eight channels", lambda: wide(8), _RATE),
        ("16 channels", "16 channels", lambda: wide(16), _RATE),
        ("one side", "stereo, the right side silent", lambda: wide(2) * np.array([1, 0], np.int16), _RATE),
        (
            "opposite sides",
            "stereo, the sides opposed: their mean is silence",
            lambda: wide(2) * np.array([1, -1], np.int16),
            _RATE,
        ),
    ]
    for name, what, content, rate in rows:
        yield Case(name=f"wav {name}", what=f"sound: {what}", make=_wav(content, rate), ends=Dubbed())


def _contents() -> Iterator[Case]:
    def holed(value: float) -> Callable[[], np.ndarray]:
        def content() -> np.ndarray:
            data = speech().astype(np.float32)
            data[5000:9000] = value
            return data

        return content

    chord = (220.0, 277.2, 329.6, 440.0)
    time = np.arange(int(0.56 * _RATE)) / _RATE
    warned = Dubbed(says="holds samples that are not numbers: heard as silence")
    rows: list[tuple[str, str, Callable[[], np.ndarray], Dubbed]] = [
        ("nan", "float with samples that are no numbers", holed(np.nan), warned),
        ("inf", "float with endless samples", holed(np.inf), warned),
        ("all nan", "float, no sample a number", lambda: np.full(24_000, np.nan, np.float32), warned),
        (
            "huge float",
            "float of 1e30",
            lambda: speech().astype(np.float32) * np.float32(1e30),
            Dubbed(says="far beyond full scale"),
        ),
        (
            "float as integers",
            "float of integers up to 32768",
            lambda: (speech() * 32768).astype(np.float32),
            Dubbed(says="far beyond full scale"),
        ),
        ("clipped", "clipped", lambda: _s16(speech() * 50), Dubbed()),
        ("dc offset", "off its middle by half", lambda: _s16(speech() * 0.4 + 0.5), Dubbed()),
        ("silence", "silence", lambda: np.zeros(24_696, np.int16), Dubbed()),
        ("noise", "noise", lambda: _s16(np.random.default_rng(9).normal(0, 0.3, 24_696)), Dubbed()),
        ("music", "a chord", lambda: _s16(np.sin(2 * np.pi * np.outer(chord, time)).sum(0) / 5), Dubbed()),
        ("faint", "a thousandth as loud", lambda: _s16(speech() / 1000), Dubbed()),
        ("clicks", "clicks", lambda: _s16((np.arange(24_696) % 2205 == 0).astype(float)), Dubbed()),
    ]
    for name, what, content, ends in rows:
        yield Case(name=f"sound {name}", what=f"sound: {what}", make=_wav(content), ends=ends)


def _coded(suffix: str, codec: str, rate: int = 48_000) -> Callable[[Path, Stock], Given]:
    def make(folder: Path, stock: Stock) -> Given:
        path = folder / f"s.{suffix}"
        with av.open(str(path), "w") as out:
            stream = out.add_stream(codec, rate=rate)
            assert isinstance(stream, av.AudioStream)
            write_coded(out, stream, speech(rate), rate)
        return Given(audio=path)

    return make


def write_coded(out: OutputContainer, stream: av.AudioStream, data: np.ndarray, rate: int) -> None:
    """Encode mono samples."""
    frame = av.AudioFrame.from_ndarray(_s16(data)[None], "s16", "mono")
    frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
    stream.layout = "mono"
    formats = stream.codec_context.codec.audio_formats
    assert formats
    fifo, resampler = av.AudioFifo(), av.AudioResampler(format=formats[0], layout="mono", rate=rate)
    for piece in resampler.resample(frame):
        fifo.write(piece)
    size = stream.codec_context.frame_size or 1024
    while piece := fifo.read(size) or fifo.read():
        out.mux(stream.encode(piece))
    out.mux(stream.encode(None))


def _codecs() -> Iterator[Case]:
    rows = {
        "mp3": ("mp3", "libmp3lame"),
        "aac": ("aac", "aac"),
        "m4a": ("m4a", "aac"),
        "alac": ("m4a", "alac"),
        "flac": ("flac", "flac"),
        "opus": ("ogg", "libopus"),
        "opus webm": ("webm", "libopus"),
        "ac3": ("ac3", "ac3"),
        "mu-law": ("wav", "pcm_mulaw"),
        "adpcm": ("wav", "adpcm_ms"),
        "s24": ("wav", "pcm_s24le"),
        "aiff": ("aiff", "pcm_s16be"),
        "caf": ("caf", "pcm_s16le"),
        "w64": ("w64", "pcm_s16le"),
        "mka": ("mka", "flac"),
    }
    for name, (suffix, codec) in rows.items():
        yield Case(
            name=f"sound {name}",
            what=f"sound coded as {codec}, in {suffix}",
            make=_coded(suffix, codec),
            ends=Dubbed(),
        )

    def two_rates(folder: Path, stock: Stock) -> Given:
        data = b""
        for rate in (44_100, 22_050):
            path = Path(str(_coded("mp3", "libmp3lame", rate)(folder, stock).audio))
            data += path.read_bytes()
        path.write_bytes(data)
        return Given(audio=path)

    yield Case(
        name="sound of two rates",
        what="two MP3 of different rates in one",
        make=two_rates,
        ends=Dubbed(says="is longer than the video"),
    )

    def of_video(folder: Path, stock: Stock) -> Given:
        path = folder / "s.mp4"
        with av.open(str(stock.clip)) as given, av.open(str(path), "w") as out:
            copy = out.add_stream_from_template(given.streams.video[0])
            sound = out.add_stream("aac", rate=48_000)
            for packet in given.demux(given.streams.video[0]):
                if packet.size:
                    packet.stream = copy
                    out.mux(packet)
            add_silence(out, sound, Fraction(14, 25))
        return Given(audio=path)

    yield Case(
        name="sound of a video",
        what="a video given as sound: its sound is used",
        make=of_video,
        ends=Dubbed(),
    )
