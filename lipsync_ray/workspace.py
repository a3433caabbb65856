"""Where a job keeps what it has finished so far, and who may use it."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from lipsync_ray.artifact import remove_partials
from lipsync_ray.config import CacheSettings
from lipsync_ray.errors import OutputUnwritable

logger = logging.getLogger(__name__)


@contextmanager
def scan_folder(settings: CacheSettings) -> Iterator[Path]:
    """The folder of face scans: kept between runs, or private and removed at the end."""
    if settings.enabled:
        home = _make(settings.folder / "scans")
        prune(home, settings.keep_days)
        yield home
        return
    with private_folder() as folder:
        yield folder


@contextmanager
def job_folder(settings: CacheSettings, key: str) -> Iterator[Path]:
    """The folder of a job's artifacts. Removed when the job succeeds, kept for a resume when it fails.

    A second run of the same job at the same time gets a private folder of its own.
    """
    if not settings.enabled:
        with private_folder() as folder:
            yield folder
        return
    home = _make(settings.folder / "jobs")
    prune(home, settings.keep_days)
    lock = FileLock(home / f"{key}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        with private_folder() as folder:
            yield folder
        return
    try:
        folder = _make(home / key)
        os.utime(folder)  # in use from now on
        try:
            yield folder
        except BaseException:
            remove_partials(folder)
            raise
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        lock.release()
        Path(lock.lock_file).unlink(missing_ok=True)


def prune(home: Path, days: float) -> None:
    """Remove the folders in ``home`` that have not been used for so many days, unless a run holds one now."""
    limit = time.time() - days * 86_400
    for folder in home.iterdir():
        if not folder.is_dir() or folder.stat().st_mtime > limit:
            continue
        lock = FileLock(home / f"{folder.name}.lock")
        with suppress(Timeout, OSError), lock.acquire(timeout=0):
            logger.info("removing %s from the cache: unused for %g days", folder.name, days)
            shutil.rmtree(folder, ignore_errors=True)
            Path(lock.lock_file).unlink(missing_ok=True)


@contextmanager
def private_folder() -> Iterator[Path]:
    """A folder that nobody else knows or may read, removed at the end."""
    with tempfile.TemporaryDirectory(prefix="lipsync_ray-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _make(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputUnwritable(
            f"the cache folder {folder} cannot be made: {error.strerror}; set cache.dir to another"
        ) from error
    return folder
