"""The cast of a job: each speaker with a face, what they say, and when they are left alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from lipsync_ray.errors import ConfigError
from lipsync_ray.speakers.settings import EVERYONE, LEAVE, SpeakerRow
from lipsync_ray.speakers.who import Who, parse_who

NOBODY = Who(kind="faces")  # of a speaker who says nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A stretch of sound that one speaker says."""

    file: str | None  # None: the sound that the job delivers
    start: float  # s of the sound
    end: float | None  # None: where the file ends
    skip: float  # s of the file that are left out before ``start``


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """One speaker."""

    name: str
    who: Who
    lines: tuple[Line, ...]  # in order of time, without overlap; at least one
    left: tuple[tuple[float, float | None], ...]  # s of the source in which the mouth is not touched


def cast_of(rows: Sequence[SpeakerRow]) -> tuple[Speaker, ...]:
    """The speakers of a map, in the order in which it names them; none where there are no rows.

    Raises:
        ConfigError: a speaker has no face, nothing to say, or says two things at once.
    """
    names = list(dict.fromkeys(row.title for row in rows if row.title != EVERYONE))
    everyone = [row for row in rows if row.title == EVERYONE]
    if wrong := [row for row in everyone if row.audio != LEAVE]:
        raise ConfigError(
            f"speakers: face {EVERYONE} can only be left, not say {wrong[0].audio or 'anything'}"
        )
    speakers = [_part(name, [row for row in rows if row.title == name], everyone) for name in names]
    spoken = tuple(speaker for speaker in speakers if speaker.lines)
    if rows and not spoken:
        raise ConfigError("speakers: nobody in the map says anything")
    return spoken


def sounds_of(cast: Sequence[Speaker]) -> list[str | None]:
    """The files that a cast speaks from, each once; None stands for the sound of the job."""
    return list(dict.fromkeys(line.file for speaker in cast for line in speaker.lines))


def _part(name: str, rows: Sequence[SpeakerRow], everyone: Sequence[SpeakerRow]) -> Speaker:
    faces = list(dict.fromkeys(row.face for row in rows if row.face))
    if len(faces) > 1:
        raise ConfigError(f"speakers: {name} has the faces {faces[0]} and {faces[1]}; join numbers with +")
    spoken = [row for row in rows if row.audio != LEAVE]
    if spoken and not faces:
        raise ConfigError(
            f"speakers: {name} has no face: name one, such as left or its number "
            "(python -m lipsync_ray speakers video=… shows them)"
        )
    left = [row for row in (*rows, *everyone) if row.audio == LEAVE]
    return Speaker(
        name=name,
        who=parse_who(faces[0]) if faces else NOBODY,
        lines=_lines(name, spoken),
        left=tuple(sorted((row.start or 0.0, row.end) for row in left)),
    )


def _lines(name: str, rows: Sequence[SpeakerRow]) -> tuple[Line, ...]:
    """What the rows of a speaker say; a row without times, where others have some, names their sound."""
    timed = [row for row in rows if row.timed]
    whole = [row for row in rows if not row.timed]
    stems = list(dict.fromkeys(row.audio for row in whole if row.audio))
    if len(stems) > 1 or (len(whole) > 1 and not timed):
        raise ConfigError(f"speakers: two rows without times for {name}; give them a start and an end")
    stem = stems[0] if stems else None
    if not timed:
        return tuple(Line(file=stem, start=0.0, end=None, skip=row.skip or 0.0) for row in whole)
    lines = sorted((_line(row, stem) for row in timed), key=lambda line: line.start)
    for before, after in pairwise(lines):
        if before.end is not None and before.end > after.start:
            raise ConfigError(
                f"speakers: {name} says two things at once, until {before.end:g} s and from {after.start:g} s"
            )
    # A line without an end gives way to the next one.
    ends = [line.end or after.start for line, after in pairwise(lines)]
    return (*(replace(line, end=end) for line, end in zip(lines, ends, strict=False)), lines[-1])


def _line(row: SpeakerRow, stem: str | None) -> Line:
    """A row with times. A sound that lasts all the time is taken from the same moment on."""
    start = row.start or 0.0
    skip = row.skip if row.skip is not None else (0.0 if row.audio else start)
    return Line(file=row.audio or stem, start=start, end=row.end, skip=skip)
