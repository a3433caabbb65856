"""Where a worker finds and leaves files: on the disk that it shares with the driver, or by copies."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, cast

from lipsync_ray.artifact import ChunkRecord, load_record
from lipsync_ray.distributed.depot import Depot, DepotFile, DepotShelf, deliver, fetch
from lipsync_ray.distributed.machine import machine_id
from lipsync_ray.errors import ObjectMissing, OutputUnwritable
from lipsync_ray.folders import default_cache_dir, private_folder
from lipsync_ray.storage import files
from lipsync_ray.storage.node_cache import NodeCache
from lipsync_ray.storage.shelf import FolderShelf, RemoteShelf, Shelf
from lipsync_ray.storage.uri import is_remote, join, local_path, name_of, suffix_of
from lipsync_ray.storage.whole import atomic_path


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSpec:
    """What a worker is told of the driver's files."""

    root: str  # the cache: a folder of the driver's machine, or an address in a store
    home: str  # machine_id() of the driver
    beacon: str = ""  # name of a file in the root: a machine that sees it shares the disk
    shared: bool | None = None  # whether all machines see the root; None: those that see the beacon
    copies: Path | None = None  # folder for copies on each machine; None: in its default cache
    copies_bytes: int = 50_000_000_000
    depot: Depot | None = None  # None: all workers are on the driver's machine


class Site:
    """The files of jobs as one process sees them; ``close`` removes what it has copied for itself.

    Folders are named as in the root, such as ``scans/NAME``: a process that sees the root works in it, any
    other one in copies of its own, which ``need`` fetches and ``publish`` brings back.
    """

    def __init__(self, spec: SiteSpec, *, driver: bool = False) -> None:
        self.spec = spec
        self._stack = ExitStack()
        self._home = driver or (spec.shared is not False and spec.home == machine_id())
        self._direct = not is_remote(spec.root) and (self._home or self._sees_root())
        copies = spec.copies or default_cache_dir() / "copies"
        self._copies = NodeCache(folder=copies, max_bytes=spec.copies_bytes)

    @property
    def direct(self) -> bool:
        """Whether this process works in the root itself."""
        return self._direct

    def folder(self, name: str) -> Path:
        """The folder of that name for this process, made if need be."""
        path = local_path(self.spec.root) / name if self._direct else self._scratch / name
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)  # faces and sounds of people
        except OSError as error:
            raise OutputUnwritable(
                f"the folder {path} cannot be made: {error.strerror}; set cache.dir to another"
            ) from error
        return path

    def names(self, name: str) -> set[str]:
        """Names of the files in a folder of the root."""
        return self._shelf(name).names()

    def need(self, name: str, wanted: Iterable[str]) -> Path:
        """The folder of that name, with the files that are wanted of it."""
        folder = self.folder(name)
        if not self._direct:
            shelf = self._shelf(name)
            for file in wanted:
                if not (folder / file).exists():
                    shelf.fetch(file, folder / file)
        return folder

    def publish(self, name: str, made: Iterable[str]) -> None:
        """Bring files of a folder to the root, in this order; what proves others whole comes last."""
        if not self._direct:
            folder, shelf = self.folder(name), self._shelf(name)
            for file in made:
                shelf.store(folder / file, file)

    def record(self, name: str, artifact: str, there: set[str]) -> ChunkRecord | None:
        """The record of a finished artifact in a folder; ``there`` are the folder's ``names``."""
        file = f"{artifact}.json"
        if self._direct:
            return load_record(self.folder(name), artifact)
        if file not in there:
            return None
        return load_record(self.need(name, [file]), artifact, trusted=True)

    def forget(self, name: str) -> None:
        """Remove a folder from the root, with all its files."""
        files.remove_folder(join(self.spec.root, name))

    def input(self, place: str, stack: ExitStack) -> Path:
        """An input file as a path of this machine, which stays until the stack is closed.

        Raises:
            ObjectMissing, StorageError: it cannot be had.
        """
        if not is_remote(place):
            path = local_path(place)
            depot = self.spec.depot
            if self._home or depot is None or self._is_same(path, depot):
                return path
            found = depot.stat(str(path))
            if found is None:
                raise ObjectMissing(f"{place} does not exist; check the name")
            key = f"{self.spec.home}|{path}|{found.size}|{found.mtime_ns}"
            return stack.enter_context(
                self._copies.hold(key, path.suffix, lambda target: fetch(depot, str(path), target))
            )
        found = files.stat(place)
        key = f"{place}|{found.size}|{found.mtime_ns}"
        return stack.enter_context(
            self._copies.hold(key, suffix_of(place), lambda target: files.download(place, target))
        )

    def look_into(self, place: str) -> Path | BinaryIO:
        """An input for those who read its header only: its path, or a file elsewhere, to be closed."""
        if is_remote(place):
            return files.open_seekable(place)
        path, depot = local_path(place), self.spec.depot
        if self._home or depot is None or self._is_same(path, depot):
            return path
        return cast(BinaryIO, io.BufferedReader(DepotFile(depot, str(path)), 1 << 18))

    @contextmanager
    def output(self, place: str) -> Iterator[Path]:
        """A path to write an output at, which is put in its place when the block ends well."""
        if not is_remote(place) and (self._home or self.spec.depot is None):
            with atomic_path(local_path(place)) as path:
                yield path
            return
        with private_folder() as folder:
            path = folder / name_of(place)
            yield path
            if is_remote(place):
                files.upload(path, place)
            elif self.spec.depot is not None:
                deliver(self.spec.depot, path, str(local_path(place)))

    def clear(self, place: str) -> None:
        """Remove a file that lies where an output could be, if there is one. Raises StorageError."""
        depot = self.spec.depot
        if is_remote(place) or self._home or depot is None:
            if files.exists(place):
                files.remove(place)
        else:
            depot.remove(str(local_path(place)))

    def close(self) -> None:
        """Remove this process's own copies."""
        self._stack.close()

    @cached_property
    def _scratch(self) -> Path:
        return self._stack.enter_context(private_folder())

    def _sees_root(self) -> bool:
        if self.spec.shared is not None:
            return self.spec.shared
        return bool(self.spec.beacon) and (local_path(self.spec.root) / self.spec.beacon).is_file()

    def _shelf(self, name: str) -> Shelf:
        if is_remote(self.spec.root):
            return RemoteShelf(uri=join(self.spec.root, name))
        if self._direct or self.spec.depot is None:
            return FolderShelf(folder=local_path(self.spec.root) / name)
        return DepotShelf(depot=self.spec.depot, folder=join(self.spec.root, name))

    def _is_same(self, path: Path, depot: Depot) -> bool:
        """Whether the driver's file and the one of that path here are one: a disk that both see."""
        if self.spec.shared is False:
            return False
        try:
            here = os.stat(path)
        except OSError:
            return False
        there = depot.stat(str(path))
        return there is not None and (there.size, there.mtime_ns) == (here.st_size, here.st_mtime_ns)
