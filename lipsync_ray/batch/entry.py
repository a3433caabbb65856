"""One job of a backlog: what it reads, what it writes and what it is called."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from lipsync_ray.errors import ConfigError
from lipsync_ray.storage.uri import is_remote, join, local_path, name_of, parsed

LONGEST_ID = 180  # bytes: endings such as .json must still fit into a file's name


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A job of a backlog. Relative paths are relative to the working directory, not to the manifest."""

    id: str  # unlike all others of the backlog; part of file names
    video: str
    audio: str  # empty where another option says what is heard, see overrides.HEARD
    out: str | None  # None: see ``default_out``
    words: tuple[str, ...] = ()  # options of this job alone, as key=value
    line: int  # of the manifest, from 1; the row of a table; the place in the order of a pattern's matches

    def __post_init__(self) -> None:
        check_id(self.id)
        for place in (self.video, self.audio, self.out or ""):
            if "\0" in place:
                raise ConfigError(f"the name {place!r} holds a zero, which no file's name does")
            if _is_undecodable(place):
                raise ConfigError(f"the name {place!r} is not UTF-8; rename the file")

    def job_words(self) -> list[str]:
        """All that this job gives to ``load_config``, to be put behind the words of the whole batch."""
        heard = [f"audio.file={self.audio}"] if self.audio else []
        written = [f"out={self.out}"] if self.out else []
        return [f"video={self.video}", *heard, *written, *self.words]


def default_out(out_dir: str, id: str) -> str:
    """Where a job's video goes that does not say it itself: ``OUT_DIR/videos/ID.mp4``."""
    return join(out_dir, "videos", f"{id}.mp4")


def check_id(id: str) -> str:
    """The same id, once it is known to be a safe file name everywhere.

    Raises:
        ConfigError: it is empty, too long, starts with a dot, or holds anything but letters, digits, ``.``,
            ``_`` and ``-``.
    """
    wrong = [char for char in id if not _is_safe(char)]
    if not id or wrong or id.startswith("."):
        what = f"holds {wrong[0]!r}" if wrong else "starts with a dot" if id else "is empty"
        near = f"; write {clean_id(id)}" if id else ""
        raise ConfigError(f"id {id!r} {what}; ids are letters, digits, '.', '_' and '-'{near}")
    if len(id.encode()) > LONGEST_ID:
        raise ConfigError(f"id {id[:20]}... has {len(id.encode())} bytes; at most {LONGEST_ID} are possible")
    return id


def clean_id(name: str) -> str:
    """A name as an id: other characters inside become ``_``. Two names may give the same id."""
    normal = unicodedata.normalize("NFC", name)
    kept = "".join(char if _is_safe(char) else " " for char in normal)
    short = "_".join(kept.split()).encode()[:LONGEST_ID].decode(errors="ignore")
    return short.lstrip(".") or "_"


def stem_of(place: str) -> str:
    """The name of a file without its last ending."""
    return PurePosixPath(name_of(place)).stem


def key_of(place: str) -> str:
    """The same text for the same file, however it is written; links are not followed."""
    return f"{parsed(place)}" if is_remote(place) else os.path.abspath(local_path(place))


def clashes(entries: Iterable[Entry], unit: str) -> list[tuple[int, str]]:
    """What two jobs share and must not, each with its line: an id, an output, an output and an input.

    Args:
        entries: all jobs, in order.
        unit: what ``Entry.line`` counts, such as ``line``.
    """
    found: list[tuple[int, str]] = []
    ids: dict[str, int] = {}
    outs: dict[str, int] = {}
    entries = list(entries)
    inputs = {key_of(place): entry for entry in entries for place in (entry.video, entry.audio) if place}
    for entry in entries:
        first = ids.setdefault(unicodedata.normalize("NFC", entry.id), entry.line)
        if first != entry.line:
            found.append((entry.line, f"id {entry.id} is taken by {unit} {first}; ids must differ"))
            continue  # a second job of that name writes to the same place by default: told already
        if entry.out is None:
            continue
        key = key_of(entry.out)
        first = outs.setdefault(key, entry.line)
        if first != entry.line:
            found.append((entry.line, f"out {entry.out} is taken by {unit} {first}; choose another"))
        elif key in inputs:
            reader = inputs[key]
            found.append((entry.line, f"out {entry.out} is read by {unit} {reader.line}; choose another"))
    return found


def _is_safe(char: str) -> bool:
    # Marks are parts of letters in many scripts: vowels of Hindi, accents that stand alone.
    return char in "._-" or unicodedata.category(char)[0] in "LMN"


def _is_undecodable(text: str) -> bool:
    return any("\ud800" <= char <= "\udfff" for char in text)  # what a name's other bytes become
