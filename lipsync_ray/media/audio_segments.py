"""A dub given in pieces: ``audio.segments: [{start, end, file}]`` laid end to end into one WAV.

Uses pydub for cutting and fading. Files are decoded by PyAV, so that no ffmpeg program is needed, and
the result is written piece by piece: memory holds one piece, not the whole dub.
"""

from __future__ import annotations

import warnings
import wave
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lipsync_ray.errors import AudioUnreadable, ConfigError
from lipsync_ray.media.audio import mixed, open_audio, probe_audio

if TYPE_CHECKING:
    from pydub import AudioSegment

PAST_END = Fraction(1, 10)  # seconds by which the last piece may be longer than the video
GAP_SECONDS = 20  # of a gap made at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioPiece:
    """One entry of ``audio.segments``, in seconds of the output.

    ``end=None`` lets the file end by itself. A file that is longer is faded out at ``end``; one that is
    shorter is followed by what fills the gaps.
    """

    start: float
    file: str
    end: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioSettings:
    """The dub in pieces.

    ``segments`` are ``AudioPiece`` or mappings of its fields. ``fade_ms`` is the length of the fades at
    both ends of every piece: enough to hide the click of a cut, too short to be heard. ``keep_other``
    fills gaps with the source's own sound instead of silence.
    """

    segments: tuple[Any, ...] = ()
    fade_ms: float = 8.0
    keep_other: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.fade_ms <= 1000:
            raise ConfigError(f"audio.fade_ms={self.fade_ms}: 0 to 1000")

    def pieces(self) -> list[AudioPiece]:
        """The entries as typed values, as given.

        Raises:
            ConfigError: an entry is no piece, negative or empty; the message names it.
        """
        return [_piece(entry, number) for number, entry in enumerate(self.segments)]


