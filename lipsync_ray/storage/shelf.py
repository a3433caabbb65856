"""Shelves: places of named files that outlive a worker and that other machines reach."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lipsync_ray.errors import OutputUnwritable
from lipsync_ray.storage import files
from lipsync_ray.storage.uri import join


class Shelf(Protocol):
    """Named files, each stored whole or not at all; a name is a plain file name without a dot in front.

    Several processes may use one at the same time; of two that store the same name, one wins.
    """

    def names(self) -> set[str]:
        """The names that are there. Raises StorageError."""
        ...

    def fetch(self, name: str, path: Path) -> None:
        """Copy a file to ``path``. Raises ObjectMissing, StorageError, OutputUnwritable."""
        ...

    def store(self, path: Path, name: str) -> None:
        """Take a copy of ``path`` under a name, instead of what was there. Raises as ``fetch``."""
        ...

    def remove(self, name: str) -> None:
        """Forget a file; it is no error if there is none. Raises StorageError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderShelf:
    """A folder, of a disk that all machines share or of a single machine; made when something is stored."""

    folder: Path

    def names(self) -> set[str]:
        """As ``Shelf``."""
        return set(files.list_names(str(self.folder)))

    def fetch(self, name: str, path: Path) -> None:
        """As ``Shelf``."""
        files.download(self._place(name), path)

    def store(self, path: Path, name: str) -> None:
        """As ``Shelf``."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputUnwritable(f"cannot make the folder {self.folder}: {error.strerror}") from error
        files.upload(path, self._place(name))

    def remove(self, name: str) -> None:
        """As ``Shelf``."""
        files.remove(self._place(name))

    def _place(self, name: str) -> str:
        return str(self.folder / _plain(name))


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteShelf:
    """A folder of a store, such as ``s3://bucket/folder``."""

    uri: str

    def names(self) -> set[str]:
        """As ``Shelf``."""
        return set(files.list_names(self.uri))

    def fetch(self, name: str, path: Path) -> None:
        """As ``Shelf``."""
        files.download(self._place(name), path)

    def store(self, path: Path, name: str) -> None:
        """As ``Shelf``."""
        files.upload(path, self._place(name))

    def remove(self, name: str) -> None:
        """As ``Shelf``."""
        files.remove(self._place(name))

    def _place(self, name: str) -> str:
        return join(self.uri, _plain(name))


def _plain(name: str) -> str:
    if not name or name.startswith(".") or "/" in name or "\0" in name:
        raise ValueError(f"{name!r} is no name for a shelf")
    return name
