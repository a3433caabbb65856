"""The service's jobs on machines that are open: taken from the store, run, and told of in the store."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from lipsync_ray.batch.jobs import Engines
from lipsync_ray.config import Config
from lipsync_ray.distributed.events import Event
from lipsync_ray.dubbing import check_output
from lipsync_ray.errors import JobCancelled, StoreError, WorkerDied
from lipsync_ray.inputs import Inputs
from lipsync_ray.jobs.backlog import Ended, Job
from lipsync_ray.jobs.learning import places_of
from lipsync_ray.jobs.machines import Machines
from lipsync_ray.jobs.metering import Metering
from lipsync_ray.logs import names_of
from lipsync_ray.serve.courses import ServedCourse, steps_of
from lipsync_ray.serve.endings import Endings
from lipsync_ray.serve.job import Kind, ServedJob
from lipsync_ray.serve.orders import config_of, spec_of, told_text
from lipsync_ray.serve.places import Places
from lipsync_ray.serve.store import JobStore
from lipsync_ray.serve.told import Told
from lipsync_ray.serve.turns import Turns
from lipsync_ray.serve_settings import ServeSettings
from lipsync_ray.triage.estimate import estimate
from lipsync_ray.triage.pace import Paces

logger = logging.getLogger(__name__)

BEAT_S = 0.35  # between two looks at the store
LOOKERS = 2  # triages and previews beside ``serve.max_running`` dubs
MOST_STARTS = 5  # of a job during which the service died, each time
_LOOKING: tuple[Kind, ...] = ("triage", "preview")
_AGAIN_S = 1.0  # after which a store that does not answer is asked again


@dataclass(slots=True, kw_only=True)
class _Running:
    """A job on its way."""

    job: ServedJob
    config: Config
    told: Told
    begin: int  # pieces, see ``ServedCourse``

    @property
    def turn(self) -> int:
        """How far it is, in pieces, beside the others."""
        return self.begin + self.told.finished


class Shift:
    """Works on jobs.

    Args:
        store: jobs.
        places: their files.
        base: words under those of every job.
        settings: limits.
        stop: once it is set, what runs is finished and nothing more is begun.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        store: JobStore,
        places: Places,
        base: Sequence[str],
        settings: ServeSettings,
        stop: threading.Event,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.metering = Metering()
        self._store = store
        self._places = places
        self._base = tuple(base)
        self._settings = settings
        self._stop = stop
        self._clock = clock
        self._endings = Endings(store, places, clock)
        self._engines = Engines()
        self._turns = Turns()
        self._running: dict[str, _Running] = {}
        self._looked = 0.0

    def event(self, event: Event) -> None:
        """Something happened in the work."""
        event = self.metering.event(event)
        logger.debug("%s", event.as_dict())
        names = names_of(event.task or "")
        running = self._running.get(names.get("job", ""))
        if running is not None:
            running.told.event(event.kind, names.get("piece", ""))
        elif event.kind == "waiting":
            for one in self._running.values():
                one.told.note(event.message or "")

    def work(self, machines: Machines) -> None:
        """Do what waits, and what comes meanwhile, until nothing is left or ``stop`` is set.

        Raises:
            WorkerSetupFailed: no worker can be started.
        """
        source = self._coming(machines)
        for ended in machines.backlog.run(source, eager=True, beat_s=BEAT_S):
            self._settle(ended, machines)

    def put_back(self, note: str = "", *, begun: bool = False) -> None:
        """Queue the jobs on their way again.

        Args:
            note: says why, to their owners.
            begun: their starts count: one of them may be what has gone wrong.
        """
        while self._running:
            id, running = self._running.popitem()
            progress, starts = {**running.told.plain(), "note": note}, running.job.starts - (not begun)
            changed = {"given": ("running",), "state": "queued", "progress": progress, "starts": starts}
            self._surely(lambda id=id, changed=changed: self._store.change(id, **changed))

    def _coming(self, machines: Machines) -> Iterator[Job | None]:
        while True:
            if self._stop.is_set():
                machines.dispatcher.drain("the service stops")
                yield None
                continue
            job = None
            try:
                self._look(machines)
                if kinds := self._room():
                    job = self._next(machines, kinds)
            except StoreError as error:
                logger.warning("%s", error)
            yield job

    def _look(self, machines: Machines) -> None:
        """Tell how far jobs are, and end those that are not wanted any more. Raises StoreError."""
        now = time.monotonic()
        if now - self._looked < BEAT_S:
            return
        self._looked = now
        for job in self._store.find(states=("running",), limit=1000):
            if job.id not in self._running:  # the answer was lost when it was taken
                self._store.change(job.id, given=("running",), state="queued")
            elif job.cancel:
                machines.backlog.end(job.id, JobCancelled("it is not wanted any more"))
        for id, running in self._running.items():
            if running.told.changed:
                self._store.change(id, given=("running",), progress=running.told.plain())

    def _room(self) -> tuple[Kind, ...]:
        """Kinds of which another job may be begun: whoever only looks does not wait for the end of dubs."""
        dubs = sum(one.job.kind == "dub" for one in self._running.values())
        if len(self._running) >= self._settings.max_running + LOOKERS:
            return ()
        return _LOOKING if dubs >= self._settings.max_running else ("dub", *_LOOKING)

    def _next(self, machines: Machines, kinds: Sequence[Kind]) -> Job | None:
        """Begin the next job. Raises StoreError."""
        while waiting := self._store.first_of_owners(kinds):
            chosen = self._turns.choose(waiting, [one.job.owner for one in self._running.values()])
            told = Told(clean=partial(told_text, job=chosen))
            values: dict[str, Any] = {"state": "running", "starts": chosen.starts + 1}
            job = self._store.change(
                chosen.id,
                given=("queued",),
                started=self._clock(),
                progress=told.plain(),
                error_code="",
                error_message="",
                **values,
            )
            if job is None:  # cancelled just now
                continue
            try:
                _check_starts(job)
                return self._begun(job, told, machines)
            except Exception as error:  # whatever is wrong with one job is wrong with that one
                self._broken(job, error, told)
        return None

    def _begun(self, job: ServedJob, told: Told, machines: Machines) -> Job:
        config = config_of(job, self._base, self._places)
        check_output(config)
        if job.kind != "triage":  # nothing is drawn: whose consent it takes is seen there first
            self._engines.permit(config)
        self._engines.load(config)
        begin = min((one.turn for one in self._running.values()), default=0)
        course = ServedCourse(
            spec_of(job, config),
            machines.yard,
            self.metering.counted(told),
            told=told,
            tier=int(job.kind == "dub"),
            begin=begin,
        )

        def examined(inputs: Inputs) -> None:
            with suppress(StoreError):
                self._store.change(job.id, seconds=float(inputs.timeline.duration))
            if job.kind == "dub":
                with suppress(StoreError):  # of an input in a store nothing was known until now
                    self._store.use(job, float(inputs.timeline.duration))
                told.expect(self._expected(config, inputs, machines))

        steps = steps_of(job, course, self._settings, examined)
        self._running[job.id] = _Running(job=job, config=config, told=told, begin=begin)
        return Job(name=job.id, course=course, steps=steps)

    def _settle(self, ended: Ended, machines: Machines) -> None:
        """Write down what came of a job."""
        running = self._running.pop(ended.job.name)
        job = running.job
        try:
            result = self._endings.result_of(job, ended, running.config, machines)
        except Exception as error:  # as above
            self._broken(job, error, running.told)
        else:
            self._surely(lambda: self._endings.done(job, result, running.told.plain()))
            seconds = result["seconds"] if job.kind == "dub" else 0.0
            stages = {name: stage.wall_s for name, stage in ended.job.account.clock.stages.items()}
            self.metering.ended("done", "", stages, seconds)

    def _broken(self, job: ServedJob, error: Exception, told: Told) -> None:
        self._surely(lambda: self._endings.broken(job, error, told.plain()))
        state = "cancelled" if isinstance(error, JobCancelled) else "failed"
        self.metering.ended(state, getattr(error, "code", "INTERNAL"), {}, 0.0)

    def _expected(self, config: Config, inputs: Inputs, machines: Machines) -> float | None:
        video = inputs.table.video
        return estimate(
            config,
            places_of(config, machines.pool),
            Paces.load(machines.site.spec.root),
            frames=len(inputs.timeline),
            megapixels=video.width * video.height / 1e6,
        ).wall_s

    def _surely(self, write: Callable[[], object]) -> None:
        """Write to the store, again and again if it does not answer: what was done must not be lost."""
        while True:
            try:
                write()
                return
            except StoreError as error:
                logger.warning("%s; trying again", error)
                if self._stop.wait(_AGAIN_S):  # the next runner finds the job as one that runs
                    return


def _check_starts(job: ServedJob) -> None:
    """Raises WorkerDied: the service has died of it, or beside it, again and again."""
    if job.starts > MOST_STARTS:
        raise WorkerDied(
            f"the service died {MOST_STARTS} times while {job.video.name} was worked on, and it may be the "
            "reason: it is given up; try other options, or another file"
        )
