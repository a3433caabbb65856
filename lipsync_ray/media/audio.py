"""Sound: what a file holds, and its samples.

The dub begins with the first sample that its decoder gives: encoder priming is skipped, a start time
in the container (a track that begins later than its video) is not silence before the dub.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import av.error
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.stream import AudioStream
from av.container import InputContainer

from lipsync_ray.errors import AudioUnreadable
from lipsync_ray.media.demux import FormatRefused, check_path, open_demuxer, read_packets

logger = logging.getLogger(__name__)

ANALYSIS_RATE = 16_000
LEAST_RATE = 1000  # Hz: a slower sound has hours in a small file, and nothing that can be understood
MOST_RATE = 12_000_000  # Hz: the fastest there is (DSD256) stays below; converting takes memory by the rate
_STREAMED = 0x7FFF_0000  # bytes: who writes a WAV without knowing its end says so much, or more
LOUDEST = 16.0  # 24 dB over full scale: encoders refuse what is far beyond it
GAP = 0.05  # seconds: a hole in the time stamps longer than this is filled with silence
LONGEST_GAP = 600.0  # seconds: a longer one is a broken time stamp, not a pause


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioInfo:
    """Facts about the first sound track of a file."""

    path: str
    duration: Fraction  # seconds from the first sample to the end of the last
    rate: int  # Hz
    channels: int
    codec: str  # FFmpeg's name, such as pcm_s16le, aac, mp3
    sample_format: str  # of the decoder, such as s16, fltp
    bit_rate: int | None  # bits per second, where the file tells
    container: str
    start: Fraction  # seconds: container time of the first sample
    packet: Fraction  # seconds one packet lasts: how exactly a copy can be cut


@contextmanager
def open_audio(path: str | Path) -> Iterator[tuple[InputContainer, AudioStream]]:
    """The file and its first sound track.

    Raises:
        AudioUnreadable: it cannot be opened or has no sound track.
    """
    file = check_path(path, AudioUnreadable)
    try:
        container = open_demuxer(file)
    except FormatRefused as error:
        raise AudioUnreadable(f"cannot open {path}: {error}") from error
    except (av.error.FFmpegError, OSError) as error:
        raise AudioUnreadable(f"cannot open {path}: {error.strerror}") from error
    with container:
        yield container, first_sound(container, path)


def first_sound(container: InputContainer, name: str | Path) -> AudioStream:
    """The first sound track of a file. Raises AudioUnreadable: there is none, or nobody knows its codec."""
    if not container.streams.audio:
        raise AudioUnreadable(f"{name} has no sound track")
    stream = container.streams.audio[0]
    context: AudioCodecContext | None = stream.codec_context  # the stubs know no stream without one
    if context is None:
        raise AudioUnreadable(f"the sound of {name} is in a codec that is not known; convert it to WAV")
    if 0 < context.sample_rate < LEAST_RATE:
        raise AudioUnreadable(
            f"{name} says it has {context.sample_rate} Hz, which can be no speech: its header is wrong"
        )
    if context.sample_rate > MOST_RATE:
        raise AudioUnreadable(
            f"{name} says it has {context.sample_rate} Hz, more than any sound has: its header is wrong"
        )
    return stream


def probe_audio(path: str | Path) -> AudioInfo:
    """Read what a sound file holds; its length is counted, not taken from the header.

    Raises:
        AudioUnreadable: it cannot be opened, has no sound track or not one sample in it.
    """
    with open_audio(path) as (container, stream):
        base = stream.time_base or Fraction(1, stream.rate or 1)
        start = (stream.start_time or 0) * base
        last, longest, counted = start, Fraction(0), True
        for pts, ticks in _packet_times(container, stream, path):
            length = ticks * base
            counted = counted and length > 0
            if pts is not None:
                last, longest = max(last, pts * base + length), max(longest, length)
        _warn_if_cut(path)
        context = stream.codec_context
        facts = {
            "path": str(path),
            "rate": int(context.sample_rate or 0),
            "channels": int(context.channels),
            "codec": context.codec.canonical_name,
            "sample_format": context.format.name if context.format else "",
            "bit_rate": context.bit_rate or container.bit_rate or None,
            "container": container.format.name,
            "start": start,
            "packet": longest,
        }
    first = next((block for block in blocks(path) if block.shape[1]), None)
    if first is None or not facts["rate"]:
        raise AudioUnreadable(f"{path} has a sound track, but no sample of it can be decoded")
    duration = last - start if counted and last > start else _decoded_length(path, facts["rate"])
    return AudioInfo(duration=duration, **facts)


def _warn_if_cut(path: str | Path) -> None:
    """Tell of a WAV that ends before its header says, which FFmpeg takes as if it were whole."""
    with open(path, "rb") as file:
        head = file.read(12)
        if head[:4] != b"RIFF" or head[8:] != b"WAVE":
            return
        while len(part := file.read(8)) == 8 and part[:4] != b"data":
            size = int.from_bytes(part[4:], "little")
            file.seek(size + size % 2, os.SEEK_CUR)
        said, start = int.from_bytes(part[4:], "little"), file.tell()
    there = os.path.getsize(path) - start
    if there < said < _STREAMED:
        logger.warning("%s is cut short: %d of %d bytes of its sound are there", path, max(0, there), said)


def _packet_times(
    container: InputContainer, stream: AudioStream, path: str | Path
) -> Iterator[tuple[int | None, int]]:
    """PTS and length of every packet; 0 for a length that is not known, or worth nothing without a PTS."""
    try:
        for packet in read_packets(container, stream):
            if packet.size:
                yield packet.pts, 0 if packet.pts is None else packet.duration or 0
    except (av.error.FFmpegError, OSError) as error:  # a size may ask for more memory than there is
        raise AudioUnreadable(
            f"{path} is damaged: {error.strerror}. Copy or repair it, then try again"
        ) from error


def _decoded_length(path: str | Path, rate: int) -> Fraction:
    return Fraction(sum(block.shape[1] for block in blocks(path)), rate)


def blocks(path: str | Path, *, rate: int | None = None, layout: str | None = None) -> Iterator[np.ndarray]:
    """Decode piece by piece; memory does not grow with the length.

    Packets that cannot be decoded and holes in the time stamps become silence. Samples that are not
    numbers become 0; where some are beyond ``LOUDEST``, all are cut to -1 to 1. Each is told once.

    Args:
        path: any file with a sound track.
        rate: resample to this many Hz; the file's own rate if None.
        layout: channels, such as ``mono``; the file's own if None.

    Yields:
        ``float32[channels, n]``, nominal range -1 to 1.

    Raises:
        AudioUnreadable: as ``open_audio``, or its samples cannot be read to the end or converted.
    """
    with open_audio(path) as (container, stream):
        yield from _blocks(path, container, stream, _Chain(rate, layout))


def _blocks(
    path: str | Path, container: InputContainer, stream: AudioStream, chain: _Chain
) -> Iterator[np.ndarray]:
    told: set[str] = set()
    try:
        for block in _converted(container, stream, chain):
            yield _sound(block, path, told)
    except MemoryError:
        raise
    except (av.error.FFmpegError, ValueError) as error:
        raise AudioUnreadable(f"the sound of {path} cannot be read: {error}; convert it") from error


def _converted(container: InputContainer, stream: AudioStream, chain: _Chain) -> Iterator[np.ndarray]:
    for frame in _frames(container, stream):
        yield from chain.push(frame)
    yield from chain.flush()


def _sound(block: np.ndarray, path: str | Path, told: set[str]) -> np.ndarray:
    """Samples that encoders and filters take; what is wrong with them is told once."""
    trouble = ""
    if not np.isfinite(block).all():
        trouble = "samples that are not numbers: heard as silence"
        block = np.nan_to_num(block, nan=0.0, posinf=0.0, neginf=0.0)
    if block.size and np.abs(block).max() > LOUDEST:
        trouble = trouble or "samples far beyond full scale: they are cut to it, and sound distorted"
        block = block.clip(-1.0, 1.0)
    if trouble and trouble not in told:
        told.add(trouble)
        logger.warning("%s holds %s", path, trouble)
    return block


def _frames(container: InputContainer, stream: AudioStream) -> Iterator[av.AudioFrame]:
    for packet in read_packets(container, stream):
        try:
            yield from packet.decode()
        except av.error.EOFError:
            return
        except av.error.FFmpegError as error:  # a damaged AAC packet, for one, is "not permitted"
            logger.debug("damaged packet at %s of %s: %s", packet.pts, container.name, error)


class _Chain:
    """Resampling that survives changes of format in the middle, and silence for holes."""

    def __init__(self, rate: int | None, layout: str | None) -> None:
        self._rate, self._layout = rate, layout
        self._resampler: av.AudioResampler | None = None
        self._clock: float | None = None  # seconds: where the next frame should begin
        self._channels = 1

    def push(self, frame: av.AudioFrame) -> Iterator[np.ndarray]:
        if self._layout is None:
            self._layout = layout_name(frame.layout.name, len(frame.layout.channels))
        if self._rate is None:
            self._rate = frame.sample_rate
        yield from self._fill(frame)
        frame.pts = None  # the resampler would pad or drop by time stamps of its own reckoning
        try:
            yield from self._convert(frame)
        except ValueError:  # another rate or layout than before
            yield from self.flush()
            yield from self._convert(frame)

    def _fill(self, frame: av.AudioFrame) -> Iterator[np.ndarray]:
        assert self._rate is not None
        now = float(frame.time) if frame.time is not None and frame.pts is not None else None
        if now is not None and self._clock is not None and GAP < now - self._clock < LONGEST_GAP:
            yield from self.flush()
            yield np.zeros((self._channels, round((now - self._clock) * self._rate)), np.float32)
        begin = now if now is not None else self._clock
        self._clock = None if begin is None else begin + frame.samples / frame.sample_rate

    def _convert(self, frame: av.AudioFrame | None) -> Iterator[np.ndarray]:
        resampler = self._resampler
        if resampler is None:
            # Not planar: PyAV 18 reads past the end of a frame of eight planes.
            resampler = av.AudioResampler(format="flt", layout=self._layout, rate=self._rate)
            self._resampler = resampler
        for piece in resampler.resample(frame):
            block = piece.to_ndarray().reshape(-1, len(piece.layout.channels)).T
            self._channels = block.shape[0]
            yield block

    def flush(self) -> Iterator[np.ndarray]:
        if self._resampler is not None:
            yield from self._convert(None)
        self._resampler = None


_NAMED = frozenset(("mono", "stereo", "2.1", "3.0", "4.0", "quad", "5.0", "5.1", "5.1(side)", "6.1", "7.1"))


def layout_name(name: str, channels: int) -> str:
    """The layout's name, or the usual one of as many channels: a plain WAV counts them without names."""
    if name in _NAMED:
        return name
    usual = ("mono", "stereo", "2.1", "quad", "5.0", "5.1", "6.1", "7.1")
    return usual[channels - 1] if 1 <= channels <= len(usual) else "stereo"


def mixed(path: str | Path, rate: int, channels: int) -> Iterator[np.ndarray]:
    """Sound in one or two channels at its own loudness: ``float32[channels, n]`` pieces.

    Two channels become one by their mean and one becomes two by repetition (FFmpeg's own matrices
    change the level by 3 dB); more than two are first brought to two by FFmpeg.
    """
    with open_audio(path) as (container, stream):
        layout = "stereo" if stream.channels > 2 else None
        for block in _blocks(path, container, stream, _Chain(rate, layout)):
            if len(block) > channels:
                block = block.mean(axis=0, keepdims=True)
            elif len(block) < channels:
                block = np.repeat(block, channels, axis=0)
            yield block
