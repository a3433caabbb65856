"""The workers of a run: how many there are, what each is doing, and which have to go.

A place in the crew is filled again when its worker dies; a place whose workers cannot even be set up is
given up after ``max_setup_failures`` failures in a row, and the run fails when no place is left.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

from lipsync_ray.distributed.events import Event, OnEvent
from lipsync_ray.distributed.pool import Pool
from lipsync_ray.distributed.settings import DispatchSettings
from lipsync_ray.distributed.tasks import TIMEOUT, Failure
from lipsync_ray.errors import WorkerSetupFailed

logger = logging.getLogger(__name__)

WAITING_S = 20.0  # without any worker for this long, say so once

Job = TypeVar("Job")


@dataclass(slots=True, kw_only=True)
class Member(Generic[Job]):
    """A worker as the dispatcher sees it. The first job of ``jobs`` runs, the others wait behind it."""

    worker: int
    state: Literal["starting", "setup", "ready", "suspect"] = "starting"
    since: float = field(default_factory=time.monotonic)  # entered ``state``, or began its first job
    jobs: deque[Job] = field(default_factory=deque)

    def become(self, state: Literal["setup", "ready", "suspect"]) -> None:
        """Enter a state now."""
        self.state = state
        self.since = time.monotonic()

    def elapsed(self) -> float:
        """Seconds since ``since``."""
        return time.monotonic() - self.since


class Crew(Generic[Job]):
    """Starts, replaces and loses workers of a pool; knows nothing of tasks but that a member holds some."""

    def __init__(self, pool: Pool, settings: DispatchSettings, on_event: OnEvent) -> None:
        self.members: dict[int, Member[Job]] = {}
        self._pool = pool
        self._settings = settings
        self._emit = on_event
        self._places = pool.size
        self._failures_in_a_row = 0
        self._waiting_since: float | None = None

    def ready(self) -> list[Member[Job]]:
        """Members that can be given a job."""
        return [member for member in self.members.values() if member.state == "ready"]

    def fill(self, wanted: int) -> None:
        """Start workers until there are ``wanted``, or as many as there are places."""
        while len(self.members) < min(wanted, self._places):
            worker = self._pool.start()
            self.members[worker] = Member(worker=worker)
            self._emit(Event(kind="worker_starting", worker=worker))

    def alive(self, worker: int, pid: int, node: str) -> None:
        """A worker's process is up."""
        self.members[worker].become("setup")
        logger.debug("worker %d is process %d on %s", worker, pid, node)

    def is_ready(self, worker: int, pid: int, node: str) -> None:
        """A worker is set up, or a suspect has answered."""
        member = self.members[worker]
        if member.state != "suspect":
            self._failures_in_a_row = 0
        member.become("ready")
        self._emit(Event(kind="worker_started", worker=worker, pid=pid, node=node))

    def setup_failed(self, worker: int, failure: Failure) -> None:
        """A worker could not be set up: replace it, or give its place up.

        Raises:
            WorkerSetupFailed: no place is left.
        """
        del self.members[worker]
        self._failures_in_a_row += 1
        text = f"{failure.code}: {failure.message}"
        logger.warning("worker %d cannot start: %s", worker, text)
        self._emit(
            Event(kind="worker_setup_failed", worker=worker, code=failure.code, message=failure.message)
        )
        if failure.retriable and self._failures_in_a_row < self._settings.max_setup_failures:
            return
        self._places -= 1
        if self._places < 1:
            raise WorkerSetupFailed(f"no worker can start: {text}") from failure.to_error()

    def lose(self, worker: int, failure: Failure) -> deque[Job]:
        """Strike a dead worker off; its jobs are returned, the one that ran first."""
        member = self.members.pop(worker)
        logger.warning("worker %d died: %s", worker, failure.message)
        self._emit(Event(kind="worker_died", worker=worker, code=failure.code, message=failure.message))
        return member.jobs

    def suspect(self, worker: int, failure: Failure) -> deque[Job]:
        """Put a silent worker aside and probe it; its jobs are returned, the one that ran first."""
        member = self.members[worker]
        jobs, member.jobs = member.jobs, deque()
        member.become("suspect")
        self._emit(Event(kind="worker_suspect", worker=worker, code=failure.code, message=failure.message))
        self._pool.probe(worker)
        return jobs

    def kill(self, worker: int, message: str) -> deque[Job]:
        """End a worker by force; its jobs are returned, the one that ran first."""
        member = self.members.pop(worker)
        self._pool.kill(worker)
        logger.warning("worker %d killed: %s", worker, message)
        self._emit(Event(kind="worker_killed", worker=worker, code=TIMEOUT, message=message))
        return member.jobs

    def overdue(self) -> list[Member[Job]]:
        """Members that have exceeded the limit of what they are doing."""
        return [m for m in self.members.values() if (limit := self.limit(m)) and m.elapsed() > limit]

    def limit(self, member: Member[Job]) -> float | None:
        """Seconds after ``member.since`` when it has to be ended; None: never."""
        if member.state == "setup":
            return self._settings.setup_timeout_s
        if member.state == "suspect":
            return self._settings.quarantine_s
        return self._settings.timeout_s if member.state == "ready" and member.jobs else None

    def note_waiting(self) -> None:
        """Say once when no worker has found a machine for a while."""
        if any(member.state != "starting" for member in self.members.values()):
            self._waiting_since = None
        elif self._waiting_since is None:
            self._waiting_since = time.monotonic()
        elif 0 < self._waiting_since < time.monotonic() - WAITING_S:
            message = "no worker has started yet: the cluster has no room for one"
            logger.warning(message)
            self._emit(Event(kind="waiting", message=message))
            self._waiting_since = float("inf")
