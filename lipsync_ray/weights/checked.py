"""Whether a file is the right one: remembered hashes, and pins for files without a published hash."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lipsync_ray.weights.entry import WeightEntry

logger = logging.getLogger(__name__)


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """Hashes of weight files, so that a gigabyte is not read at every start.

    ``folder/.checked`` holds the hash of each file once read, with its size and time of change;
    ``folder/.pinned/NAME.json`` the hash of the first file in use where none is published. Nothing is
    remembered where ``folder`` is read-only. ``notes`` is another place for the hashes, for files that will
    not stay where they are.
    """

    folder: Path
    notes: Path | None = None

    def digest(self, path: Path, *, again: bool = False) -> str:
        """SHA-256 of a file, read only if this very file was not read before; ``again`` reads it anyway."""
        known = None if again else self.remembered(path)
        if known is not None:
            return known
        before = _stamp(path)
        digest = file_sha256(path)
        if _stamp(path) == before:  # not a file that someone is still writing
            self.remember(path, digest)
        return digest

    def remembered(self, path: Path) -> str | None:
        """The hash of this very file (size, time of change), if it was read before."""
        note = _read_json(self._note(path))
        try:
            return note["sha256"] if note and {**note, **_stamp(path)} == note else None
        except (OSError, KeyError):
            return None

    def remember(self, path: Path, digest: str) -> None:
        """Note a hash that was computed while the file lay elsewhere."""
        try:
            _write_json(self._note(path), {**_stamp(path), "sha256": digest})
        except OSError as error:
            logger.debug("cannot remember the hash of %s: %s", path, error)

    def expected(self, entry: WeightEntry) -> str | None:
        """The hash that the file must have: the published one, else the pinned one, else None."""
        if entry.sha256:
            return entry.sha256
        pin = _read_json(self.pin_path(entry))
        return str(pin["sha256"]) if pin and "sha256" in pin else None

    def is_right(self, path: Path, entry: WeightEntry, *, again: bool = False) -> bool:
        """Whether the file is the published or the pinned one; anything of a fitting size before a pin."""
        if not path.is_file() or (entry.size is not None and path.stat().st_size != entry.size):
            return False
        expected = self.expected(entry)
        return expected is None or self.digest(path, again=again) == expected

    def is_known_right(self, path: Path, entry: WeightEntry) -> bool:
        """Whether that is known without reading the file."""
        known = self.remembered(path)
        return known is not None and known == self.expected(entry)

    def accept(self, path: Path, entry: WeightEntry) -> bool:
        """Whether the file is right; one without a published hash is pinned on first use."""
        if not self.is_right(path, entry):
            return False
        if self.expected(entry) is not None:
            return True
        digest = self.digest(path)
        return self._pin(entry, digest) == digest

    def pin_path(self, entry: WeightEntry) -> Path:
        """Where the pin of a file without a published hash lies."""
        return self.folder / ".pinned" / f"{entry.name}.json"

    def _pin(self, entry: WeightEntry, digest: str) -> str:
        """Pin this hash unless another one is; returns the one that holds."""
        from filelock import FileLock

        path = self.pin_path(entry)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(path.with_suffix(".lock")):
                if known := self.expected(entry):
                    return known
                _write_json(path, {"file": entry.file, "sha256": digest})
        except OSError as error:
            logger.debug("cannot pin %s: %s", entry.name, error)
            return digest
        logger.warning(
            "pinned on first use: %s has no published hash; from now on %s must have SHA-256 %s",
            *(entry.name, entry.file, digest),
        )
        return digest

    def _note(self, path: Path) -> Path:
        key = hashlib.sha256(str(path.absolute()).encode()).hexdigest()[:16]
        return (self.notes or self.folder / ".checked") / f"{path.name}.{key}.json"


def _stamp(path: Path) -> dict[str, int]:
    stat = path.stat()
    return {"size": stat.st_size, "mtime_ns": stat.st_mtime_ns}


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _write_json(path: Path, content: dict[str, Any]) -> None:
    """Write at once or not at all: others read these notes at any time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(content, file)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
