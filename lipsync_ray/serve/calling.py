"""Callbacks: who asked for it is told when a job has ended."""

from __future__ import annotations

import hmac
import json
import logging
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import update

from lipsync_ray import __version__
from lipsync_ray.client.signing import DELIVERY, SIGNATURE, TIMESTAMP, sign
from lipsync_ray.errors import ConfigError, StoreError
from lipsync_ray.serve.api.shown import show
from lipsync_ray.serve.job import ServedJob
from lipsync_ray.serve.outbound import Outbound, Sent
from lipsync_ray.serve.places import Places
from lipsync_ray.serve.store import JobStore
from lipsync_ray.serve.tables import JOBS
from lipsync_ray.serve_settings import ServeSettings

log = logging.getLogger(__name__)

VARIABLE = "LIPSYNC_RAY_CALLBACK_SECRET"
SHORTEST = 16
WAITS_S = (10.0, 60.0, 300.0, 900.0, 2400.0)  # after each try that failed; then it is given up, after an hour
_LEASE_S = 60.0  # a try that takes longer belonged to a process that is gone
_AT_A_TIME = 8


def callback_secret(places: Places, environment: Mapping[str, str]) -> str:
    """What callbacks are signed with: ``LIPSYNC_RAY_CALLBACK_SECRET``, else made from the service's secret.

    Raises:
        ConfigError: the variable is too short.
        StorageError: the service's secret cannot be read.
    """
    if given := environment.get(VARIABLE):
        if len(given) < SHORTEST:
            raise ConfigError(
                f"{VARIABLE} must have {SHORTEST} characters or more: openssl rand -hex 24 makes one"
            )
        return given
    # Receivers have to know it, and must not be able to make session cookies.
    return hmac.digest(places.secret(), b"callbacks", "sha256").hex()


class Caller:
    """Makes the callbacks that are due. Several may run: each try is made by one of them.

    Args:
        store: where callbacks are due.
        settings: where they may go.
        secret: they are signed with it, see ``callback_secret``.
        places: files of jobs.
        outbound: sends; None: by the settings.
        clock: seconds since the epoch.
        poll_s: between two looks at the store.
    """

    def __init__(
        self,
        store: JobStore,
        settings: ServeSettings,
        secret: str,
        places: Places,
        *,
        outbound: Outbound | None = None,
        clock: Callable[[], float] = time.time,
        poll_s: float = 1.0,
    ) -> None:
        self._store = store
        self._outbound = outbound or Outbound(settings)
        self._secret = secret
        self._places = places
        self._clock = clock
        self._poll_s = poll_s

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set; what is due then is made by the next one."""
        while not stop.is_set():
            try:
                self.round()
            except StoreError as error:
                log.warning("callbacks wait: %s", error)
            stop.wait(self._poll_s)

    def round(self) -> int:
        """Make all callbacks that are due now; their number. Raises StoreError."""
        due = [job for job in self._store.calls_due(self._clock()) if self._taken(job)]
        if due:
            with ThreadPoolExecutor(min(_AT_A_TIME, len(due)), "callback") as pool:
                list(pool.map(self._call, due))
        return len(due)

    def _taken(self, job: ServedJob) -> bool:
        """Whether this caller has the next try of a job's callback."""
        mine = (JOBS.c.id == job.id, JOBS.c.calling == "due", JOBS.c.call_after == job.call_after)
        with self._store.writing() as connection:
            values = {"call_after": self._clock() + _LEASE_S, "calls": job.calls + 1}
            return bool(connection.execute(update(JOBS).where(*mine).values(**values)).rowcount)

    def _call(self, job: ServedJob) -> None:
        try:
            sent = self._sent(job)
        except Exception as error:  # one job's callback must not end the others'
            log.exception("callback of job %s", job.id)
            sent = Sent(status=0, why=type(error).__name__)
        done, tries = 200 <= sent.status < 300, job.calls + 1
        given_up = not done and tries > len(WAITS_S)
        if done:
            self._store.change(job.id, calling="sent")
            return
        log.warning("callback of job %s, try %d: %s %s", job.id, tries, sent.status or "", sent.why)
        if given_up:
            self._store.change(job.id, calling="failed")
        else:
            self._store.change(job.id, call_after=self._clock() + WAITS_S[tries - 1])

    def _sent(self, job: ServedJob) -> Sent:
        body = json.dumps(show(job, self._places, None), ensure_ascii=False).encode()
        timestamp, delivery = str(int(self._clock())), secrets.token_hex(16)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"lipsync-ray/{__version__}",
            TIMESTAMP: timestamp,
            DELIVERY: delivery,
            SIGNATURE: sign(self._secret, timestamp, delivery, body),
        }
        return self._outbound.post(job.callback, body, headers)
