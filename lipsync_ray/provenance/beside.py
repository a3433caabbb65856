"""What lies beside a file and tells of it: its sidecar, and a manifest that the container has no room for."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from lipsync_ray.errors import ConfigError, ObjectMissing, ProvenanceBroken, StorageError
from lipsync_ray.provenance.intervals import Interval, read_intervals
from lipsync_ray.provenance.wary import line, mapping, shown, small_map
from lipsync_ray.storage import files

_LARGEST = 64 << 20  # bytes: the sidecar of a day of video is smaller


@dataclass(frozen=True, slots=True, kw_only=True)
class SidecarSays:
    """What a sidecar tells of its output. It is signed by nobody: who can write it can write anything."""

    place: str
    mode: str  # c2pa or off
    sha256: str
    manifest: str | None
    signer: str | None
    consent: str | None
    visible_mark: str | None
    edited: tuple[Interval, ...]
    engines: Mapping[str, tuple[Interval, ...]]  # where several have drawn
    version: str
    engine: str


def read_small(place: str) -> bytes | None:
    """All of a file that should be small; None where there is none. Raises ProvenanceBroken, StorageError."""
    try:
        size = files.stat(place).size
    except ObjectMissing:
        return None
    if size > _LARGEST:
        raise ProvenanceBroken(f"{place} has {size:,} bytes, more than it can need: it is not what it says")
    return files.read_bytes(place)


def read_sidecar(place: str, *, named: bool) -> SidecarSays | None:
    """What a sidecar says; None where there is none, or it tells nothing of provenance.

    Args:
        place: the file.
        named: whether the user named it; otherwise what is no sidecar of ours is passed over.

    Raises:
        ConfigError: the user named a file that is missing, or is none.
        StorageError: the user named it, and it cannot be read.
    """
    try:
        data = read_small(place)
        if data is None:
            raise ValueError("there is no such file")
        return _says(place, json.loads(data))
    except StorageError:
        if named:
            raise
        return None  # a folder, or somebody else's: nobody said that it tells of the file
    except (ValueError, ProvenanceBroken, RecursionError) as error:
        if named:
            raise ConfigError(
                f"sidecar={place} is no sidecar that tells of a file: {shown(error)}"
            ) from error
        return None


def _says(place: str, content: object) -> SidecarSays:
    whole = mapping(content)
    own = mapping(whole.get("provenance"))
    sha256 = line(own.get("sha256"))
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise ValueError("it holds no SHA-256")
    return SidecarSays(
        place=place,
        mode=line(own.get("mode")),
        sha256=sha256,
        manifest=_optional(own.get("manifest")),
        signer=_optional(own.get("signer")),
        consent=_optional(own.get("consent"), 500),
        visible_mark=_optional(own.get("visible_mark")),
        edited=read_intervals(own.get("edited")),
        engines=small_map(own.get("engines"), read_intervals),
        version=line(whole.get("lipsync_ray", "")),
        engine=line(mapping(whole.get("plan")).get("engine", "")),
    )


def _optional(value: object, longest: int = 200) -> str | None:
    return None if value is None else line(value, longest)
