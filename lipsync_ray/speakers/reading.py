"""A job's speakers map, read into its settings."""

from __future__ import annotations

import posixpath
from pathlib import Path

from lipsync_ray.errors import ConfigError, LipsyncError
from lipsync_ray.speakers.mapfile import read_map
from lipsync_ray.speakers.settings import SpeakersSettings
from lipsync_ray.storage.files import read_bytes
from lipsync_ray.storage.uri import is_remote, join, local_path


def with_rows(settings: SpeakersSettings) -> SpeakersSettings:
    """The same with the rows of the map in it, which is then no longer needed.

    Raises:
        ConfigError: the map cannot be read, or is none.
    """
    rows = settings.rows
    if settings.map is not None:
        rows += read_map(_text(settings.map), settings.map, lambda given: _beside(settings.map or "", given))
    return SpeakersSettings(rows=rows)


def _text(place: str) -> str:
    try:
        return read_bytes(place).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"speakers.map={place} is no text in UTF-8 ({error.reason}); save it as UTF-8"
        ) from None
    except LipsyncError as error:
        raise ConfigError(f"speakers.map={place} cannot be read: {error}") from error


def _beside(place: str, given: str) -> str:
    """A place that is relative to that of a map."""
    if is_remote(given):
        return given
    if is_remote(place):
        return given if given.startswith("/") else join(posixpath.dirname(place), given)
    return str(Path(local_path(place)).absolute().parent / local_path(given))
