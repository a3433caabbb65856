"""Options of the group ``speakers``."""

from __future__ import annotations

from dataclasses import dataclass

from lipsync_ray.errors import ConfigError

LEAVE = "leave"  # instead of a sound: the mouth is not touched
EVERYONE = "*"  # instead of a face


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeakerRow:
    """One row of a speakers map: what a face says from one moment to another."""

    speaker: str = ""  # rows of one name belong together; empty: the face is the name
    face: str = ""  # who it is, see speakers.who; only one row of a speaker has to say it
    start: float | None = None  # s; of the sound, for ``leave`` of the source; None: its beginning
    end: float | None = None  # s; None: the end of the sound, for ``leave`` of the source
    audio: str | None = None  # sound file, or ``leave``; None: the speaker's other sound, else the job's
    skip: float | None = None  # s of the file before what is heard at ``start``; None: see docs/speakers.md

    def __post_init__(self) -> None:
        start = self.start or 0.0
        for name in ("start", "end", "skip"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < float("inf"):
                raise ConfigError(f"speakers: {name}={value:g} of {self.title} must be 0 s or more")
        if self.end is not None and self.end <= start:
            raise ConfigError(
                f"speakers: {self.title} ends at {self.end:g} s, before it starts at {start:g} s"
            )
        if not self.speaker and not self.face:
            raise ConfigError("speakers: a row names neither a speaker nor a face")

    @property
    def title(self) -> str:
        """The name under which it belongs to others."""
        return self.speaker or self.face

    @property
    def timed(self) -> bool:
        """Whether it speaks of a part of the time only."""
        return self.start is not None or self.end is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeakersSettings:
    """Several people in one video, each with a sound of their own."""

    map: str | None = None  # CSV, JSON or RTTM file of rows
    rows: tuple[SpeakerRow, ...] = ()  # or the rows themselves; with a map they come first

    @property
    def given(self) -> bool:
        """Whether there is a map at all."""
        return self.map is not None or bool(self.rows)
