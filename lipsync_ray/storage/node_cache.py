"""Copies of files kept on a machine: fetched once for all its processes, up to a number of bytes."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from lipsync_ray.errors import OutputUnwritable, StorageError
from lipsync_ray.storage.locks import locked
from lipsync_ray.storage.whole import content_hash, settle

logger = logging.getLogger(__name__)

_HASHED = "sha256:"
_NAME = 40  # characters of a copy's name before its suffix; its lock is named by them alone


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeCache:
    """A folder of copies that all processes of a machine share, of at most ``max_bytes``.

    Each copy has a lock beside it: who fetches or removes it holds that alone, who uses it holds it shared.
    The time of the lock's file is the copy's last use. The folder must be on a disk of this machine; for as
    long as files are fetched, or all are in use, it may hold more than ``max_bytes``.
    """

    folder: Path
    max_bytes: int

    @contextmanager
    def hold(self, key: str, suffix: str, fetch: Callable[[Path], None]) -> Iterator[Path]:
        """The copy of what ``key`` names, which stays while the block runs. It must not be written to.

        Args:
            key: says what the bytes are. ``sha256:HEX`` is checked; anything else is trusted, and should hold
                the size and the time of the original.
            suffix: ending of the copy's name, such as ``.mp4``.
            fetch: writes the file to a path whose folder is there. Called by one process at a time, and only
                if the copy is not there; what it raises is passed on, and the next who waits tries.

        Raises:
            StorageError: the bytes fetched are not those of the key's SHA-256.
            OutputUnwritable: the folder cannot be used.
        """
        name = hashlib.sha256(f"{key}\0{suffix}".encode()).hexdigest()[:_NAME]
        copy, lock = self._copies / f"{name}{suffix}", self._locks / name
        self._make_folders()
        fetched = False
        try:
            while True:
                with locked(lock, shared=True):
                    if copy.is_file():
                        os.utime(lock)
                        if fetched:
                            self._evict()  # not before: it is in use only now
                        yield copy
                        os.utime(lock)
                        return
                # Between the two locks another process may fetch or evict it: look again each time.
                with locked(lock):
                    if not copy.is_file():
                        self._fetch(key, copy, fetch)
                        fetched = True
        finally:
            self._evict()

    @property
    def _copies(self) -> Path:
        return self.folder / "copies"

    @property
    def _locks(self) -> Path:
        return self.folder / "locks"

    @property
    def _coming(self) -> Path:
        return self.folder / "coming"

    def _make_folders(self) -> None:
        for folder in (self._copies, self._locks, self._coming):
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as error:
                raise OutputUnwritable(
                    f"cannot make {folder}: {error.strerror}; choose another cache.dir"
                ) from error

    def _fetch(self, key: str, copy: Path, fetch: Callable[[Path], None]) -> None:
        private = self._coming / copy.name[:_NAME]
        with _own_trouble(copy):
            shutil.rmtree(private, ignore_errors=True)  # a killed process's: the lock is ours now
            private.mkdir(mode=0o700)
        try:
            file = private / copy.name
            fetch(file)
            _check(key, file)
            with _own_trouble(copy):
                self._warn_of(file.stat().st_size, key)
                settle(file)
                os.replace(file, copy)
        finally:
            shutil.rmtree(private, ignore_errors=True)

    def _warn_of(self, size: int, key: str) -> None:
        if size > self.max_bytes:
            logger.warning(
                "%s has %d bytes, more than the %d of the cache in %s: it is not kept after its use",
                key,
                size,
                self.max_bytes,
                self.folder,
            )

    def _evict(self) -> None:
        """Remove copies that nobody holds, the longest unused first, until the rest fits; and torn ones."""
        with suppress(OSError, OutputUnwritable), locked(self.folder / "evict.lock"):
            for left in list(self._coming.iterdir()):
                self._drop(left)
            sizes = {path: path.stat().st_size for path in self._copies.iterdir()}
            total = sum(sizes.values())
            for path in sorted(sizes, key=self._last_use):
                if total > self.max_bytes and self._drop(path):
                    total -= sizes[path]
            known = {path.name[:_NAME] for path in self._copies.iterdir()}
            for lock in list(self._locks.iterdir()):
                if lock.name not in known:
                    self._drop(lock)

    def _last_use(self, copy: Path) -> int:
        try:
            return (self._locks / copy.name[:_NAME]).stat().st_mtime_ns
        except FileNotFoundError:
            return 0

    def _drop(self, path: Path) -> bool:
        """Remove a copy, a folder of an unfinished one or a lock, with the lock; False if it is in use."""
        lock = self._locks / path.name[:_NAME]
        with locked(lock, wait=False) as free:
            if free:
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink(missing_ok=True)
                lock.unlink(missing_ok=True)
        return free


@contextmanager
def _own_trouble(copy: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputUnwritable(f"cannot write {copy}: {error.strerror}; choose another cache.dir") from error


def _check(key: str, file: Path) -> None:
    if key.startswith(_HASHED):
        found = content_hash(file)
        if found != key.removeprefix(_HASHED):
            raise StorageError(
                f"what was fetched has SHA-256 {found}, not {key.removeprefix(_HASHED)}; run again"
            )
