"""The sound of each speaker alone, and of all together."""

from __future__ import annotations

import logging
import wave
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

from lipsync_ray.errors import AudioUnreadable, ConfigError
from lipsync_ray.folders import private_folder
from lipsync_ray.media.assembling import BLOCK_SECONDS, Form, Span, form_of, write_track
from lipsync_ray.media.audio import AudioInfo, probe_audio
from lipsync_ray.speakers.cast import Line, Speaker

logger = logging.getLogger(__name__)


def write_voice(speaker: Speaker, heard: str | Path, out: Path, *, fade_ms: float) -> Path:
    """Write what one speaker says, silence between it: a WAV on the clock of the sound that is delivered.

    Args:
        speaker: the speaker.
        heard: the sound that is delivered, for lines that name no file.
        out: WAV file to write.
        fade_ms: length of the fades at both ends of every line.

    Raises:
        AudioUnreadable: a file cannot be read.
    """
    spans = _spans(speaker, str(heard))
    write_track(spans, out, form_of(spans), length=spans[-1].end, fade_ms=fade_ms)
    return out


def write_mix(
    cast: Sequence[Speaker], out: Path, *, fade_ms: float, length: Fraction, other: str | Path | None
) -> Path:
    """Write all speakers together: each line at its time, added up where two talk at once.

    It ends with the last line, or after ``length`` seconds, the video's, if any line has times.

    Args:
        cast: the speakers.
        out: WAV file to write.
        fade_ms: length of the fades at both ends of every line.
        length: seconds of the video.
        other: a file whose sound of the same time fills the gaps in which nobody talks; None: silence does.

    Raises:
        ConfigError: a speaker has no sound.
        AudioUnreadable: a file cannot be read.
    """
    for speaker in cast:
        if any(line.file is None for line in speaker.lines):
            raise ConfigError(
                f"speakers: {speaker.name} has no sound: name a file in the map, or give audio=FILE for all "
                "whose rows name none"
            )
    voices = [_spans(speaker, "") for speaker in cast]
    spans = [span for voice in voices for span in voice]
    form = form_of(spans)
    end = max(span.end for span in spans)
    if other is not None or any(
        line.start or line.end is not None for speaker in cast for line in speaker.lines
    ):
        end = max(end, length)
    with private_folder() as folder:
        tracks = [folder / f"{number}.wav" for number in range(len(voices))]
        for track, voice in zip(tracks, voices, strict=True):
            write_track(voice, track, form, length=end, fade_ms=fade_ms)
        if other is not None:
            gaps = [*tracks, folder / "other.wav"]
            _write_other(spans, gaps[-1], form, end, fade_ms, other)
            tracks = gaps
        _add_up(tracks, out, form)
    return out


def _write_other(
    spans: Sequence[Span], out: Path, form: Form, end: Fraction, fade_ms: float, other: str | Path
) -> None:
    """The other sound where nobody talks."""
    busy: list[Span] = []
    for span in sorted(spans, key=lambda span: span.start):
        if busy and span.start <= busy[-1].end:
            before = busy.pop()
            span = _silent(before.start, max(before.end, span.end), form)
        busy.append(_silent(span.start, span.end, form))
    write_track(busy, out, form, length=end, fade_ms=fade_ms, other=other)


def _silent(start: Fraction, end: Fraction, form: Form) -> Span:
    return Span(file=None, start=start, end=end, rate=form.rate, channels=form.channels)


def _add_up(tracks: Sequence[Path], out: Path, form: Form) -> None:
    """Sum WAVs of one length, block by block."""
    clipped = 0
    files = [wave.open(str(track), "rb") for track in tracks]
    try:
        with wave.open(str(out), "wb") as mix:
            mix.setnchannels(form.channels)
            mix.setsampwidth(2)
            mix.setframerate(form.rate)
            while data := [file.readframes(BLOCK_SECONDS * form.rate) for file in files]:
                if not data[0]:
                    break
                total = np.sum([np.frombuffer(part, "<i2") for part in data], axis=0, dtype=np.int32)
                limited = np.clip(total, -32768, 32767)
                clipped += int(np.count_nonzero(limited != total))
                mix.writeframesraw(limited.astype("<i2").tobytes())
    finally:
        for file in files:
            file.close()
    if clipped:
        logger.warning("%d samples of the mixed speakers are louder than a file can hold", clipped)


def _spans(speaker: Speaker, heard: str) -> list[Span]:
    files = dict.fromkeys(line.file or heard for line in speaker.lines)
    known = {file: _probed(file, speaker.name) for file in files}  # all of a file is read to know its length
    return [_span(line, line.file or heard, speaker.name, known) for line in speaker.lines]


def _probed(file: str, name: str) -> AudioInfo:
    try:
        return probe_audio(file)
    except AudioUnreadable as error:
        raise AudioUnreadable(f"speaker {name}: {error}") from error


def _span(line: Line, file: str, name: str, known: Mapping[str, AudioInfo]) -> Span:
    info = known[file]
    start, skip = Fraction(line.start), Fraction(line.skip)
    there = info.duration - skip
    if there <= 0:
        raise ConfigError(
            f"speakers: {name} is to speak from {line.skip:g} s of {Path(file).name} on, which ends at "
            f"{float(info.duration):.2f} s"
        )
    end = start + there if line.end is None else Fraction(line.end)
    return Span(file=file, start=start, end=end, skip=skip, rate=info.rate, channels=info.channels)
