"""Hands tasks to workers, first in order first, until each has a result or is given up.

Ray's own retries are not enough here: they burn out while a dead node is not yet known to be dead, and bind
a task to a worker that may never come back; its ActorPool and its data library lose items. So the queue is
the driver's: a worker holds one running task and at most one behind it, and whatever a worker loses goes
back.
"""

from __future__ import annotations

import itertools
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator

from lipsync_ray.distributed.crew import Crew, Member
from lipsync_ray.distributed.events import Event, OnEvent, ignore, task_event
from lipsync_ray.distributed.lateness import Lateness
from lipsync_ray.distributed.pace import Pace
from lipsync_ray.distributed.pool import Alive, Finished, Lost, Pool, Ready, Report, SetupFailed
from lipsync_ray.distributed.settings import DispatchSettings
from lipsync_ray.distributed.tasks import Failure, Outcome, Task
from lipsync_ray.distributed.work import Queues, Work
from lipsync_ray.errors import TimeLimit

MAX_WAIT_S = 2.0  # a signal to the driver, or a limit that has passed, is seen after this at the latest


class Dispatcher:
    """Runs tasks on the workers of a pool; workers stay set up from one ``run`` to the next.

    Args:
        pool: where the workers are; whoever opened it closes it.
        settings: attempts and time limits.
        on_event: told everything that happens, in order, from the thread that iterates.
        clock: seconds that pass; another one than the machine's where time is simulated.
    """

    def __init__(
        self,
        pool: Pool,
        settings: DispatchSettings | None = None,
        on_event: OnEvent = ignore,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pool = pool
        self._settings = settings or DispatchSettings()
        self._emit = on_event
        self._crew = Crew(pool, self._settings, on_event, clock)
        self._pace = Pace()
        self._late = Lateness(self._settings, self._pace, clock)
        self._queues = Queues()
        self._open: dict[str, Work] = {}  # by key, without an outcome yet
        self._unfinished: dict[str, int] = {}  # open work by lane
        self._ended: deque[Outcome] = deque()
        self._numbers = itertools.count()
        self.draining = ""  # why
        self._told = False

    def add(self, tasks: Iterable[Task]) -> None:
        """Queue tasks; allowed while ``outcomes`` is being iterated.

        Raises:
            ValueError: a key is already waiting for its outcome.
        """
        lanes = self._pool.lanes()
        for task in tasks:
            if task.key in self._open:
                raise ValueError(f"two tasks have the key {task.key!r}")
            lane = task.lane if task.lane in lanes else "cpu"
            work = Work(task=task, lane=lane, number=next(self._numbers))
            self._open[task.key] = work
            self._unfinished[lane] = self._unfinished.get(lane, 0) + 1
            self._queues.put(work)

    def outcomes(self) -> Iterator[Outcome]:
        """Yield an outcome per task in order of completion, until none is open.

        After ``drain`` it ends when nothing runs any more. If the iteration is broken off (an error, a
        signal, ``close``), busy workers are killed.

        Raises:
            WorkerSetupFailed: no worker can be started.
        """
        for ended in self.rounds():
            yield from ended

    def rounds(self, beat_s: float = MAX_WAIT_S) -> Iterator[deque[Outcome]]:
        """As ``outcomes``, but yields what has ended, if anything has, about every ``beat_s`` at least."""
        try:
            while self._ended or (self._open and not (self.draining and self._crew.idle())):
                ended, self._ended = self._ended, deque()
                yield ended
                if self._open:
                    self._step(beat_s)
        finally:
            self._abandon()

    def run(self, tasks: Iterable[Task]) -> Iterator[Outcome]:
        """``add`` and ``outcomes`` in one."""
        self.add(tasks)
        return self.outcomes()

    def drain(self, why: str) -> None:
        """Hand out nothing more: ``outcomes`` ends when what runs now has ended. Safe in a signal handler."""
        self.draining = why

    def drop(self, key: str) -> None:
        """Forget a task that nobody wants any more; a worker that has it may finish it."""
        work = self._open.pop(key, None)
        if work is not None:
            work.ended = True
            self._unfinished[work.lane] -= 1
            self._queues.discard(work)

    def is_open(self, key: str) -> bool:
        """Whether a task of this key still has no outcome."""
        return key in self._open

    def waiting(self, lane: str) -> int:
        """Tasks of a lane that no worker has yet."""
        return self._queues.waiting(lane if lane in self._pool.lanes() else "cpu")

    def places(self, lane: str) -> int:
        """Workers that a lane may have now."""
        return self._crew.places(lane if lane in self._pool.lanes() else "cpu")

    def spare(self, lane: str) -> int:
        """Workers that a lane may have beyond those for which there is work."""
        lane = lane if lane in self._pool.lanes() else "cpu"
        return max(0, self._crew.places(lane) - self._unfinished.get(lane, 0))

    def busy_with(self, prefix: str) -> bool:
        """Whether a worker has a task whose key begins so, wanted or not."""
        return self._crew.busy_with(prefix)

    def _step(self, beat_s: float) -> None:
        if self.draining:
            self._tell_drain()
        else:
            self._crew.recycle()
            for lane, count in self._unfinished.items():
                self._crew.fill(lane, count)
                self._hand_out(lane)
            self._crew.note_waiting()
        patience = min(beat_s, MAX_WAIT_S, self._late.next_limit(self._crew.members.values()))
        for report in self._pool.wait(max(0.0, patience)):
            if report.worker in self._crew.members:
                self._take(report)
        for member in self._late.overdue(self._crew.members.values()):
            self._end_overdue(member)

    def _tell_drain(self) -> None:
        if not self._told:
            running = sum(bool(member.jobs) for member in self._crew.members.values())
            text = f"{self.draining}: {running} running pieces are finished first; once more stops at once"
            self._emit(Event(kind="draining", message=text))
            self._told = True

    def _hand_out(self, lane: str) -> None:
        """Give every idle worker a task, then each a second one.

        The last tasks, one for each worker, are not handed out in advance: they go to whoever is free
        first, instead of waiting behind a long one.
        """
        ready = self._crew.ready(lane)
        for depth in range(self._settings.in_flight):
            for member in ready:
                waiting = self._queues.waiting(lane)
                if not waiting or (depth > 0 and waiting <= len(ready)):
                    break
                if len(member.jobs) <= depth and (not depth or self._late.may_queue_behind(member)):
                    self._give(member, self._queues.take(lane))
        idle = next((member for member in ready if not member.jobs), None)
        if idle is not None and not self._queues.waiting(lane):
            self._double(idle)

    def _double(self, idle: Member) -> None:
        """Let an idle worker try a task that another one takes, or will take, too long with."""
        late = self._late.straggler(self._crew.members.values(), idle.lane, idle.node)
        if late is not None:
            member, work = late
            self._emit(Event(kind="doubled", task=work.task.key, worker=member.worker))
            self._give(idle, work)

    def _give(self, member: Member, work: Work) -> None:
        work.holders += 1
        member.jobs.append(work)
        self._pool.submit(member.worker, work.task.key, work.task.payload)
        if len(member.jobs) == 1:
            self._begin(member)

    def _begin(self, member: Member) -> None:
        """The first job of ``member`` is taken to run from now on."""
        self._crew.become(member, "ready")
        work, worker = member.jobs[0], member.worker
        if not work.ended:
            self._emit(Event(kind="started", task=work.task.key, worker=worker, attempt=work.attempts + 1))

    def _take(self, report: Report) -> None:
        match report:
            case Finished():
                self._finished(report)
            case Alive():
                self._crew.alive(report.worker, report.pid, report.node)
            case Ready():
                self._crew.is_ready(report.worker)
            case SetupFailed():
                self._crew.setup_failed(report.worker, report.failure)
            case Lost():
                self._lost(report)

    def _finished(self, report: Finished) -> None:
        member = self._crew.members[report.worker]
        work, seconds = member.jobs.popleft(), self._crew.elapsed(member)
        if work.task.key != report.key:
            raise AssertionError(f"worker {report.worker} returned {report.key!r} before {work.task.key!r}")
        member.done += 1
        work.holders -= 1
        if work.ended:
            self._emit(task_event("unneeded", work.task.key, member.worker, work.attempts, seconds, None))
        elif not isinstance(report.result, Failure):
            self._pace.note(work.task, seconds)
            self._end(work, work.outcome(seconds, result=report.result, node=member.node), member.worker)
        elif not work.holders:
            self._failed_attempt(work, report.result, member.worker, seconds)
        if member.jobs and self.draining:
            self._return(self._crew.kill(member.worker, "the run stops"), None, member.worker, 0.0)
        elif member.jobs:
            self._begin(member)

    def _lost(self, report: Lost) -> None:
        """A worker died or went silent. The task that ran is to blame; those behind it never began."""
        member, failure = self._crew.members[report.worker], report.failure
        if member.state in ("starting", "setup") and not report.preempted:
            if report.suspect:
                self._pool.kill(report.worker)
            self._crew.setup_failed(report.worker, failure)
            return
        seconds = self._crew.elapsed(member)
        part = self._crew.suspect if report.suspect else self._crew.lose
        self._return(part(report.worker, failure), failure, report.worker, seconds, free=report.preempted)

    def _end_overdue(self, member: Member) -> None:
        seconds = self._crew.elapsed(member)
        if member.state == "setup":
            failure = Failure(code=TimeLimit.code, message=f"the set-up took longer than {seconds:.0f} s")
            self._pool.kill(member.worker)
            self._crew.setup_failed(member.worker, failure)
            return
        what = "no answer" if member.state == "suspect" else f"task {member.jobs[0].task.key} still runs"
        failure = Failure(code=TimeLimit.code, message=f"{what} after {seconds:.0f} s")
        self._return(self._crew.kill(member.worker, failure.message), failure, member.worker, seconds)

    def _return(
        self, jobs: deque[Work], failure: Failure | None, worker: int, seconds: float, *, free: bool = False
    ) -> None:
        """Queue the work of a lost worker again; the first one's attempt counts unless ``free``.

        Without a ``failure`` none of it had begun. What another worker tries as well is left to that one.
        """
        for position, work in enumerate(jobs):
            work.holders -= 1
            if work.ended or work.holders:
                continue
            if position or failure is None:
                self._queues.put(work)
            elif free:
                self._requeue(work, failure, worker, seconds)
            else:
                self._failed_attempt(work, failure, worker, seconds)

    def _failed_attempt(self, work: Work, failure: Failure, worker: int, seconds: float) -> None:
        if not work.lighten(failure):
            work.attempts += 1
        if failure.retriable and work.attempts < self._settings.max_attempts:
            self._requeue(work, failure, worker, seconds)
        else:
            self._end(work, work.outcome(seconds, failure=failure), worker)

    def _requeue(self, work: Work, failure: Failure, worker: int, seconds: float) -> None:
        self._queues.put(work)
        self._emit(task_event("requeued", work.task.key, worker, work.attempts, seconds, failure))

    def _end(self, work: Work, outcome: Outcome, worker: int) -> None:
        del self._open[work.task.key]
        work.ended = True
        self._unfinished[work.lane] -= 1
        self._ended.append(outcome)
        kind = "done" if outcome.ok else "failed"
        self._emit(task_event(kind, outcome.key, worker, outcome.attempts, outcome.seconds, outcome.failure))

    def _abandon(self) -> None:
        """After a run: nothing of it goes on in a worker or comes back in the next one."""
        for member in [member for member in self._crew.members.values() if member.jobs]:
            unwanted = all(work.ended for work in member.jobs)
            self._crew.kill(member.worker, "nobody waits for it" if unwanted else "the run was broken off")
        self._queues.clear()
        self._open.clear()
        self._unfinished.clear()
        self._ended.clear()
