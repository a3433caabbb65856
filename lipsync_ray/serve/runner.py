"""The part of the service that works: one at a time has the jobs, others stand by."""

from __future__ import annotations

import importlib.util
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from lipsync_ray.config import Config
from lipsync_ray.errors import LipsyncError, StoreError
from lipsync_ray.jobs.machines import open_machines
from lipsync_ray.overrides import load_config
from lipsync_ray.serve.keeper import Keeper
from lipsync_ray.serve.orders import base_words
from lipsync_ray.serve.pairing import check_pair
from lipsync_ray.serve.places import Places
from lipsync_ray.serve.shift import BEAT_S, Shift
from lipsync_ray.serve.store import JobStore
from lipsync_ray.serve_settings import ServeSettings
from lipsync_ray.storage.locks import locked
from lipsync_ray.threads import one_thread_each

logger = logging.getLogger(__name__)

_WAITS_S = (1.0, 2.0, 5.0, 15.0, 60.0)  # before machines that broke are opened again


class Runner:
    """Works on the jobs of a store until it is told to stop. Machines are opened for the first job, and kept.

    Any number may run on one folder: the one that holds its lock works, and when it is gone, however it went,
    another takes over with what it had on its way.

    Args:
        store: jobs.
        places: their files, and the lock.
        words: of the operator, under those of every job.
        settings: limits.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        store: JobStore,
        places: Places,
        words: Sequence[str],
        settings: ServeSettings,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._places = places
        self._base = base_words(words, places)
        self._settings = settings
        self._clock = clock

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set and what runs then is finished; jobs that go on are queued again.

        Raises:
            ConfigError: the words are wrong, or the folder is another database's.
        """
        config = load_config([*self._base, "video=none"])
        with one_thread_each(), self._alone(stop) as mine:
            if mine and self._taken_over(stop):
                keeper = Keeper(self._store, self._places, self._settings, config.cache, self._clock)
                with keeper.at_work():
                    self._work(config, stop)

    @contextmanager
    def _alone(self, stop: threading.Event) -> Iterator[bool]:
        """Hold the lock, once it is free; False: ``stop`` came first."""
        while not stop.is_set():
            with locked(self._places.runner_lock(), wait=False) as got:
                if got:
                    yield True
                    return
            stop.wait(BEAT_S)
        yield False

    def _taken_over(self, stop: threading.Event) -> bool:
        """Queue what the one before has left behind; False: ``stop`` came first."""
        while not stop.is_set():
            try:
                check_pair(self._store, self._places)
                if left := self._store.put_back():
                    logger.warning("%d jobs were on their way when the service ended: they go on", len(left))
                return True
            except StoreError as error:
                logger.warning("%s", error)
                stop.wait(1.0)
        return False

    def _work(self, config: Config, stop: threading.Event) -> None:
        broken = 0
        while self._awaited(stop):
            shift = Shift(self._store, self._places, self._base, self._settings, stop, self._clock)
            begun = time.monotonic()
            try:
                with open_machines(
                    config, networks=_networks(config), metering=shift.metering, on_event=shift.event
                ) as machines:
                    while self._awaited(stop):
                        shift.work(machines)
                        broken = 0
            except Exception as error:  # of the machines: those of jobs are theirs
                unforeseen = not isinstance(error, LipsyncError)
                logger.error("the machines are opened again: %s", error, exc_info=unforeseen)
                broken = 0 if time.monotonic() - begun > 10 * _WAITS_S[-1] else broken + 1
                shift.put_back("the machines did not work, and are opened again", begun=unforeseen)
            else:
                shift.put_back()
            if broken:
                stop.wait(_WAITS_S[min(broken, len(_WAITS_S)) - 1])

    def _awaited(self, stop: threading.Event) -> bool:
        """Wait for a job; False: ``stop`` came first."""
        while not stop.is_set():
            try:
                if self._store.queued(1):
                    return True
            except StoreError as error:
                logger.warning("%s", error)
            stop.wait(BEAT_S)
        return False


def _networks(config: Config) -> bool:
    """Whether GPUs could be of use to any job that may be asked for."""
    return config.compute.device != "cpu" and importlib.util.find_spec("torch") is not None
