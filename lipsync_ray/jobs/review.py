"""Measuring what a job has rendered: what the sound asks for, then every frame beside its source."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from lipsync_ray.artifact import load_notes
from lipsync_ray.compositing import RenderJob, run_breaks
from lipsync_ray.distributed.pool import Shared
from lipsync_ray.distributed.tasks import Failure, Outcome, Task
from lipsync_ray.driving import open_driving
from lipsync_ray.faces.models import load_mesh
from lipsync_ray.folders import private_folder
from lipsync_ray.inputs import Inputs
from lipsync_ray.jobs.bench import Bench
from lipsync_ray.jobs.course import FINISH, Course
from lipsync_ray.jobs.pieces import RenderSource, open_job
from lipsync_ray.jobs.places import JobSpec, inputs_here
from lipsync_ray.jobs.witnessing import decoded_notes, fully_drawn, known_of
from lipsync_ray.media.index import build_table
from lipsync_ray.media.own_table import segment_table
from lipsync_ray.media.reader import open_reader
from lipsync_ray.quality.aim import Aim, make_aim
from lipsync_ray.quality.figures import Seen
from lipsync_ray.quality.look import look_at
from lipsync_ray.quality.looks import Looks, joined, nothing_new
from lipsync_ray.quality.lse import Distances
from lipsync_ray.quality.source_notes import SourceNotes
from lipsync_ray.role import Role
from lipsync_ray.speakers.cast import cast_of
from lipsync_ray.speech.model import speech_model
from lipsync_ray.threads import Prefetch, ahead_of, decoder_share


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Adjacent output frames, and the file that shows them."""

    start: int
    stop: int
    segment: str | None = None  # file in the job's folder; None: the finished output holds all frames
    notes: str | None = None  # file there on the source's frames; None: nobody has seen them
    untouched: bool = False  # it was given up and shows the source's own frames
    copied: bool = False  # it is the source's own packets

    def __len__(self) -> int:
        return self.stop - self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class AimStep:
    """Ask the sound for the mouth that the output should show."""

    spec: JobSpec
    inputs: Inputs
    source: Shared  # of a RenderSource
    key: str  # names the source

    def run(self, bench: Bench) -> tuple[Aim, ...]:
        """What the dub of each role is held to."""
        source: RenderSource = self.source.get()
        job = bench.job(self.key, lambda stack: open_job(source, bench, stack))
        model = self.spec.speech or speech_model(self.spec.config.speech.name)
        with ExitStack() as stack:
            config, inputs = inputs_here(self.spec, self.inputs, bench.site, stack)
            speakers = {speaker.name: speaker for speaker in cast_of(config.speakers.rows)}
            times = inputs.table.times(), inputs.timeline.times()
            aims = []
            for role in job.roles:
                folder: Path = stack.enter_context(private_folder())
                # The offset is what is to be found out: whatever the job has applied is left out.
                driving = replace(
                    open_driving(config, inputs, model, folder, speakers.get(role.name)), offset=0.0
                )
                aims.append(make_aim(job.scan, role.target, role.reference, *times, driving))
            return tuple(aims)


@dataclass(frozen=True, slots=True, kw_only=True)
class LookStep:
    """Look at the frames of one span."""

    source: Shared  # of a RenderSource
    key: str  # names the source
    span: Span
    output: str = ""  # place of the finished output, for spans without a segment

    def run(self, bench: Bench) -> tuple[Looks, ...]:
        """What was seen of each role."""
        source: RenderSource = self.source.get()
        job, span = bench.job(self.key, lambda stack: open_job(source, bench, stack)), self.span
        if span.copied:  # equal by construction, and nobody is dubbed there
            return tuple(nothing_new(span.start, len(span)) for _ in job.roles)
        mesh = load_mesh(job.resources.weights)
        known = known_of(job, span.start, span.stop)
        assert known is not None  # the aim of each role was made before
        with ExitStack() as stack:
            if span.segment is None:
                table, first = build_table(str(bench.site.input(self.output, stack))), span.start
            else:
                path = bench.site.need(source.folder, [span.segment]) / span.segment
                table, first = segment_table(path, job.table.video), 0
            if span.notes is None:
                notes = decoded_notes(job, known)
            else:
                folder = bench.site.need(source.folder, [span.notes])
                notes = SourceNotes.from_arrays(load_notes(folder / span.notes))
            share, numbers = decoder_share(job.threads), range(first, first + len(span))
            rendered = stack.enter_context(open_reader(table, threads=share))
            frames = stack.enter_context(Prefetch(rendered.frames(numbers), ahead_of(job.threads)))
            return look_at(frames, known, notes, mesh)


