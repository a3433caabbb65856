"""A backlog from its first job to its last: probe, dub, try again, write down."""

from __future__ import annotations

import json
import logging
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from lipsync_ray.batch import page
from lipsync_ray.batch.entry import Entry
from lipsync_ray.batch.eventlog import open_events
from lipsync_ray.batch.jobs import Engines, Settings, Todo, to_do
from lipsync_ray.batch.ledger import Ledger, after_failure
from lipsync_ray.batch.meter import GpuMeter
from lipsync_ray.batch.row import Row
from lipsync_ray.batch.summary import Summary, summarise
from lipsync_ray.batch.view import BatchView
from lipsync_ray.batch.watch import Watch
from lipsync_ray.batch.worked import finished, worked
from lipsync_ray.config import Config
from lipsync_ray.distributed.dispatcher import Dispatcher
from lipsync_ray.distributed.events import Event
from lipsync_ray.dubbing import check_output
from lipsync_ray.errors import LipsyncError
from lipsync_ray.jobs.backlog import Ended, Job
from lipsync_ray.jobs.course import Course
from lipsync_ray.jobs.learning import learn_from, learning, places_of
from lipsync_ray.jobs.life import dub_course
from lipsync_ray.jobs.machines import open_machines
from lipsync_ray.jobs.probe import probe_course
from lipsync_ray.media.glance import Glance
from lipsync_ray.progress import NullProgress
from lipsync_ray.storage.files import write_bytes
from lipsync_ray.storage.uri import is_remote, join, local_path
from lipsync_ray.threads import one_thread_each
from lipsync_ray.triage.estimate import Estimate, Places, estimate
from lipsync_ray.triage.pace import Paces

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A backlog, ready to be worked off."""

    entries: Sequence[Entry]
    base: Sequence[str]  # options of all jobs as key=value
    config: Config  # of the batch as a whole
    out_dir: str


def run_batch(batch: Batch, view: BatchView) -> Summary:
    """Work a backlog off; what is done is skipped, and jobs that fail do not stop the others.

    Raises:
        ConfigError, LedgerError, WorkerSetupFailed, OutputUnwritable: nothing at all can be done.
        KeyboardInterrupt: a signal asked to stop; the same command goes on from here.
    """
    begun = time.monotonic()
    _make_folders(batch)
    run = secrets.token_hex(4)
    with ExitStack() as stack:
        stack.enter_context(one_thread_each())
        ledger = stack.enter_context(Ledger.open(batch.out_dir, every_s=batch.config.batch.ledger_s))
        events = stack.enter_context(open_events(batch.out_dir, run))
        watch = Watch(view, events)
        work = _Work(batch, ledger, watch, run)
        jobs = work.possible(to_do(batch.entries, Settings(batch.base), ledger))
        watch.begin(ledger.rows, len(jobs))
        stopped = ""
        if jobs:
            with ExitStack() as machines:
                dispatcher = work.open(machines, jobs)
                work.work_off(jobs)
                stopped = dispatcher.draining
        wall_s = time.monotonic() - begun
        summary = summarise(
            ledger.rows,
            wall_s=wall_s,
            run=run,
            gpus=work.gpu_seconds() / max(wall_s, 1e-9),
            usd_per_gpu_hour=batch.config.cost.usd_per_gpu_hour,
        )
        text = json.dumps(summary.to_plain(), indent=1, ensure_ascii=False) + "\n"
        write_bytes(join(batch.out_dir, "summary.json"), text.encode())
        if batch.config.quality.enabled:
            write_bytes(join(batch.out_dir, page.NAME), page.review_page(summary, batch.out_dir).encode())
        if stopped:
            raise KeyboardInterrupt(stopped)
        return summary


class _Work:
    """The jobs of one run."""

    def __init__(self, batch: Batch, ledger: Ledger, watch: Watch, run: str) -> None:
        self._meter: GpuMeter | None = None
        self._batch = batch
        self._ledger = ledger
        self._watch = watch
        self._run = run
        self._engines = Engines()
        self._glances: dict[str, Glance] = {}  # by the id of a job
        self._again: list[Todo] = []
        self._videos: set[str] = set()  # those that a job has been begun for
        self._paces = Paces()

    def possible(self, jobs: Sequence[Todo]) -> list[Todo]:
        """Jobs whose engine can be loaded and whose output can be written; the others fail now."""
        kept = []
        for job in jobs:
            try:
                check_output(job.config)
                self._engines.permit(job.config)
                self._engines.load(job.config)
            except (LipsyncError, OSError) as error:
                self._fail(job, self._row(job), error, again=False)
            else:
                kept.append(job)
        return kept

    def open(self, stack: ExitStack, jobs: Sequence[Todo]) -> Dispatcher:
        """Open the machines."""
        config, watch = self._batch.config, self._watch
        meter = self._meter = GpuMeter(lambda lane: self._machines.pool.gpus(lane))

        def tell(event: Event) -> None:
            meter.hear(event)
            watch.event(event)

        networks = any(self._engines.networks(job.config) for job in jobs)
        opened = open_machines(config, networks=networks, metering=watch.metering, on_event=tell)
        self._machines = stack.enter_context(opened)
        self._paces = stack.enter_context(learning(self._machines.site.spec.root))
        if (price := config.cost.usd_per_gpu_hour) is not None:
            watch.view.costs(lambda: price * meter.so_far(time.time()) / 3600)
        return self._machines.dispatcher

    def gpu_seconds(self) -> float:
        """For how long GPUs were held, times their number."""
        return self._meter.stop(time.time()) if self._meter else 0.0

    def work_off(self, jobs: Sequence[Todo]) -> None:
        """Probe all, dub all; what may succeed another time is tried again after the others."""
        try:
            while jobs and not self._machines.dispatcher.draining:
                if new := [job for job in jobs if job.entry.id not in self._glances]:
                    self._probe(new)
                if known := [job for job in jobs if job.entry.id in self._glances]:
                    self._dub(known)
                jobs, self._again = self._again, []
        finally:
            for row in self._ledger.rows:
                if row.state == "running":  # the run was asked to stop
                    waiting = replace(row, state="waiting")
                    self._ledger.put(waiting)
                    self._watch.stopped(waiting)

    def _probe(self, jobs: Sequence[Todo]) -> None:
        """Look into the files of jobs."""
        self._watch.view.probing(len(jobs))
        by_name = {job.entry.id: job for job in jobs}
        for ended in self._machines.backlog.run(self._probes(jobs)):
            job = by_name[ended.job.name.removesuffix("?")]
            self._watch.view.probed()
            if ended.error is not None:
                self._fail(job, self._row(job), ended.error, again=True)
            else:
                self._glances[job.entry.id] = ended.result

    def _dub(self, jobs: Sequence[Todo]) -> None:
        """Dub jobs, the longest first."""
        seconds = {job.entry.id: self._glances[job.entry.id].seconds for job in jobs}
        self._watch.view.dubbing(len(jobs), sum(seconds.values()))
        by_name = {job.entry.id: job for job in jobs}
        longest_first = sorted(jobs, key=lambda job: -seconds[job.entry.id])
        for ended in self._machines.backlog.run(self._dubs(longest_first)):
            self._settle(by_name[ended.job.name], ended)

    def _probes(self, jobs: Sequence[Todo]) -> Iterator[Job]:
        for job in jobs:
            spec = replace(job.spec(), name=f"{job.entry.id}?")
            course = Course(spec, self._machines.yard, NullProgress())
            yield Job(name=spec.name, course=course, steps=probe_course(course))

    def _dubs(self, jobs: Sequence[Todo]) -> Iterator[Job]:
        for job in jobs:
            glance = self._glances[job.entry.id]
            expected = self._expected(job, glance)
            row = replace(
                self._row(job),
                state="running",
                started=datetime.now(UTC),
                run=self._run,
                expected_cpu_s=expected.cpu_s or 0.0,
                expected_gpu_s=expected.gpu_s or 0.0,
            )
            self._ledger.put(row)
            spec = job.spec()
            shown = self._watch.started(row, glance.seconds)
            course = Course(
                spec, self._machines.yard, self._watch.metering.counted(shown), weight=glance.seconds
            )
            shown.follow(course.account)
            pieces = max(1, round(glance.seconds / job.config.chunk.seconds))
            yield Job(name=spec.name, course=course, steps=dub_course(course), pieces=pieces)

    def _settle(self, job: Todo, ended: Ended) -> None:
        row = worked(self._row(job), ended.job, self._machines.pool.gpus("gpu"))
        if ended.error is not None:
            self._fail(job, row, ended.error, again=True)
            return
        done = finished(row, ended.result)
        self._ledger.put(done)
        learn_from(self._paces, job.config, ended.job.account, self._places(job.config))
        self._watch.ended(done)

    def _fail(self, job: Todo, row: Row, error: Exception, *, again: bool) -> None:
        """A try of a job has failed; ``again``: another one may follow in this run."""
        row = replace(row, run=self._run, finished=datetime.now(UTC))
        failed = after_failure(row, error, max_attempts=self._batch.config.batch.max_attempts)
        self._ledger.put(failed)
        again = again and failed.state == "failed"
        self._watch.ended(failed, again=again)
        if again:
            self._again.append(job)

    def _expected(self, job: Todo, glance: Glance) -> Estimate:
        """What a job will take; the first job of a video pays for its faces."""
        known = job.entry.video in self._videos
        self._videos.add(job.entry.video)
        return estimate(
            job.config,
            self._places(job.config),
            self._paces,
            frames=round(glance.seconds * (glance.rate or 25)),
            megapixels=glance.width * glance.height / 1e6,
            scanned=known,
        )

    def _places(self, config: Config) -> Places:
        return places_of(config, self._machines.pool)

    def _row(self, job: Todo) -> Row:
        row = self._ledger.get(job.entry.id)
        if row is None:
            raise AssertionError(f"job {job.entry.id} is not in the ledger")
        return row


def _make_folders(batch: Batch) -> None:
    """Folders of the batch's own; those that a manifest names have to exist."""
    if not is_remote(batch.out_dir):
        (local_path(batch.out_dir) / "videos").mkdir(parents=True, exist_ok=True)
