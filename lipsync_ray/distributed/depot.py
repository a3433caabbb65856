"""The disk of the driver's machine, for workers on machines that do not share it.

Files travel in blocks, so that neither the object store nor any process holds a whole one; every call can be
repeated without harm.
"""

from __future__ import annotations

import io
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lipsync_ray.errors import ObjectMissing, OutputUnwritable, StorageError
from lipsync_ray.storage.files import Stat

BLOCK = 4 << 20  # bytes that travel at a time


class Depot(Protocol):
    """Files of another machine by absolute path. All methods raise StorageError or OutputUnwritable."""

    def stat(self, path: str) -> Stat | None:
        """Size and age; None where there is no file."""
        ...

    def names(self, folder: str) -> list[str]:
        """Names of the files in a folder, without hidden ones; none where there is no folder."""
        ...

    def read(self, path: str, offset: int, length: int) -> bytes:
        """A part of a file, shorter at its end."""
        ...

    def write(self, path: str, offset: int, data: bytes) -> None:
        """Write a part of a file, which is made for it, in a folder that is made for it."""
        ...

    def rename(self, path: str, final: str, size: int) -> None:
        """Give a written file its name; it has to have this size."""
        ...

    def remove(self, path: str) -> None:
        """Remove a file; it is no error if there is none."""
        ...


class Disk:
    """A depot's inside: the disk that this process sees."""

    def __init__(self) -> None:
        self._begun: set[str] = set()  # files that are being written

    def stat(self, path: str) -> Stat | None:
        """As ``Depot``."""
        try:
            found = os.stat(path)
        except OSError:
            return None
        return Stat(size=found.st_size, mtime_ns=found.st_mtime_ns)

    def names(self, folder: str) -> list[str]:
        """As ``Depot``."""
        with suppress(OSError):
            return sorted(name for name in os.listdir(folder) if not name.startswith("."))
        return []

    def read(self, path: str, offset: int, length: int) -> bytes:
        """As ``Depot``."""
        try:
            with open(path, "rb") as file:
                file.seek(offset)
                return file.read(length)
        except FileNotFoundError as error:
            raise ObjectMissing(f"{path} does not exist on the driver's machine") from error
        except OSError as error:
            raise StorageError(f"cannot read {path} on the driver's machine: {error.strerror}") from error

    def write(self, path: str, offset: int, data: bytes) -> None:
        """As ``Depot``."""
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            self._begun.add(path)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT, 0o666)
            with open(handle, "wb") as file:
                file.seek(offset)
                file.write(data)
        except OSError as error:
            raise OutputUnwritable(f"cannot write {path}: {error.strerror}") from error

    def rename(self, path: str, final: str, size: int) -> None:
        """As ``Depot``; asked again after it was done, it does nothing."""
        try:
            if not os.path.exists(path) and os.path.getsize(final) == size:
                return
            if os.path.getsize(path) != size:
                raise StorageError(f"{final} arrived incomplete on the driver's machine; it is sent again")
            with open(path, "rb") as file:
                os.fsync(file.fileno())
            os.replace(path, final)
            self._begun.discard(path)
        except OSError as error:
            raise OutputUnwritable(f"cannot write {final}: {error.strerror}") from error

    def remove(self, path: str) -> None:
        """As ``Depot``."""
        self._begun.discard(path)
        with suppress(OSError):
            os.unlink(path)

    def close(self) -> None:
        """Remove what workers that died have not written to its end."""
        for path in list(self._begun):
            self.remove(path)


@dataclass(frozen=True, slots=True, kw_only=True)
class DepotShelf:
    """A folder of a depot as a shelf, see ``storage.shelf.Shelf``."""

    depot: Depot
    folder: str

    def names(self) -> set[str]:
        """As ``Shelf``."""
        return set(self.depot.names(self.folder))

    def fetch(self, name: str, path: Path) -> None:
        """As ``Shelf``."""
        fetch(self.depot, os.path.join(self.folder, name), path)

    def store(self, path: Path, name: str) -> None:
        """As ``Shelf``."""
        deliver(self.depot, path, os.path.join(self.folder, name))

    def remove(self, name: str) -> None:
        """As ``Shelf``."""
        self.depot.remove(os.path.join(self.folder, name))


class DepotFile(io.RawIOBase):
    """A depot's file for those who read a little here and there."""

    def __init__(self, depot: Depot, path: str) -> None:
        found = depot.stat(path)
        if found is None:
            raise ObjectMissing(f"{path} does not exist; check the name")
        self._depot, self._path, self._size, self._at = depot, path, found.size, 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a place in the file."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read at most what fits the buffer."""
        data = self._depot.read(self._path, self._at, len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def fetch(depot: Depot, source: str, path: Path) -> None:
    """Copy a depot's file to a path of this machine; whoever calls sees to it that a torn one does no harm.

    Raises:
        ObjectMissing: it is not there.
        StorageError: it changed on the way, or the depot cannot be reached.
    """
    found = depot.stat(source)
    if found is None:
        raise ObjectMissing(f"{source} does not exist on the driver's machine")
    with path.open("wb") as file:
        for block in _blocks(depot, source, found.size):
            file.write(block)


def deliver(depot: Depot, path: Path, final: str) -> None:
    """Copy a file of this machine into a depot, whole or not at all."""
    folder, name = os.path.split(final)
    stem, suffix = os.path.splitext(name)
    temp = os.path.join(folder, f".{stem}.{secrets.token_hex(6)}{suffix}")
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            for offset in range(0, max(size, 1), BLOCK):
                depot.write(temp, offset, file.read(BLOCK))
        depot.rename(temp, final, size)
    except BaseException:
        depot.remove(temp)
        raise


def _blocks(depot: Depot, path: str, size: int) -> Iterator[bytes]:
    for offset in range(0, size, BLOCK):
        block = depot.read(path, offset, BLOCK)
        if len(block) != min(BLOCK, size - offset):
            raise StorageError(f"{path} changed while it was copied; it is copied again")
        yield block
