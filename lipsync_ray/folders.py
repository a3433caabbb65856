"""Folders of this machine: the cache that runs share, and private ones that go with the process."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX = "lsr-"
INSIDE = "x"  # what is given away, beside the lock
FRESH_S = 60.0  # a folder younger than this may not be locked yet


def default_cache_dir() -> Path:
    """``$LIPSYNC_RAY_CACHE``, else ``lipsync_ray`` below ``$XDG_CACHE_HOME`` or ``~/.cache``."""
    if own := os.environ.get("LIPSYNC_RAY_CACHE"):
        return Path(own).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lipsync_ray"


@contextmanager
def private_folder(longest: int | None = None) -> Iterator[Path]:
    """An empty folder that no other user may enter, removed at the end.

    Folders whose process was killed are found by their free locks and removed as well. Whatever is in one
    is therefore made after its lock, and goes before it.

    Args:
        longest: characters that the path may have; where the temporary folder's own path is too long for
            it, the new one is made in ``/tmp``.
    """
    base = Path(tempfile.gettempdir()).resolve()
    if longest is not None and len(str(base / f"{PREFIX}8 random" / INSIDE)) > longest:
        base = Path("/tmp")  # nosec B108
    _remove_leftovers(base)
    home = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))  # mode 0700, and a name that nobody can guess
    try:
        from filelock import FileLock

        with FileLock(_lock_of(home), timeout=0):
            folder = home / INSIDE
            folder.mkdir()
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _lock_of(home: Path) -> Path:
    return home / "in-use.lock"


def _remove_leftovers(base: Path) -> None:
    """Remove folders of this user whose process is gone: the system releases the lock of a killed one.

    One without a lock goes if it is empty; with files in it, it is somebody else's.
    """
    from filelock import FileLock, Timeout

    for home in base.glob(f"{PREFIX}*"):
        with suppress(OSError, Timeout):
            status = home.stat()
            fresh = time.time() - status.st_mtime < FRESH_S
            if status.st_uid != os.getuid() or fresh:
                continue
            if not _lock_of(home).exists():
                home.rmdir()
                continue
            with FileLock(_lock_of(home), timeout=0):
                shutil.rmtree(home / INSIDE, ignore_errors=True)
                shutil.rmtree(home, ignore_errors=True)
