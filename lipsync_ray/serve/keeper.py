"""Removes what is old: ended jobs with their files, folders without a job, pieces that nobody took up."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lipsync_ray.config import CacheSettings
from lipsync_ray.errors import LipsyncError
from lipsync_ray.serve.keys import Keys
from lipsync_ray.serve.places import Places
from lipsync_ray.serve.store import JobStore
from lipsync_ray.serve_settings import ServeSettings
from lipsync_ray.storage.uri import is_remote, local_path
from lipsync_ray.workspace import prune

logger = logging.getLogger(__name__)

EVERY_S = 3600.0
_DAY_S = 86_400.0
_LOOK_S = 1.0  # between two looks at the clock


class Keeper:
    """Tidies up the service's folder.

    Args:
        store: jobs.
        places: their files.
        settings: how long ended jobs are kept.
        cache: where pieces of work are, and how long those are kept.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        store: JobStore,
        places: Places,
        settings: ServeSettings,
        cache: CacheSettings,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._places = places
        self._keep_s = settings.keep_days * _DAY_S
        self._keys = Keys(store, settings.upload_s, clock)
        self._cache = cache
        self._clock = clock
        self._last: float | None = None

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Tidy up at its hour, in a thread, until the end of the block: jobs may run without a pause."""
        over = threading.Event()
        thread = threading.Thread(target=self._run, args=(over,), name="keeper", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def tidy(self) -> None:
        """Remove what is old, if the last time was long enough ago. Raises StoreError."""
        now = self._clock()
        if self._last is not None and now - self._last < EVERY_S:
            return
        self._last = now
        self._remove_old(now)
        self._remove_lost(now)
        self._prune()

    def _run(self, over: threading.Event) -> None:
        while True:
            try:
                self.tidy()
            except (LipsyncError, OSError) as error:
                logger.warning("%s", error)
            if over.wait(_LOOK_S):
                return

    def _remove_old(self, now: float) -> None:
        for job in self._store.ended_before(now - self._keep_s):
            # The row goes first: a folder without a job is seen by nobody, and is found again.
            if self._store.remove(job.id):
                self._keys.forget_job(job.id)
                shutil.rmtree(self._places.job(job.id), ignore_errors=True)

    def _remove_lost(self, now: float) -> None:
        """Folders whose job was removed just before its process was killed, or never came to be."""
        for folder in self._places.jobs().iterdir():
            with suppress(OSError):
                if now - folder.stat().st_mtime > _DAY_S and self._store.get(folder.name) is None:
                    shutil.rmtree(folder)

    def _prune(self) -> None:
        if not self._cache.enabled or is_remote(self._cache.place):
            return
        for part in ("scans", "jobs"):
            home: Path = local_path(self._cache.place) / part
            if home.is_dir():
                prune(home, self._cache.keep_days)
