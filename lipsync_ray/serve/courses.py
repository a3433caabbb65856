"""The courses of the service's jobs: those of the command line, behind a look at the limits."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

from lipsync_ray.distributed.tasks import Outcome, Task
from lipsync_ray.inputs import Inputs
from lipsync_ray.jobs.course import RENDER, Course, Yard
from lipsync_ray.jobs.gallery import Portrait, gallery_course
from lipsync_ray.jobs.judge import judge_course
from lipsync_ray.jobs.life import dub_course, examine_course
from lipsync_ray.jobs.places import JobSpec
from lipsync_ray.jobs.preview import preview_course
from lipsync_ray.progress import Progress
from lipsync_ray.serve.job import ServedJob
from lipsync_ray.serve.limits import check_limits
from lipsync_ray.serve.told import Told
from lipsync_ray.serve_settings import ServeSettings
from lipsync_ray.triage.facts import Triage


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A job that was looked at, and who is seen in it."""

    triage: Triage
    people: tuple[Portrait, ...]


class ServedCourse(Course):
    """A course whose pieces take turns with those of other jobs; what people wait for comes before dubs.

    Args:
        spec, yard, progress: as for ``Course``.
        told: notes the pieces that are asked for.
        tier: smaller goes first.
        begin: how many pieces the slowest of the jobs that run has drawn already.
    """

    def __init__(
        self, spec: JobSpec, yard: Yard, progress: Progress, *, told: Told, tier: int, begin: int
    ) -> None:
        super().__init__(spec, yard, progress)
        self._told = told
        self._tier = tier
        self._begin = self._turn = begin
        told.follow(self.account)

    def order(self, rank: int) -> tuple[float, ...]:
        """Where work of this job stands in the queue: the pieces that draw it are spread out."""
        turn = self._begin
        if rank < RENDER:  # what ends a job waits for no other job's pieces
            turn = -1
        elif rank == RENDER:
            turn = self._turn
            self._turn += 1
        return (self._tier, turn, *super().order(rank))

    def task(self, name: str, payload: Any, rank: int, **more: Any) -> Task:
        """A task of this job."""
        self._told.asked(name)
        return super().task(name, payload, rank, **more)


def steps_of(
    job: ServedJob, course: Course, settings: ServeSettings, on_examined: Callable[[Inputs], object]
) -> Generator[Sequence[Task], Outcome, Any]:
    """All of a job.

    Args:
        job: which one.
        course: its course.
        settings: limits.
        on_examined: told what the files hold, once that is known.

    Returns:
        ``Result`` of a dub, ``Judged`` of a triage, ``Preview`` of a preview.

    Raises:
        LimitExceeded: a file is beyond a limit; nothing was looked for in it.
        LipsyncError: what stops the job.
    """
    inputs = yield from examine_course(course)
    check_limits(job, inputs, settings)
    on_examined(inputs)
    match job.kind:
        case "dub":
            return (yield from dub_course(course, inputs))
        case "preview":
            return (yield from preview_course(course, inputs))
        case "triage":
            triage = yield from judge_course(course, inputs, strip=True)
            people = yield from gallery_course(course, inputs)
            return Judged(triage=triage, people=people)
