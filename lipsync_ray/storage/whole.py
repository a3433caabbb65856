"""Files: what they hold (by hash), and how one appears whole or not at all."""

from __future__ import annotations

import errno
import glob
import hashlib
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from lipsync_ray.errors import MediaError, OutputUnwritable
from lipsync_ray.storage.locks import locked

BLOCK = 1 << 20  # bytes read at a time
ABANDONED_S = 86_400.0  # where a disk knows no locks, a file in the making so old has no writer
_FULL = (errno.ENOSPC, errno.EDQUOT)


def content_hash(path: str | Path) -> str:
    """SHA-256 of a file's bytes, in hex; a renamed or touched copy has the same.

    Raises:
        MediaError: the file cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with open(path, "rb", buffering=0) as file:
            while block := file.read(BLOCK):
                digest.update(block)
    except OSError as error:
        raise MediaError(f"cannot read {path}: {error.strerror}") from error
    return digest.hexdigest()


def check_folder(final: str | Path) -> Path:
    """The path, once it is known that a file can be written there.

    Raises:
        OutputUnwritable: its folder is missing or read-only, or the path is a folder.
    """
    final = Path(final)
    folder = final.parent
    if final.is_dir():
        raise OutputUnwritable(f"{final} is a folder; name the file to write")
    if not folder.is_dir():
        raise OutputUnwritable(f"the folder {folder} of {final.name} does not exist; create it first")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputUnwritable(f"the folder {folder} is read-only for this user")
    return final


@contextmanager
def atomic_path(final: str | Path) -> Iterator[Path]:
    """A hidden path beside ``final``, renamed onto it when the block ends well, removed when not.

    The name keeps the extension (containers are chosen by it) and is unlike any other, so that
    two processes writing the same output never meet. The bytes are on the disk before the name is. What a
    killed process left under such a name is removed: nobody holds its lock any more.

    Raises:
        OutputUnwritable: as ``check_folder``, or the file could not be written to the end.
    """
    final = check_folder(final)
    # The stem is shortened: a name may have 255 bytes, and this one is longer than the final one.
    stem = final.stem.encode()[:180].decode(errors="ignore")
    _remove_leftovers(final.parent, f".{glob.escape(stem)}.{'[0-9a-f]' * 12}{glob.escape(final.suffix)}")
    temp = final.parent / f".{stem}.{secrets.token_hex(6)}{final.suffix}"
    try:
        with _held(temp):
            yield temp
            _check_written(temp)
            settle(temp)
            os.replace(temp, final)
    except OutputUnwritable:
        raise
    except (OSError, MediaError) as error:
        reason = _trouble_of_disk(error, {str(temp), str(final)})
        if reason is None:
            raise
        raise OutputUnwritable(f"cannot write {final}: {reason}") from error
    finally:
        temp.unlink(missing_ok=True)
    _sync_folder(final.parent)


@contextmanager
def spare_path(temp: Path) -> Iterator[Path]:
    """Another path beside one that ``atomic_path`` has given, for a step on the way; removed at the end.

    What a killed process leaves of it is found like the other: by its name.
    """
    token = secrets.token_hex(6)
    plain, renamed = re.subn(r"\.[0-9a-f]{12}(?=\.[^.]*$)", f".{token}", temp.name)
    spare = temp.with_name(plain if renamed else f".{temp.stem}.{token}{temp.suffix}")
    try:
        with _held(spare):
            yield spare
    finally:
        spare.unlink(missing_ok=True)


@contextmanager
def _held(temp: Path) -> Iterator[None]:
    """Make a file and hold its lock (where the disk knows locks), so that nobody takes it for a leftover."""
    with ExitStack() as stack:
        with suppress(OutputUnwritable):
            stack.enter_context(locked(temp))
            os.utime(temp, (0, 0))
        yield


def _check_written(temp: Path) -> None:
    """Tell a file that was only made from one that was written: any writing sets its time."""
    status = temp.stat()
    if status.st_size == 0 and status.st_mtime_ns == 0:
        raise FileNotFoundError(errno.ENOENT, "nothing was written", str(temp))


def _trouble_of_disk(error: BaseException | None, ours: set[str]) -> str | None:
    """Why a file cannot be written, if that is what an error is about; an encoder's tells by its cause.

    Errors of a codec or of a library that happen to be OSErrors have no path of ours in them.
    """
    while error is not None:
        if isinstance(error, OSError) and (error.errno in _FULL or error.filename in ours):
            return error.strerror
        error = error.__cause__
    return None


def _remove_leftovers(folder: Path, pattern: str) -> None:
    limit = time.time() - ABANDONED_S
    for path in folder.glob(pattern):
        with suppress(OSError):  # somebody else removes it, or it is not ours
            try:
                with locked(path, wait=False) as got:
                    if got:
                        path.unlink()
            except OutputUnwritable:  # a disk without locks, or somebody else's file
                if 0 < path.stat().st_mtime < limit:
                    path.unlink()


def settle(path: Path) -> None:
    """Wait until the bytes of a file are on the disk."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable, where the system allows opening a folder."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:  # network file systems may refuse; the rename stands all the same
        pass
    finally:
        os.close(handle)
