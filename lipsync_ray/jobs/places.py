"""The files that a job names, as the worker that needs them sees them."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

from lipsync_ray.config import Config
from lipsync_ray.folders import private_folder
from lipsync_ray.inputs import Inputs, delivered_sound, first_frame
from lipsync_ray.jobs.site import Site
from lipsync_ray.media.index import FrameTable, build_table
from lipsync_ray.speakers.reading import with_rows
from lipsync_ray.speakers.settings import EVERYONE, LEAVE, SpeakerRow
from lipsync_ray.speakers.who import parse_who
from lipsync_ray.speech.model import SpeechModel
from lipsync_ray.storage.uri import is_remote, local_path, name_of


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSpec:
    """A job as it travels."""

    name: str  # unlike those of other jobs of the same run
    config: Config  # with places that mean the same on every machine, see ``absolute``
    told: dict[str, Any]  # the settings as they were given, for the sidecar
    speech: SpeechModel | None = None  # instead of the model that the settings name


_EXPRESSIONS = ("neutral", "smile")  # what engine.exp_img names besides files


def absolute(config: Config) -> Config:
    """The job with full paths, as a worker may run in another folder, and with the rows of its speakers map.

    Raises:
        ConfigError: the map cannot be read, or is none.
    """
    config = replace(config, speakers=with_rows(config.speakers))
    return _with_places(
        config, lambda place: place if is_remote(place) else os.path.abspath(local_path(place))
    )


def named(config: Config) -> list[str]:
    """The input files of a job, as it names them: equal jobs name equally many."""
    found: list[str] = []

    def note(place: str) -> str:
        found.append(place)
        return place

    _with_places(config, note, out=False)
    return found


def names_only(config: Config) -> Config:
    """The job with the names of its files instead of their places."""
    return _with_places(config, name_of)


def here(config: Config, site: Site, stack: ExitStack) -> Config:
    """The job with its inputs as paths of this machine, which stay until the stack is closed."""
    return _with_places(config, lambda place: str(site.input(place, stack)), out=False)


def table_here(table: FrameTable, config: Config, site: Site, stack: ExitStack) -> FrameTable:
    """The frame table with a path of this machine."""
    path = site.input(config.video, stack)
    if config.media.static:
        whole = build_table(path)
        if not whole.still:
            return first_frame(whole, stack.enter_context(private_folder()))
    return replace(table, path=str(path))


def inputs_here(spec: JobSpec, inputs: Inputs, site: Site, stack: ExitStack) -> tuple[Config, Inputs]:
    """A job and what is known of its inputs, with paths of this machine."""
    config = here(spec.config, site, stack)
    table = table_here(inputs.table, spec.config, site, stack)
    workspace = stack.enter_context(private_folder())
    sound = replace(inputs.sound, path=str(delivered_sound(config, table, workspace)))
    drive = sound
    if config.audio.drive is not None:
        drive = replace(inputs.drive, path=config.audio.drive)
    return config, replace(inputs, table=table, sound=sound, drive=drive)


def _with_places(config: Config, turn: Any, *, out: bool = True) -> Config:
    audio = config.audio
    pieces = tuple(replace(piece, file=turn(piece.file)) if piece.file else piece for piece in audio.segments)
    named = {name: turn(value) for name in ("file", "drive") if (value := getattr(audio, name)) is not None}
    changed: dict[str, Any] = {"video": turn(config.video), "audio": replace(audio, segments=pieces, **named)}
    changed["speakers"] = replace(
        config.speakers, rows=tuple(_with_files(row, turn) for row in config.speakers.rows)
    )
    if config.face.reference is not None:
        changed["face"] = replace(config.face, reference=turn(config.face.reference))
    if out and config.out is not None:
        changed["out"] = turn(config.out)
    picture = getattr(config.engine, "exp_img", None)
    if isinstance(picture, str) and picture not in _EXPRESSIONS:
        changed["engine"] = replace(config.engine, exp_img=turn(picture))  # type: ignore[type-var]
    return replace(config, **changed)


def _with_files(row: SpeakerRow, turn: Any) -> SpeakerRow:
    if row.audio is not None and row.audio != LEAVE:
        row = replace(row, audio=turn(row.audio))
    if row.face not in ("", EVERYONE) and parse_who(row.face).kind == "reference":
        row = replace(row, face=turn(row.face), speaker=row.title)  # its name stays what it was
    return row
