"""One WAV out of pieces of sound files, each at its time.

Uses pydub for fading. Files are decoded by PyAV, so that no ffmpeg program is needed, and the result is
written block by block: memory does not grow with the length of a piece.
"""

from __future__ import annotations

import warnings
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lipsync_ray.media.audio import mixed, open_audio, probe_audio

if TYPE_CHECKING:
    from pydub import AudioSegment

BLOCK_SECONDS = 20  # made at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A piece with its place found: seconds of the output, end excluded."""

    file: str | None  # None: silence
    start: Fraction
    end: Fraction
    skip: Fraction = Fraction(0)  # seconds of the file that are left out before ``start``
    rate: int  # of the file
    channels: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """Of the samples that are written."""

    rate: int
    channels: int


def form_of(spans: Sequence[Span]) -> Form:
    """The highest rate and number of channels of some files, two channels at most."""
    return Form(rate=max(span.rate for span in spans), channels=min(2, max(span.channels for span in spans)))


def write_track(
    spans: Sequence[Span],
    out: Path,
    form: Form,
    *,
    length: Fraction,
    fade_ms: float,
    other: str | Path | None = None,
) -> None:
    """Write pieces into a 16-bit WAV.

    Args:
        spans: in order of time, without overlap.
        out: WAV file to write.
        form: rate and channels of it.
        length: seconds of it.
        fade_ms: length of the fades at both ends of every piece.
        other: a file whose sound of the same time fills the gaps; None: silence does.

    Raises:
        AudioUnreadable: a file cannot be read.
    """
    filling = None
    if other is not None:
        filling = Samples(other, form, delay=sound_delay(other))
    with wave.open(str(out), "wb") as file:
        file.setnchannels(form.channels)
        file.setsampwidth(2)
        file.setframerate(form.rate)
        writer = _Writer(file, form, fade_ms)
        for span in spans:
            writer.gap(round(span.start * form.rate), filling)
            writer.piece(span, round(span.end * form.rate))
        writer.gap(round(length * form.rate), filling)


def sound_delay(source: str | Path) -> Fraction:
    """Seconds from the start of a file to its first sample."""
    with open_audio(source) as (container, stream):
        begin = (stream.start_time or 0) * (stream.time_base or Fraction(1))
        return max(Fraction(0), begin - Fraction(container.start_time or 0, 1_000_000))


class Samples:
    """16-bit samples of a file, read forwards only, so that many gaps cost one pass."""

    def __init__(self, path: str | Path, form: Form, delay: Fraction = Fraction(0)) -> None:
        self._blocks = mixed(path, form.rate, form.channels)
        self._begin = round(delay * form.rate)  # output sample at which the block in hand begins
        self._block = np.zeros((form.channels, 0), np.float32)
        self._channels = form.channels

    def reaches(self, start: int) -> bool:
        """Whether sample ``start`` has not gone by yet."""
        return start >= self._begin

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

    def __init__(self, file: wave.Wave_write, form: Form, fade_ms: float) -> None:
        self._file, self._form, self._fade_ms = file, form, fade_ms
        self._done = 0  # samples
        self._open: tuple[str, Samples, int] | None = None  # the file in hand, with its length in samples

    def piece(self, span: Span, stop: int) -> None:
        """The file's sound from here to output sample ``stop``, faded at both ends."""
        if span.file is None:
            self.gap(stop, None)
            return
        skip = round(span.skip * self._form.rate)
        samples, length = self._samples(span.file, skip)
        begin = self._done
        self._blocks(samples, min(stop, begin + max(0, length - skip)), skip - begin)

    def _samples(self, file: str, start: int) -> tuple[Samples, int]:
        """A file's samples from ``start`` on and its length; pieces in the file's order cost one pass."""
        if self._open is None or self._open[0] != file:
            length = round(probe_audio(file).duration * self._form.rate)
            self._open = (file, Samples(file, self._form), length)
        elif not self._open[1].reaches(start):
            self._open = (file, Samples(file, self._form), self._open[2])
        return self._open[1:]

    def gap(self, stop: int, other: Samples | None) -> None:
        """Silence, or the other sound of the same time, from here to output sample ``stop``."""
        if other is not None:
            self._blocks(other, stop, 0)
        while self._done < stop:
            count = min(stop - self._done, BLOCK_SECONDS * self._form.rate)
            self._write(bytes(2 * self._form.channels * count))

    def _blocks(self, samples: Samples, stop: int, ahead: int) -> None:
        """Samples up to ``stop``, which lie ``ahead`` samples further on in their file."""
        first = True
        while self._done < stop:
            count = min(stop - self._done, BLOCK_SECONDS * self._form.rate)
            data = samples.take(self._done + ahead, count)
            self._write(self._faded(data, first=first, last=self._done + count == stop))
            first = False

    def _faded(self, data: bytes, *, first: bool, last: bool) -> bytes:
        rate, channels = self._form.rate, self._form.channels
        segment = _segment_type()(data=data, sample_width=2, frame_rate=rate, channels=channels)
        fade = int(min(self._fade_ms, len(segment) / 2))
        if fade and first:
            segment = segment.fade_in(fade)
        if fade and last:
            segment = segment.fade_out(fade)
        # pydub reckons in whole milliseconds and may lose the last fraction of one.
        return bytes(segment.raw_data or b"")[: len(data)].ljust(len(data), b"\0")

    def _write(self, data: bytes) -> None:
        self._file.writeframesraw(data)
        self._done += len(data) // (2 * self._form.channels)


def _segment_type() -> type[AudioSegment]:
    """Pydub's class; its warning that no ffmpeg program is installed does not concern raw samples."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pydub import AudioSegment
    return AudioSegment
