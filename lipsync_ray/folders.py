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
FRESH_S = 60.0  # a folder younger than this may not be locked yet


def default_cache_dir() -> Path:
    """``$LIPSYNC_RAY_CACHE``, else ``lipsync_ray`` below ``$XDG_CACHE_HOME`` or ``~/.cache``."""
    if own := os.environ.get("LIPSYNC_RAY_CACHE"):
        return Path(own).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lipsync_ray"


@contextmanager
def private_folder(longest: int | None = None) -> Iterator[Path]:
    """An empty folder that no other user may enter, removed at the end.

    Folders whose process was killed are found by their free locks and removed as well.

    Args:
        longest: characters that the path may have; where the temporary folder's own path is too long for
            it, the new one is made in ``/tmp``.
    """
    base = Path(tempfile.gettempdir()).resolve()
    if longest is not None and len(str(base / PREFIX)) + 8 + len("/x") > longest:  # 8 random characters
        base = Path("/tmp")  # nosec B108
    _remove_leftovers(base)
    home = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))  # mode 0700, and a name that nobody can guess
    try:
        from filelock import FileLock

        with FileLock(_lock_of(home), timeout=0):
            folder = home / "x"
            folder.mkdir()
            yield folder
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _lock_of(home: Path) -> Path:
    return home / "in-use.lock"


def _remove_leftovers(base: Path) -> None:
    """Remove folders of this user whose process is gone: the system releases the lock of a killed one."""
    from filelock import FileLock, Timeout

    for home in base.glob(f"{PREFIX}*"):
        with suppress(OSError, Timeout):
            status = home.stat()
            fresh = time.time() - status.st_mtime < FRESH_S
            if status.st_uid == os.getuid() and not fresh and _lock_of(home).exists():
                with FileLock(_lock_of(home), timeout=0):
                    shutil.rmtree(home, ignore_errors=True)
