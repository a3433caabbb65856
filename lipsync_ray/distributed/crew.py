"""The workers of a run: how many there are, what each is doing, and which have to go.

A place in the crew is filled again when its worker dies; a place whose workers cannot even be set up is
given up after ``max_setup_failures`` failures in a row, for some minutes, and the run fails when no place of
a lane is left.
"""

from __future__ import annotations

import logging
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from lipsync_ray.distributed.events import Event, Kind, OnEvent
from lipsync_ray.distributed.pool import Pool
from lipsync_ray.distributed.settings import DispatchSettings
from lipsync_ray.distributed.tasks import Failure
from lipsync_ray.distributed.work import Work
from lipsync_ray.errors import TimeLimit, WorkerSetupFailed

logger = logging.getLogger(__name__)

AGAIN_S = 600.0  # after which a place that was given up is tried again
WAITING_S = 20.0  # without any worker for this long, say so once


@dataclass(slots=True, kw_only=True)
class Member:
    """A worker as the dispatcher sees it. The first of ``jobs`` runs, the others wait behind it."""

    worker: int
    lane: str
    since: float  # entered ``state``, or began its first job
    state: Literal["starting", "setup", "ready", "suspect"] = "starting"
    jobs: deque[Work] = field(default_factory=deque)
    done: int = 0  # tasks that came back
    pid: int = 0
    node: str = ""


class Crew:
    """Starts, replaces and loses workers of a pool; of tasks it knows only that a member holds some."""

    def __init__(
        self, pool: Pool, settings: DispatchSettings, on_event: OnEvent, clock: Callable[[], float]
    ) -> None:
        self.members: dict[int, Member] = {}
        self._pool = pool
        self._settings = settings
        self._emit = on_event
        self._clock = clock
        self._given_up: dict[str, list[float]] = defaultdict(list)  # by lane: when each place was
        self._failures_in_a_row: dict[str, int] = defaultdict(int)
        self._waiting_since: float | None = None

    def places(self, lane: str) -> int:
        """Workers that a lane may have now; never none, as machines may leave after places were given up.

        A place that was given up is tried again later: what kept it from starting may pass, as a full disk.
        """
        return max(1, self._pool.lanes().get(lane, 0) - self._lacking(lane))

    def idle(self) -> bool:
        """Whether nobody does anything that is still wanted."""
        return all(not member.jobs or member.jobs[0].ended for member in self.members.values())

    def busy_with(self, prefix: str) -> bool:
        """Whether a member holds a task whose key begins so, wanted or not."""
        return any(work.task.key.startswith(prefix) for one in self.members.values() for work in one.jobs)

    def elapsed(self, member: Member) -> float:
        """Seconds since ``member.since``."""
        return self._clock() - member.since

    def become(self, member: Member, state: Literal["setup", "ready", "suspect"]) -> None:
        """Let a member enter a state now."""
        member.state = state
        member.since = self._clock()

    def ready(self, lane: str) -> list[Member]:
        """Members of a lane that can be given a job; one that has done its share of tasks cannot."""
        share = self._settings.recycle_after
        return [
            member
            for member in self.members.values()
            if member.lane == lane and member.state == "ready" and (share is None or member.done < share)
        ]

    def fill(self, lane: str, wanted: int) -> None:
        """Start workers of a lane until there are ``wanted``, or as many as there are places."""
        present = sum(member.lane == lane for member in self.members.values())
        for _ in range(min(wanted, self.places(lane)) - present):
            worker = self._pool.start(lane)
            self.members[worker] = Member(worker=worker, lane=lane, since=self._clock())
            self._emit(Event(kind="worker_starting", worker=worker, lane=lane))

    def alive(self, worker: int, pid: int, node: str) -> None:
        """A worker's process is up."""
        member = self.members[worker]
        member.pid, member.node = pid, node
        self.become(member, "setup")
        logger.debug("worker %d is process %d on %s", worker, pid, node)

    def is_ready(self, worker: int) -> None:
        """A worker is set up, or a suspect has answered."""
        member = self.members[worker]
        if member.state != "suspect":
            self._failures_in_a_row[member.lane] = 0
        self.become(member, "ready")
        self._emit(
            Event(kind="worker_started", worker=worker, pid=member.pid, node=member.node, lane=member.lane)
        )

    def setup_failed(self, worker: int, failure: Failure) -> None:
        """A worker could not be set up: replace it, or give its place up.

        Raises:
            WorkerSetupFailed: no place and no worker is left in its lane.
        """
        lane = self.members.pop(worker).lane
        self._failures_in_a_row[lane] += 1
        text = f"{failure.code}: {failure.message}"
        logger.warning("worker %d cannot start: %s", worker, text)
        self._tell("worker_setup_failed", worker, failure)
        if failure.retriable and self._failures_in_a_row[lane] < self._settings.max_setup_failures:
            return
        self._given_up[lane].append(self._clock())
        left = any(member.lane == lane for member in self.members.values())
        if not left and self._lacking(lane) >= self._pool.lanes().get(lane, 0):
            raise WorkerSetupFailed(f"no worker can start: {text}") from failure.to_error()

    def _lacking(self, lane: str) -> int:
        """Places of a lane that were given up; where others work, not longer than ``AGAIN_S`` ago."""
        if any(member.lane == lane and member.state == "ready" for member in self.members.values()):
            now = self._clock()
            self._given_up[lane] = [since for since in self._given_up[lane] if now - since < AGAIN_S]
        return len(self._given_up[lane])

    def lose(self, worker: int, failure: Failure) -> deque[Work]:
        """Strike a dead worker off; its jobs are returned, the one that ran first."""
        member = self.members.pop(worker)
        logger.warning("worker %d died: %s", worker, failure.message)
        self._tell("worker_died", worker, failure)
        return member.jobs

    def suspect(self, worker: int, failure: Failure) -> deque[Work]:
        """Put a silent worker aside and probe it; its jobs are returned, the one that ran first."""
        member = self.members[worker]
        jobs, member.jobs = member.jobs, deque()
        self.become(member, "suspect")
        self._tell("worker_suspect", worker, failure)
        self._pool.probe(worker)
        return jobs

    def kill(self, worker: int, message: str) -> deque[Work]:
        """End a worker by force; its jobs are returned, the one that ran first."""
        member = self.members.pop(worker)
        self._pool.kill(worker)
        logger.warning("worker %d killed: %s", worker, message)
        self._tell("worker_killed", worker, Failure(code=TimeLimit.code, message=message))
        return member.jobs

    def recycle(self) -> None:
        """End idle workers that have done their share of tasks; ``fill`` starts fresh ones."""
        share = self._settings.recycle_after
        if share is None:
            return
        for member in list(self.members.values()):
            if member.done >= share and not member.jobs and member.state == "ready":
                del self.members[member.worker]
                self._pool.kill(member.worker)
                self._emit(Event(kind="worker_recycled", worker=member.worker))

    def note_waiting(self) -> None:
        """Say once when no worker has found a machine for a while."""
        if any(member.state != "starting" for member in self.members.values()):
            self._waiting_since = None
        elif self._waiting_since is None:
            self._waiting_since = self._clock()
        elif self._waiting_since < self._clock() - WAITING_S:
            message = "no worker has started yet: the cluster has no room for one"
            logger.warning(message)
            self._emit(Event(kind="waiting", message=message))
            self._waiting_since = float("inf")

    def _tell(self, kind: Kind, worker: int, failure: Failure) -> None:
        self._emit(Event(kind=kind, worker=worker, code=failure.code, message=failure.message))