def _piece(entry: Any, number: int) -> AudioPiece:
    name = f"audio.segments[{number}]"
    if not isinstance(entry, AudioPiece):
        try:
            values = dict(entry)
            unknown = set(values) - {"start", "end", "file"}
            if unknown:
                raise ConfigError(f"{name} has unknown fields {sorted(unknown)}; it takes start, end, file")
            end = values.get("end")
            entry = AudioPiece(
                start=float(values["start"]),
                end=None if end is None else float(end),
                file=str(values["file"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ConfigError(f"{name} must be {{start: s, end: s, file: path}}, not {entry!r}") from error
    if not np.isfinite(entry.start) or entry.start < 0:
        raise ConfigError(f"{name}.start={entry.start}: a time of 0 s or later")
    if entry.end is not None and not entry.end > entry.start:
        raise ConfigError(f"{name}.end={entry.end}: later than its start {entry.start}")
    return entry


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """A piece with its place found: seconds of the output, end excluded."""

    file: str
    start: Fraction
    end: Fraction
    rate: int
    channels: int


def assemble_segments(
    settings: AudioSettings, out: str | Path, *, length: Fraction, source: str | Path | None = None
) -> Path:
    """Write the pieces, each at its time, into a 16-bit WAV as long as the video.

    Rate and channels are the highest of the pieces' own, two channels at most.

    Args:
        settings: pieces and fades.
        out: WAV file to write.
        length: seconds of the video.
        source: the source video, for ``keep_other``.

    Returns:
        ``out``.

    Raises:
        ConfigError: an entry overlaps another, is negative or ends after the video; the message names it.
        AudioUnreadable: a file cannot be read; the message names the entry.
    """
    spans = _spans(settings, length)
    rate, channels = max(span.rate for span in spans), min(2, max(span.channels for span in spans))
    other = None
    if settings.keep_other and source is not None:
        other = _Samples(source, rate, channels, delay=_sound_delay(source))
    with wave.open(str(out), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        writer = _Writer(file, rate, channels, settings.fade_ms)
        for span in spans:
            writer.gap(round(span.start * rate), other)
            writer.piece(span.file, round(span.end * rate))
        writer.gap(round(length * rate), other)
    return Path(out)


def _spans(settings: AudioSettings, length: Fraction) -> list[_Span]:
    """All entries in order of time, checked against each other and the video."""
    pieces = settings.pieces()
    if not pieces:
        raise ConfigError("audio.segments is empty")
    order = sorted(range(len(pieces)), key=lambda number: pieces[number].start)
    for before, after in pairwise(order):
        end = pieces[before].end
        if end is not None and end > pieces[after].start:
            raise ConfigError(
                f"audio.segments[{after}] starts at {pieces[after].start:g} s, before "
                f"audio.segments[{before}] ends at {end:g} s"
            )
    # An entry without an end gives way to the next one.
    limits = [Fraction(pieces[number].start) for number in order[1:]] + [length]
    return [
        _span(pieces[number], f"audio.segments[{number}]", limit, length)
        for number, limit in zip(order, limits, strict=True)
    ]


def _span(piece: AudioPiece, name: str, limit: Fraction, length: Fraction) -> _Span:
    start, end = Fraction(piece.start), piece.end
    if start >= length or (end is not None and end > length + PAST_END):
        until = "" if end is None else f" to {end:g}"
        raise ConfigError(f"{name} lies at {piece.start:g}{until} s; the video ends at {float(length):.2f} s")
    try:
        info = probe_audio(piece.file)
    except AudioUnreadable as error:
        raise AudioUnreadable(f"{name}: {error}") from error
    stop = start + info.duration if end is None else Fraction(end)
    return _Span(file=piece.file, start=start, end=min(stop, limit), rate=info.rate, channels=info.channels)


def _sound_delay(source: str | Path) -> Fraction:
    """Seconds from the start of the source to its first sample."""
    with open_audio(source) as (container, stream):
        begin = (stream.start_time or 0) * (stream.time_base or Fraction(1))
        return max(Fraction(0), begin - Fraction(container.start_time or 0, 1_000_000))


class _Samples:
    """16-bit samples of a file, read forwards only, so that many gaps cost one pass."""

    def __init__(self, path: str | Path, rate: int, channels: int, delay: Fraction = Fraction(0)) -> None:
        self._blocks = mixed(path, rate, channels)
        self._begin = round(delay * rate)  # output sample at which the block in hand begins
        self._block = np.zeros((channels, 0), np.float32)
        self._channels = channels

    def take(self, start: int, count: int) -> bytes:
        """Samples ``start`` to ``start + count``, silence where the file has none."""
        taken = np.zeros((self._channels, count), np.float32)
        while True:
            low = max(start, self._begin)
            high = min(start + count, self._begin + self._block.shape[1])
            if low < high:
                piece = self._block[:, low - self._begin : high - self._begin]
                taken[:, low - start : high - start] = piece
            if self._begin + self._block.shape[1] >= start + count:
                break
            self._begin += self._block.shape[1]
            block = next(self._blocks, None)
            if block is None:
                self._block = self._block[:, :0]
                break
            self._block = block
        return np.clip(np.rint(taken.T * 32768), -32768, 32767).astype("<i2").tobytes()


class _Writer:
    """A WAV that grows by pieces that pydub fades; it counts samples, so that nothing drifts."""

    def __init__(self, file: wave.Wave_write, rate: int, channels: int, fade_ms: float) -> None:
        self._file, self._rate, self._channels, self._fade_ms = file, rate, channels, fade_ms
        self._done = 0  # samples

    def piece(self, path: str, stop: int) -> None:
        """The file's beginning, from here to output sample ``stop``, faded at both ends."""
        count = min(stop - self._done, _length(path, self._rate))
        data = _Samples(path, self._rate, self._channels).take(0, count)
        self._write(self._faded(data, first=True, last=True))

    def gap(self, stop: int, other: _Samples | None) -> None:
        """Silence, or the other sound of the same time, from here to output sample ``stop``."""
        first, step = True, GAP_SECONDS * self._rate
        while self._done < stop:
            count = min(stop - self._done, step)
            if other is None:
                self._write(bytes(2 * self._channels * count))
            else:
                data = other.take(self._done, count)
                self._write(self._faded(data, first=first, last=self._done + count == stop))
            first = False

    def _faded(self, data: bytes, *, first: bool, last: bool) -> bytes:
        segment = _segment_type()(data=data, sample_width=2, frame_rate=self._rate, channels=self._channels)
        fade = int(min(self._fade_ms, len(segment) / 2))
        if fade and first:
            segment = segment.fade_in(fade)
        if fade and last:
            segment = segment.fade_out(fade)
        # pydub reckons in whole milliseconds and may lose the last fraction of one.
        return bytes(segment.raw_data or b"")[: len(data)].ljust(len(data), b"\0")

    def _write(self, data: bytes) -> None:
        self._file.writeframesraw(data)
        self._done += len(data) // (2 * self._channels)


def _length(path: str, rate: int) -> int:
    return ceil(probe_audio(path).duration * rate)


def _segment_type() -> type[AudioSegment]:
    """Pydub's class; its warning that no ffmpeg program is installed does not concern raw samples."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pydub import AudioSegment
    return AudioSegment