class Measuring:
    """The measuring of one job: what it is held to, and what has been seen of it so far.

    Args:
        course: of the job.
        inputs: of the job.
        job: what its chunks have in common.
        source: the `RenderSource` of it, as workers reach it.
        key: names the source.
        output: place of the finished output, for spans without a segment.
    """

    def __init__(
        self, course: Course, inputs: Inputs, job: RenderJob, source: Shared, key: str, output: str = ""
    ) -> None:
        self._course, self._inputs, self._job = course, inputs, job
        self._source, self._key, self._output = source, key, output
        self._aims: tuple[Aim, ...] = ()
        self._looks: dict[Span, tuple[Looks, ...]] = {}

    def run(self, spans: Sequence[Span]) -> Generator[Sequence[Task], Outcome, tuple[Seen, ...] | Failure]:
        """Measure all frames: for each role what was seen of it."""
        course = self._course
        course.begin("review", total=len(self._inputs.timeline))
        step = AimStep(spec=course.spec, inputs=self._inputs, source=self._source, key=self._key)
        aims = yield from settle(course, [course.task("aim", step, FINISH, cost=len(self._inputs.timeline))])
        if isinstance(aims, Failure):
            return aims
        self._aims = aims[0]
        failed = yield from self.look(spans, self._source, self._key)
        return failed or self.seen(spans)

    def look(
        self, spans: Sequence[Span], source: Shared, key: str
    ) -> Generator[Sequence[Task], Outcome, Failure | None]:
        """Look at spans that were rendered from a source, which ``key`` names; what is seen is remembered."""
        course = self._course
        tasks = [
            course.task(
                f"look-{span.start:08d}",
                LookStep(source=source, key=key, span=span, output=self._output),
                FINISH,
                cost=len(span),
                kind="look",
            )
            for span in spans
        ]
        looks = yield from settle(course, tasks)
        if isinstance(looks, Failure):
            return looks
        by_start = {found[0].start: found for found in looks}
        self._looks |= {span: by_start[span.start] for span in spans}
        return None

    def seen(self, spans: Sequence[Span]) -> tuple[Seen, ...]:
        """All that is known of each role in an output that is made of these spans, by output frame."""
        return tuple(
            self._of(role, aim, [self._looks[span][number] for span in spans], spans)
            for number, (role, aim) in enumerate(zip(self._job.roles, self._aims, strict=True))
        )

    def _of(self, role: Role, aim: Aim, looks: Sequence[Looks], spans: Sequence[Span]) -> Seen:
        job, source = self._job, self._job.timeline.source
        drawn = self._drawn(role, spans)
        starts = np.array(sorted(span.start for span in spans)[1:], np.int64)
        inside = drawn[starts] & drawn[starts - 1] & ~run_breaks(job, role)[starts]
        return Seen(
            name=role.name,
            times=job.timeline.times(),
            source=source,
            drawn=drawn,
            aim=aim,
            looks=joined(looks),
            borders=starts[inside],
            shot=role.target.shot[source],
            crops=role.crops,
        )

    def _drawn(self, role: Role, spans: Sequence[Span]) -> np.ndarray:
        """Output frames in which a role is drawn at full strength, ``bool[T]``."""
        drawn = fully_drawn(self._job, role)
        for span in spans:
            drawn[span.start : span.stop] &= not span.untouched
        return drawn


def settle(course: Course, tasks: Sequence[Task]) -> Generator[Sequence[Task], Outcome, Any]:
    """Wait for all of some tasks; their values, or the first failure."""
    values, failed, asked = [], None, tasks
    for _ in tasks:
        outcome = yield asked
        asked = ()
        course.account.take(outcome, course.stage)
        if outcome.failure is not None:
            failed = failed or outcome.failure
        else:
            values.append(outcome.result.value)
            course.progress.advance(_frames(values[-1]))
    return failed or values


def _frames(value: Any) -> int:
    """Frames that were looked at, if that is what a task has done."""
    if isinstance(value, Distances):
        return len(value)
    looked = isinstance(value, tuple) and value and isinstance(value[0], Looks)
    return len(value[0]) if looked else 0
