"""Many jobs through one dispatcher: which are on their way, and whom an outcome belongs to.

Jobs interleave: while the last chunks of one are drawn, the faces of the next are found, so that no worker
waits at the end of a video.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lipsync_ray.distributed.dispatcher import MAX_WAIT_S, Dispatcher
from lipsync_ray.distributed.tasks import Outcome, Task
from lipsync_ray.jobs.bench import Done
from lipsync_ray.jobs.course import Account, Course
from lipsync_ray.jobs.yard import RunYard
from lipsync_ray.logs import doing, relay


@dataclass(slots=True, kw_only=True, eq=False)
class Job:
    """A job of a backlog."""

    name: str
    course: Course
    steps: Generator[Sequence[Task], Outcome, Any]
    pieces: int = 1  # that it is expected to be cut into

    @property
    def account(self) -> Account:
        """What it has taken."""
        return self.course.account


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A job that has ended: with its result, or with the error that ended it."""

    job: Job
    result: Any = None
    error: Exception | None = None


class Backlog:
    """Runs jobs; each is begun when the workers will soon have nothing else to do.

    Args:
        dispatcher: runs the tasks of all jobs.
        yard: what they share.
        ahead: pieces to have on their way for each worker that draws.
    """

    def __init__(self, dispatcher: Dispatcher, yard: RunYard, *, ahead: int) -> None:
        self._dispatcher = dispatcher
        self._yard = yard
        self._ahead = ahead
        self._active: dict[str, Job] = {}
        self._wanted: dict[str, list[Job]] = {}  # who waits for the outcome of a key
        self._ended: list[Ended] = []

    @property
    def active(self) -> list[Job]:
        """Jobs on their way."""
        return list(self._active.values())

    def run(
        self, jobs: Iterable[Job | None], *, eager: bool = False, beat_s: float = MAX_WAIT_S
    ) -> Iterator[Ended]:
        """Yield jobs as they end, in any order. After ``Dispatcher.drain`` those on their way do not.

        It ends when no job is on its way.

        Args:
            jobs: may be made while it is read; it is asked for the next one when there is room for it. None:
                there is none now; it is asked again.
            eager: ask for the next one whatever the workers have to do.
            beat_s: how often ``jobs`` is asked while nothing ends.

        Raises:
            WorkerSetupFailed: no worker can be started.
        """
        waiting = iter(jobs)
        self._admit(waiting, eager)
        yield from self._take_ended()
        for outcomes in self._dispatcher.rounds(beat_s):
            for outcome in outcomes:
                owners = self._wanted.pop(outcome.key, [])
                _relay(outcome, owners)
                for job in owners:
                    if job.name in self._active:
                        self._advance(job, outcome)
                self._admit(waiting, eager)
                yield from self._take_ended()
            self._admit(waiting, eager)
            yield from self._take_ended()
            self._yard.settle(self._dispatcher.busy_with)

    def end(self, name: str, error: Exception) -> None:
        """End a job that is on its way with an error: nothing more is begun for it, and ``run`` yields it."""
        job = self._active.get(name)
        if job is not None:
            job.steps.close()
            self._end(job, Ended(job=job, error=error))

    def _admit(self, waiting: Iterator[Job | None], eager: bool) -> None:
        while not self._dispatcher.draining and (eager or self._has_room()):
            job = next(waiting, None)
            if job is None:
                return
            self._active[job.name] = job
            self._advance(job, None)

    def _has_room(self) -> bool:
        """Whether the workers will soon have nothing else to do, or those that do not draw have nothing now.

        A long video takes minutes until the first of its pieces can be drawn, whatever they count: spare
        workers go on with the next ones meanwhile, and have one ready when the pieces of the last run out.
        """
        places = self._dispatcher.places("gpu")
        room = self._ahead * places - self._dispatcher.waiting("gpu")
        coming = sum(job.pieces for job in self._active.values() if not job.account.chunks)
        if not self._active or coming < room:
            return True
        return self._dispatcher.spare("cpu") > 0 and (room > 0 or len(self._active) <= places)

    def _advance(self, job: Job, outcome: Outcome | None) -> None:
        """Let a job go on with an outcome, and queue what it asks for."""
        try:
            with doing(f"{job.name}/"):
                asked = next(job.steps) if outcome is None else job.steps.send(outcome)
        except StopIteration as stop:
            self._end(job, Ended(job=job, result=stop.value))
        except Exception as error:  # a mistake of ours in one job must not stop the others either
            self._end(job, Ended(job=job, error=error))
        else:
            for task in asked:
                self._wanted.setdefault(task.key, []).append(job)
                if not self._dispatcher.is_open(task.key):
                    self._dispatcher.add([task])

    def _end(self, job: Job, ended: Ended) -> None:
        del self._active[job.name]
        self._ended.append(ended)
        for key, owners in list(self._wanted.items()):
            if job in owners:
                owners.remove(job)
                if not owners:
                    del self._wanted[key]
                    self._dispatcher.drop(key)
        self._yard.release(job.name, done=ended.error is None)

    def _take_ended(self) -> Iterator[Ended]:
        while self._ended:
            yield self._ended.pop(0)


def _relay(outcome: Outcome, owners: Sequence[Job]) -> None:
    """Log what a worker has logged, under the name of the job; a scan is known by the first that wants it."""
    if isinstance(outcome.result, Done) and outcome.result.notes:
        piece = outcome.key.rpartition("/")[2]
        relay(f"{owners[0].name}/{piece}" if owners else outcome.key, outcome.result.notes)
