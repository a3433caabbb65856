"""Files by name, wherever they are: on this machine's disks or in a store."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from glob import glob as glob_here
from pathlib import Path
from stat import S_ISDIR
from typing import BinaryIO, Literal, cast

from lipsync_ray.errors import ObjectMissing, OutputUnwritable, StorageRefused
from lipsync_ray.storage import remote
from lipsync_ray.storage.globbing import fixed_part, is_wild, matching
from lipsync_ray.storage.trouble import told
from lipsync_ray.storage.uri import filesystem, is_remote, local_path, parsed
from lipsync_ray.storage.whole import atomic_path

BLOCK = 1 << 20  # bytes read from a disk at a time
AHEAD = 1 << 18  # bytes that a file opened for its header reads at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Stat:
    """A file as its store knows it: bytes, and when it was written (ns since 1970; None if not kept)."""

    size: int
    mtime_ns: int | None


def stat(place: str) -> Stat:
    """Size and age of a file.

    Raises:
        ObjectMissing: it is not there.
        StorageError: it is a folder, or its store cannot be asked.
    """
    found = _look(place)
    if found is None:
        raise ObjectMissing(f"{place} does not exist; check the name")
    if found == "folder":
        raise StorageRefused(f"{place} is a folder; name a file")
    return found


def exists(place: str) -> bool:
    """Whether there is a file (no folder) of this name. Raises StorageError if its store cannot be asked."""
    return isinstance(_look(place), Stat)


def read_bytes(place: str) -> bytes:
    """All of a file. Raises ObjectMissing, StorageError."""
    return b"".join(_pieces(place))


def write_bytes(place: str, data: bytes) -> None:
    """Write a file, whole or not at all. Raises OutputUnwritable on a disk, StorageError in a store."""
    if is_remote(place):
        remote.put(place, [data])
        return
    with _written(local_path(place)) as temp:
        temp.write_bytes(data)


def download(place: str, path: Path) -> None:
    """Copy a file from anywhere to a path of this machine, whole or not at all.

    Raises:
        ObjectMissing, StorageError: it cannot be read.
        OutputUnwritable: the path cannot be written.
    """
    with _written(path) as temp, temp.open("wb") as out:
        for piece in _pieces(place):
            out.write(piece)


def upload(path: Path, place: str) -> None:
    """Copy a file of this machine to anywhere, whole or not at all. Raises as ``download``."""
    if not is_remote(place):
        download(str(path), local_path(place))
        return
    remote.put(place, _local_pieces(str(path), remote.PIECE))


def list_names(place: str) -> list[str]:
    """Sorted names of the files in a folder, not below it; hidden ones, as files in the making, are left out.

    A folder that does not exist has none: stores do not tell it from an empty one.
    """
    if is_remote(place):
        found = [path.rsplit("/", 1)[-1] for path in _listed(parsed(place).path, place, recursive=False)]
    else:
        folder = local_path(place)
        with told(place):
            found = [path.name for path in folder.iterdir() if path.is_file()] if folder.exists() else []
    return sorted(name for name in found if not name.startswith("."))


def glob(pattern: str) -> list[str]:
    """Sorted places of the files that fit a pattern with ``*``, ``?``, ``[ab]`` and ``**`` (any folders).

    A name without wildcards stands for itself if it exists; ``[*]`` is a star. Names below hidden folders
    and hidden names need a pattern that starts with a dot.
    """
    if not is_remote(pattern):
        found = glob_here(str(local_path(pattern)), recursive=True)
        return sorted(path for path in found if Path(path).is_file())
    address = parsed(pattern)
    if not is_wild(address.path):
        return [pattern] if exists(pattern) else []
    base, parts = fixed_part(address.path)
    if not base:
        raise StorageRefused(f"{pattern} has a wildcard for its bucket; name the bucket")
    deep = len(parts) > 1 or "**" in parts
    head = pattern[: pattern.index("://") + 3]
    account = f"@{address.account}" if address.account else ""
    return [
        f"{head}{address.bucket}{account}{path.removeprefix(address.bucket)}"
        for path in matching(_listed(base, pattern, recursive=deep), base, parts)
    ]


def remove(place: str) -> None:
    """Remove a file; it is no error if there is none. Raises StorageError."""
    if not is_remote(place):
        with told(place):
            local_path(place).unlink(missing_ok=True)
        return
    try:
        with told(place):
            store, path = filesystem(place)
            store.delete_file(path)
    except ObjectMissing:
        return


def remove_folder(place: str) -> None:
    """Remove a folder with all that is in it; it is no error if there is none. Raises StorageError.

    A store is asked for many files at once, not once for each.
    """
    if not is_remote(place):
        folder = local_path(place)
        if folder.exists():
            with told(place):
                shutil.rmtree(folder)
        return
    try:
        with told(place):
            store, path = filesystem(place)
            store.delete_dir(path)
    except ObjectMissing:
        return


def open_seekable(place: str) -> BinaryIO:
    """A file for those who read a little here and there, such as a container's header. To be closed.

    Raises:
        ObjectMissing, StorageError: it cannot be read; later reads raise StorageError too.
    """
    if is_remote(place):
        return cast(BinaryIO, io.BufferedReader(remote.Seekable(place), AHEAD))
    with told(place):
        return local_path(place).open("rb")


def _look(place: str) -> Stat | Literal["folder"] | None:
    if is_remote(place):
        from pyarrow.fs import FileType

        info = remote.info(place)
        if info.type == FileType.NotFound:
            return None
        return Stat(size=info.size or 0, mtime_ns=info.mtime_ns) if info.type == FileType.File else "folder"
    path = local_path(place)
    try:
        with told(place):
            found = path.stat()
    except ObjectMissing:
        return None
    return "folder" if S_ISDIR(found.st_mode) else Stat(size=found.st_size, mtime_ns=found.st_mtime_ns)


def _pieces(place: str) -> Iterator[bytes]:
    return remote.pieces(place) if is_remote(place) else _local_pieces(str(local_path(place)), BLOCK)


def _local_pieces(place: str, length: int) -> Iterator[bytes]:
    with told(place):
        file = open(place, "rb", buffering=0)
    with file:
        while True:
            with told(place):
                piece = file.read(length)
            if not piece:
                return
            yield piece


@contextmanager
def _written(final: Path) -> Iterator[Path]:
    """As ``atomic_path``; all that the system says about writing is OutputUnwritable."""
    try:
        with atomic_path(final) as temp:
            yield temp
    except OSError as error:
        raise OutputUnwritable(f"cannot write {final}: {error.strerror or error}") from error


def _listed(path: str, place: str, *, recursive: bool) -> list[str]:
    from pyarrow import fs

    with told(place):
        store, _ = filesystem(place)
        found = store.get_file_info(fs.FileSelector(path, allow_not_found=True, recursive=recursive))
        return [info.path for info in found if info.type == fs.FileType.File]
