"""Where a job keeps what it has finished so far, and who may use it."""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from lipsync_ray.artifact import remove_partials
from lipsync_ray.config import CacheSettings
from lipsync_ray.errors import OutputUnwritable
from lipsync_ray.folders import private_folder
from lipsync_ray.storage.uri import is_remote, local_path

logger = logging.getLogger(__name__)


@contextmanager
def open_root(settings: CacheSettings) -> Iterator[str]:
    """The place of scans and of unfinished jobs: kept between runs, or private and removed at the end."""
    if not settings.enabled:
        with private_folder() as folder:
            yield str(folder)
        return
    if not is_remote(settings.place):  # a store has rules of its own for what is old
        for part in ("scans", "jobs"):
            prune(_make(local_path(settings.place) / part), settings.keep_days)
    yield settings.place


@contextmanager
def job_folder(home: Path, key: str) -> Iterator[Path]:
    """The folder of a job's artifacts in ``home``. Removed when the job succeeds, kept when it fails.

    A second run of the same job at the same time gets a folder of its own, which is always removed.
    """
    _make(home)
    with ExitStack() as stack:
        try:
            stack.enter_context(_held(home, key))
            folder, keep = home / key, True
        except Timeout:
            key = f"{key}-{secrets.token_hex(4)}"
            stack.enter_context(_held(home, key))
            folder, keep = home / key, False
        _make(folder)
        os.utime(folder)  # in use from now on
        remove_partials(folder)  # of a run that was killed
        try:
            yield folder
        except BaseException:
            remove_partials(folder)
            if not keep:
                shutil.rmtree(folder, ignore_errors=True)
            raise
        shutil.rmtree(folder, ignore_errors=True)


def prune(home: Path, days: float) -> None:
    """Remove the folders in ``home`` that have not been used for so many days, unless a run holds one now."""
    limit = time.time() - days * 86_400
    for folder in home.iterdir():
        with suppress(Timeout, OSError):  # in use, or another run is removing it
            if folder.is_dir() and folder.stat().st_mtime < limit:
                with _held(home, folder.name):
                    logger.info("removing %s from the cache: unused for %g days", folder.name, days)
                    shutil.rmtree(folder, ignore_errors=True)


def remove_unheld(folder: Path) -> None:
    """Remove a folder of artifacts, if it is there and no run holds it."""
    if folder.is_dir():
        with suppress(Timeout), _held(folder.parent, folder.name):
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _held(home: Path, name: str) -> Iterator[None]:
    """Hold the lock of the folder ``name`` in ``home``; its file goes while it is held.

    Raises:
        Timeout: another process holds it.
    """
    with FileLock(home / f"{name}.lock", timeout=0) as lock:
        try:
            yield
        finally:
            Path(lock.lock_file).unlink(missing_ok=True)


def _make(folder: Path) -> Path:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise OutputUnwritable(
            f"the cache folder {folder} cannot be made: {error.strerror}; set cache.dir to another"
        ) from error
    return folder
