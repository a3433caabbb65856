"""Locks on files of this machine, shared or for one alone; a killed process's locks go with it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lipsync_ray.errors import OutputUnwritable


@contextmanager
def locked(path: Path, *, shared: bool = False, wait: bool = True) -> Iterator[bool]:
    """Hold the lock of ``path``, which is made if needed; the value says whether it was got.

    Any number may hold it ``shared``, and nobody else while one holds it alone. Without ``wait`` one that is
    taken is not waited for. Threads exclude each other like processes do. The file may be
    removed by who holds it alone.

    Raises:
        OutputUnwritable: its folder is read-only or full, or on a disk that knows no locks.
    """
    kind = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB)
    try:
        handle = _taken(path, kind)
    except OSError as error:
        raise OutputUnwritable(f"cannot lock {path}: {error.strerror}; choose another cache.dir") from error
    try:
        yield handle is not None
    finally:
        if handle is not None:
            os.close(handle)


def _taken(path: Path, kind: int) -> int | None:
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(handle, kind)
            if _names(path, handle):
                return handle
        except BlockingIOError:
            os.close(handle)
            return None
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)  # removed while it was waited for: this lock means nothing any more


def _names(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(handle))
    except FileNotFoundError:
        return False
