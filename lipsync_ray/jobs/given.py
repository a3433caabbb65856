"""The files that a dub is made from, as they were given, with a hash of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lipsync_ray.config import Config
from lipsync_ray.inputs import Inputs
from lipsync_ray.provenance.facts import GivenFile
from lipsync_ray.speakers.settings import LEAVE
from lipsync_ray.storage.uri import name_of, plain_text
from lipsync_ray.storage.whole import content_hash

SOURCE, SPEECH, DRIVE = "source", "speech", "drive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """A file and what it is for: it is edited, it is heard, or a mouth follows it."""

    use: str  # SOURCE, SPEECH or DRIVE
    place: str


def used_files(config: Config) -> list[Used]:
    """The files of a job, as it names them: equal jobs name equally many.

    Pictures that faces are compared with are not among them.
    """
    return [Used(use=use, place=place) for use, place in _used(config)]


def hash_files(
    given: Config, local: Config, told: Mapping[str, Any], inputs: Inputs
) -> tuple[GivenFile, ...]:
    """Each file of a job once.

    Args:
        given: the job.
        local: the same with paths of this machine.
        told: its settings as they were given, with the names that files have for their owner.
        inputs: what was found in the files; hashes that it knows are taken from it.

    Raises:
        MediaError: a file cannot be read.
    """
    known = {
        str(inputs.table.path): inputs.source_hash,
        str(inputs.sound.path): inputs.audio_hash,
        str(inputs.drive.path): inputs.drive_hash,
    }
    names = _names(given, told)
    found: dict[Used, GivenFile] = {}
    for one, here in zip(used_files(given), used_files(local), strict=True):
        if one in found:
            continue
        if here.place not in known:
            known[here.place] = content_hash(here.place)
        name = names.get(one.place) or name_of(one.place)
        found[one] = GivenFile(use=one.use, name=plain_text(name), sha256=known[here.place])
    return tuple(found.values())


def paths_of(given: Config, local: Config) -> list[str]:
    """Where this machine has the files of ``hash_files``, in the same order."""
    found: dict[Used, str] = {}
    for one, here in zip(used_files(given), used_files(local), strict=True):
        found.setdefault(one, here.place)
    return list(found.values())


def _used(config: Config) -> Iterator[tuple[str, str]]:
    audio = config.audio
    yield SOURCE, config.video
    for place in (audio.file, *(piece.file for piece in audio.segments)):
        if place is not None:
            yield SPEECH, place
    said = DRIVE if audio.file is not None or audio.segments else SPEECH
    for row in config.speakers.rows:
        if row.audio is not None and row.audio != LEAVE:
            yield said, row.audio
    if audio.drive is not None:
        yield DRIVE, audio.drive


def _names(given: Config, told: Mapping[str, Any]) -> dict[str, str]:
    """Names by place, of files that the told settings name."""
    sound, audio = given.audio, told["audio"]
    pairs = [(given.video, told["video"]), (sound.file, audio["file"]), (sound.drive, audio["drive"])]
    pieces = zip(sound.segments, audio["segments"], strict=True)
    pairs += [(piece.file, plain["file"]) for piece, plain in pieces]
    return {place: name_of(name) for place, name in pairs if place is not None and name is not None}
