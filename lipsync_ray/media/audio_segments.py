"""A dub given in pieces: ``audio.segments: [{start, end, file}]`` laid end to end into one WAV.

Written as ``media.assembling`` tells.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from lipsync_ray.errors import AudioUnreadable, ConfigError
from lipsync_ray.media.assembling import Span, form_of, write_track
from lipsync_ray.media.audio import probe_audio

PAST_END = Fraction(1, 10)  # seconds by which the last piece may be longer than the video


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioPiece:
    """One entry of ``audio.segments``, in seconds of the output.

    ``end=None`` lets the file end by itself. A file that is longer is faded out at ``end``; one that is
    shorter is followed by what fills the gaps. ``skip`` seconds of the file are left out before ``start``.
    """

    start: float
    file: str
    end: float | None = None
    skip: float = 0.0


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
            unknown = set(values) - {"start", "end", "file", "skip"}
            if unknown:
                raise ConfigError(
                    f"{name} has unknown fields {sorted(unknown)}; it takes start, end, file, skip"
                )
            end = values.get("end")
            entry = AudioPiece(
                start=float(values["start"]),
                end=None if end is None else float(end),
                file=str(values["file"]),
                skip=float(values.get("skip") or 0.0),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ConfigError(f"{name} must be {{start: s, end: s, file: path}}, not {entry!r}") from error
    if not np.isfinite(entry.start) or entry.start < 0:
        raise ConfigError(f"{name}.start={entry.start}: a time of 0 s or later")
    if entry.end is not None and not entry.end > entry.start:
        raise ConfigError(f"{name}.end={entry.end}: later than its start {entry.start}")
    if not np.isfinite(entry.skip) or entry.skip < 0:
        raise ConfigError(f"{name}.skip={entry.skip}: 0 s or more")
    return entry


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
    other = source if settings.keep_other else None
    write_track(spans, Path(out), form_of(spans), length=length, fade_ms=settings.fade_ms, other=other)
    return Path(out)


def _spans(settings: AudioSettings, length: Fraction) -> list[Span]:
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


def _span(piece: AudioPiece, name: str, limit: Fraction, length: Fraction) -> Span:
    start, end = Fraction(piece.start), piece.end
    if start >= length or (end is not None and end > length + PAST_END):
        until = "" if end is None else f" to {end:g}"
        raise ConfigError(f"{name} lies at {piece.start:g}{until} s; the video ends at {float(length):.2f} s")
    try:
        info = probe_audio(piece.file)
    except AudioUnreadable as error:
        raise AudioUnreadable(f"{name}: {error}") from error
    stop = start + max(Fraction(0), info.duration - Fraction(piece.skip)) if end is None else Fraction(end)
    return Span(
        file=piece.file,
        start=start,
        end=min(stop, limit),
        skip=Fraction(piece.skip),
        rate=info.rate,
        channels=info.channels,
    )
