"""Hands tasks to workers, longest first, until each has a result or is given up.

Ray's own retries are not enough here: they burn out while a dead node is not yet known to be dead, and bind
a task to a worker that may never come back; its ActorPool and its data library lose items. So the queue is
the driver's: a worker holds one running task and one behind it, and whatever a worker loses goes back.
"""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lipsync_ray.distributed.crew import Crew, Member
from lipsync_ray.distributed.events import Event, Kind, OnEvent, ignore
from lipsync_ray.distributed.pool import Alive, Finished, Lost, Pool, Ready, Report, SetupFailed
from lipsync_ray.distributed.settings import DispatchSettings
from lipsync_ray.distributed.tasks import TIMEOUT, Failure, Outcome, Task

MAX_WAIT_S = 2.0  # a signal to the driver, or a limit that has passed, is seen after this at the latest


@dataclass(slots=True, kw_only=True)
class _Job:
    """A task on its way; ``attempts`` are those that count."""

    task: Task
    order: int
    attempts: int = 0

    def __lt__(self, other: _Job) -> bool:
        return (-self.task.cost, self.order) < (-other.task.cost, other.order)


class Dispatcher:
    """Runs tasks on the workers of a pool; workers stay set up from one ``run`` to the next.

    Args:
        pool: where the workers are; whoever opened it closes it.
        settings: attempts and time limits.
        on_event: told everything that happens, in order, from the thread that iterates.
    """

    def __init__(
        self, pool: Pool, settings: DispatchSettings | None = None, on_event: OnEvent = ignore
    ) -> None:
        self._pool = pool
        self._settings = settings or DispatchSettings()
        self._emit = on_event
        self._crew: Crew[_Job] = Crew(pool, self._settings, on_event)
        self._where: dict[int, tuple[int, str]] = {}  # process and machine of each worker
        self._queue: list[_Job] = []
        self._open: set[str] = set()  # keys without an outcome yet
        self._ended: deque[Outcome] = deque()
        self._orders = itertools.count()

    def add(self, tasks: Iterable[Task]) -> None:
        """Queue tasks; allowed while ``outcomes`` is being iterated.

        Raises:
            ValueError: a key is already waiting for its outcome.
        """
        for task in tasks:
            if task.key in self._open:
                raise ValueError(f"two tasks have the key {task.key!r}")
            self._open.add(task.key)
            heapq.heappush(self._queue, _Job(task=task, order=next(self._orders)))

    def outcomes(self) -> Iterator[Outcome]:
        """Yield an outcome per task in order of completion, until none is open.

        If the iteration is broken off (an error, a signal, ``close``), busy workers are killed.

        Raises:
            WorkerSetupFailed: no worker can be started.
        """
        try:
            while self._open or self._ended:
                while self._ended:
                    yield self._ended.popleft()
                if self._open:
                    self._step()
        finally:
            self._abandon()

    def run(self, tasks: Iterable[Task]) -> Iterator[Outcome]:
        """``add`` and ``outcomes`` in one."""
        self.add(tasks)
        return self.outcomes()

    def _step(self) -> None:
        self._crew.fill(len(self._open))
        self._hand_out()
        for report in self._pool.wait(self._patience()):
            if report.worker in self._crew.members:
                self._take(report)
        for member in self._crew.overdue():
            self._end_overdue(member)
        self._crew.note_waiting()

    def _hand_out(self) -> None:
        """Give every idle worker a task, then each a second one.

        The last tasks, one for each worker, are not handed out in advance: they go to whoever is free
        first, instead of waiting behind a long one.
        """
        ready = self._crew.ready()
        for depth in range(self._settings.in_flight):
            for member in ready:
                if not self._queue or (depth > 0 and len(self._queue) <= len(ready)):
                    return
                if len(member.jobs) <= depth:
                    self._give(member, heapq.heappop(self._queue))

    def _give(self, member: Member[_Job], job: _Job) -> None:
        member.jobs.append(job)
        self._pool.submit(member.worker, job.task.key, job.task.payload)
        if len(member.jobs) == 1:
            self._begin(member)

    def _begin(self, member: Member[_Job]) -> None:
        """The first job of ``member`` is taken to run from now on."""
        member.become("ready")
        job = member.jobs[0]
        self._emit(Event(kind="started", task=job.task.key, worker=member.worker, attempt=job.attempts + 1))

    def _patience(self) -> float:
        limits = [
            limit - member.elapsed()
            for member in self._crew.members.values()
            if (limit := self._crew.limit(member)) is not None
        ]
        return max(0.0, min([MAX_WAIT_S, *limits]))

    def _take(self, report: Report) -> None:
        match report:
            case Finished():
                self._finished(report)
            case Alive():
                self._where[report.worker] = (report.pid, report.node)
                self._crew.alive(report.worker, report.pid, report.node)
            case Ready():
                self._crew.is_ready(report.worker, *self._where[report.worker])
            case SetupFailed():
                self._crew.setup_failed(report.worker, report.failure)
            case Lost():
                self._lost(report)

    def _finished(self, report: Finished) -> None:
        member = self._crew.members[report.worker]
        job, seconds = member.jobs.popleft(), member.elapsed()
        if job.task.key != report.key:
            raise AssertionError(f"worker {report.worker} returned {report.key!r} before {job.task.key!r}")
        if isinstance(report.result, Failure):
            self._failed_attempt(job, report.result, member.worker, seconds)
        else:
            done = Outcome(key=job.task.key, result=report.result, attempts=job.attempts + 1, seconds=seconds)
            self._end(done, member.worker)
        if member.jobs:
            self._begin(member)

    def _lost(self, report: Lost) -> None:
        """A worker died or went silent. The task that ran is to blame; those behind it never began."""
        member, failure = self._crew.members[report.worker], report.failure
        if member.state in ("starting", "setup") and not report.preempted:
            if report.suspect:
                self._pool.kill(report.worker)
            self._crew.setup_failed(report.worker, failure)
            return
        seconds = member.elapsed()
        part = self._crew.suspect if report.suspect else self._crew.lose
        self._return(part(report.worker, failure), failure, report.worker, seconds, free=report.preempted)

    def _end_overdue(self, member: Member[_Job]) -> None:
        seconds = member.elapsed()
        if member.state == "setup":
            failure = Failure(code=TIMEOUT, message=f"the set-up took longer than {seconds:.0f} s")
            self._pool.kill(member.worker)
            self._crew.setup_failed(member.worker, failure)
            return
        what = "no answer" if member.state == "suspect" else f"task {member.jobs[0].task.key} still runs"
        failure = Failure(code=TIMEOUT, message=f"{what} after {seconds:.0f} s")
        self._return(self._crew.kill(member.worker, failure.message), failure, member.worker, seconds)

    def _return(
        self, jobs: deque[_Job], failure: Failure, worker: int, seconds: float, *, free: bool = False
    ) -> None:
        """Queue the jobs of a lost worker again; the first one's attempt counts unless ``free``."""
        for position, job in enumerate(jobs):
            if position == 0 and not free:
                self._failed_attempt(job, failure, worker, seconds)
            elif position == 0:
                self._requeue(job, failure, worker, seconds)
            else:
                heapq.heappush(self._queue, job)

    def _failed_attempt(self, job: _Job, failure: Failure, worker: int, seconds: float) -> None:
        job.attempts += 1
        if failure.retriable and job.attempts < self._settings.max_attempts:
            self._requeue(job, failure, worker, seconds)
            return
        outcome = Outcome(key=job.task.key, failure=failure, attempts=job.attempts, seconds=seconds)
        self._end(outcome, worker)

    def _requeue(self, job: _Job, failure: Failure, worker: int, seconds: float) -> None:
        heapq.heappush(self._queue, job)
        self._emit(_event("requeued", job.task.key, worker, job.attempts, seconds, failure))

    def _end(self, outcome: Outcome, worker: int) -> None:
        self._open.discard(outcome.key)
        self._ended.append(outcome)
        kind: Kind = "done" if outcome.ok else "failed"
        self._emit(_event(kind, outcome.key, worker, outcome.attempts, outcome.seconds, outcome.failure))

    def _abandon(self) -> None:
        """After a broken-off run: nothing of it goes on in a worker or comes back in the next run."""
        for member in [member for member in self._crew.members.values() if member.jobs]:
            self._crew.kill(member.worker, "the run was broken off")
        self._queue.clear()
        self._open.clear()
        self._ended.clear()


def dispatch(
    tasks: Iterable[Task], pool: Pool, settings: DispatchSettings | None = None, on_event: OnEvent = ignore
) -> dict[str, Outcome]:
    """Run all tasks; every key has an outcome, with a result or with the failure it was given up for.

    Raises:
        WorkerSetupFailed: no worker can be started.
    """
    return {outcome.key: outcome for outcome in Dispatcher(pool, settings, on_event).run(tasks)}


def _event(kind: Kind, key: str, worker: int, attempt: int, seconds: float, failure: Failure | None) -> Event:
    code, message = (failure.code, failure.message) if failure else (None, None)
    return Event(
        kind=kind, task=key, worker=worker, attempt=attempt, seconds=seconds, code=code, message=message
    )
