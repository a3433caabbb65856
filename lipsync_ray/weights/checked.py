"""Memory of which files were hashed and found right, so that a gigabyte is not read at every start."""

from __future__ import annotations

import hashlib
import json
import logging
from pathlib import Path

from lipsync_ray.weights.registry import WeightEntry

logger = logging.getLogger(__name__)


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_checked(path: Path, entry: WeightEntry, folder: Path) -> bool:
    """Whether this very file (size, time of change) was found right before."""
    try:
        note = json.loads(_note(path, folder).read_text("utf-8"))
        return note == _facts(path, entry)
    except (OSError, ValueError):
        return False


def mark_checked(path: Path, entry: WeightEntry, folder: Path) -> None:
    """Remember that the file has the published hash; without effect where ``folder`` is read-only."""
    note = _note(path, folder)
    try:
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(json.dumps(_facts(path, entry)), "utf-8")
    except OSError as error:
        logger.debug("cannot remember that %s was checked: %s", path, error)


def _facts(path: Path, entry: WeightEntry) -> dict[str, str | int]:
    stat = path.stat()
    return {"size": stat.st_size, "mtime_ns": stat.st_mtime_ns, "sha256": entry.sha256}


def _note(path: Path, folder: Path) -> Path:
    key = hashlib.sha256(str(path.absolute()).encode()).hexdigest()[:16]
    return folder / ".checked" / f"{path.name}.{key}.json"
