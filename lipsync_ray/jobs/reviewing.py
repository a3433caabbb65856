"""Measuring an output that is there already, against the video that it was made from."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from lipsync_ray.compositing import RenderJob
from lipsync_ray.distributed.pool import Shared
from lipsync_ray.distributed.tasks import Failure, Outcome, Task
from lipsync_ray.errors import ConfigError
from lipsync_ray.inputs import Inputs
from lipsync_ray.jobs.bench import Bench
from lipsync_ray.jobs.choosing import choose_speakers
from lipsync_ray.jobs.course import PREPARE, Course
from lipsync_ray.jobs.life import scan_course
from lipsync_ray.jobs.lse import lse_course
from lipsync_ray.jobs.pieces import RenderSource
from lipsync_ray.jobs.places import JobSpec, inputs_here
from lipsync_ray.jobs.prepare import cut, job_of, make_plan, measurable
from lipsync_ray.jobs.reporting import make_report
from lipsync_ray.jobs.review import Measuring, Span
from lipsync_ray.media.index import FrameTable, build_table
from lipsync_ray.quality.figures import Seen
from lipsync_ray.quality.review import Review, make_review
from lipsync_ray.sidecar import report_place
from lipsync_ray.storage.uri import name_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """See whose mouth was to be dubbed, and where the output was probably cut."""

    spec: JobSpec
    inputs: Inputs
    scan: str  # folder of the finished scan
    output: str  # place of the finished output

    def run(self, bench: Bench) -> tuple[RenderJob, list[Span], dict[str, int]]:
        """What a look needs to know, spans of the output, and the frames that were passed through.

        Raises:
            ConfigError: the output has another size or number of frames than a dub with these settings.
        """
        given = self.spec.config
        with ExitStack() as stack:
            config, inputs = inputs_here(self.spec, self.inputs, bench.site, stack)
            self._check(build_table(str(bench.site.input(self.output, stack))), inputs)
            analysis = choose_speakers(self.spec, config, inputs, self.scan, bench.site)
            chunks = cut(given, inputs, analysis, 0)
            plan = make_plan(config, inputs, analysis, chunks)
        key = f"review-{self.scan}"
        job = job_of(self.spec, self.inputs.table, inputs, measurable(analysis), self.scan, key)
        return job, [Span(start=chunk.start, stop=chunk.stop) for chunk in chunks], plan.passed_through

    def _check(self, output: FrameTable, inputs: Inputs) -> None:
        name, count, own = name_of(self.output), len(output), inputs.table.video
        if count != len(inputs.timeline):
            raise ConfigError(
                f"{name} has {count} frames, a dub of this video {len(inputs.timeline)}: give the options "
                "that it was made with, such as sync.mode"
            )
        if (output.video.width, output.video.height) != (own.width, own.height):
            raise ConfigError(
                f"{name} has {output.video.width}x{output.video.height} pixels, the video "
                f"{own.width}x{own.height}: only dubs of the source's own size can be measured"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteReport:
    """Judge what was seen, and write the report beside the output."""

    spec: JobSpec
    inputs: Inputs
    output: str
    passed_through: dict[str, int]
    seen: Shared  # of each role's Seen

    def run(self, bench: Bench) -> Review:
        """What is said of the output."""
        seen: tuple[Seen, ...] = self.seen.get()
        quality = self.spec.config.quality
        review = make_review(seen, self.passed_through, quality)
        with ExitStack() as stack:
            _, inputs = inputs_here(self.spec, self.inputs, bench.site, stack)
            path = bench.site.input(self.output, stack)
            name, told = name_of(self.output), self.spec.told
            html = make_report(name, path, inputs, seen, review, quality, told)
        with bench.site.output(report_place(self.output)) as place:
            place.write_text(html, encoding="utf-8")
        return review


def reviewing_course(
    course: Course, inputs: Inputs, output: str
) -> Generator[Sequence[Task], Outcome, Review]:
    """Measure a finished output and write its report. Raises what stops that."""
    course.account.examined(inputs)
    scan = yield from scan_course(course, inputs)
    course.begin("survey")
    step = Survey(spec=course.spec, inputs=inputs, scan=scan, output=output)
    job, spans, passed = yield from course.one(course.task("survey", step, PREPARE))
    source = course.yard.share(RenderSource(job=job, config=course.spec.config, folder=""))
    seen = yield from Measuring(course, inputs, job, source, job.key, output).run(spans)
    if isinstance(seen, Failure):
        raise seen.to_error()
    seen = yield from lse_course(course, inputs, job, seen, spans, output=output)
    course.begin("report")
    shared = course.yard.share(seen)
    report = WriteReport(spec=course.spec, inputs=inputs, output=output, passed_through=passed, seen=shared)
    return (yield from course.one(course.task("report", report, PREPARE)))
