"""A job from its files to its output: which work it asks for, and what follows from it."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace

from lipsync_ray.compositing import RenderJob
from lipsync_ray.distributed.tasks import Failure, Outcome, Task
from lipsync_ray.faces.ranges import scan_tasks
from lipsync_ray.faces.scan import Range, ScanJob, scan_name
from lipsync_ray.inputs import Inputs
from lipsync_ray.jobs.course import EXAMINE, FINISH, PREPARE, SCAN, Course
from lipsync_ray.jobs.examine import Examine
from lipsync_ray.jobs.finish import Finish, FinishSource
from lipsync_ray.jobs.ladder import Ladder
from lipsync_ray.jobs.lse import lse_course
from lipsync_ray.jobs.prepare import Prepare, Prepared
from lipsync_ray.jobs.rendering import Rendering
from lipsync_ray.jobs.review import Measuring
from lipsync_ray.jobs.scanning import ScanSource, ScanStep
from lipsync_ray.jobs.sealing import drawn_by_role, reasons_by_role, signer_of
from lipsync_ray.quality.figures import Seen
from lipsync_ray.sidecar import Result


def dub_course(course: Course, examined: Inputs | None = None) -> Generator[Sequence[Task], Outcome, Result]:
    """All of a job; ``examined`` is what its files hold, if that is known.

    Raises:
        LipsyncError: a piece failed for good; its own error if it is one of the project's.
    """
    inputs = examined or (yield from examine_course(course))
    course.account.examined(inputs)
    prepared, job = yield from prepare_course(course, inputs)
    folder = course.yard.hold(course.spec.name, prepared.key)
    course.yard.keep_plan(folder, prepared.plan)
    rendering = Rendering(course, prepared, folder)
    yield from rendering.run(job)
    seen = (yield from _measure(course, inputs, rendering)) if course.spec.config.quality.enabled else None
    return (yield from _finish(course, inputs, prepared, rendering, seen))


def examine_course(course: Course) -> Generator[Sequence[Task], Outcome, Inputs]:
    """Read the times of all frames and the hashes of all files. Raises MediaError, ConfigError."""
    return (yield from course.one(course.task("examine", Examine(spec=course.spec), EXAMINE)))


def scan_course(course: Course, inputs: Inputs) -> Generator[Sequence[Task], Outcome, str]:
    """Find the faces that are not known yet; returns the name of the scan."""
    config, table = course.spec.config, inputs.table
    store = config.weights.store(config.license.policy)
    name = scan_name(inputs.source_hash, config.face, store)
    missing = course.yard.missing(table, name)
    if missing:
        course.yard.models(store, config.face)
    course.begin("scan", "faces", len(table))
    job = ScanJob(table=table, settings=config.face, weights=store, mouths=course.mouths)
    mine = _scan_tasks(course, ScanSource(scan=job, config=config, name=name), missing)
    tasks = course.yard.scan(name, mine)
    course.account.scanned |= bool(tasks) and tasks[0] in mine  # else known, or another job pays for it
    course.progress.advance(len(table) - int(sum(task.cost for task in tasks)))
    yield from course.all(tasks, course.progress.advance)
    return name


def prepare_course(
    course: Course, inputs: Inputs
) -> Generator[Sequence[Task], Outcome, tuple[Prepared, RenderJob]]:
    """Find the faces and decide all that chunks have in common. Raises what makes the job impossible."""
    scan = yield from scan_course(course, inputs)
    course.begin("prepare")
    step = Prepare(spec=course.spec, inputs=inputs, scan=scan)
    return (yield from course.one(course.task("prepare", step, PREPARE, cost=len(inputs.table))))


def _scan_tasks(course: Course, source: ScanSource, missing: list[Range]) -> list[Task]:
    if not missing:
        return []
    shared = course.yard.share(source)
    return [
        Task(
            key=f"scan-{source.name}/{ranges[0][0]:08d}",
            payload=ScanStep(source=shared, ranges=tuple(ranges)),
            cost=ranges[-1][1] - ranges[0][0],
            kind="scan",
            order=course.order(SCAN),
        )
        for ranges in scan_tasks(source.scan.table, missing)
    ]


def _measure(
    course: Course, inputs: Inputs, rendering: Rendering
) -> Generator[Sequence[Task], Outcome, tuple[Seen, ...] | Failure]:
    """Measure what was rendered and draw some of it again, if asked to; the dub is whole if that fails."""
    job = rendering.job
    measuring = Measuring(course, inputs, job, rendering.source, rendering.key)
    seen = yield from measuring.run(rendering.spans())
    if isinstance(seen, Failure):
        course.progress.note(f"the dub is not measured: {seen.code}: {seen.message}")
    elif course.spec.config.quality.retry:
        seen = yield from Ladder(course, inputs, rendering, measuring).climb(seen)
    if isinstance(seen, Failure):
        return seen
    return (yield from lse_course(course, inputs, job, seen, rendering.spans(), folder=rendering.folder))


def _finish(
    course: Course,
    inputs: Inputs,
    prepared: Prepared,
    rendering: Rendering,
    seen: tuple[Seen, ...] | Failure | None,
) -> Generator[Sequence[Task], Outcome, Result]:
    course.begin("stitch")
    account = course.account
    source = FinishSource(
        spec=course.spec,
        inputs=inputs,
        prepared=prepared,
        folder=rendering.folder,
        records=rendering.records,
        seams=rendering.seams,
        facts={"attempts": rendering.attempts, "scan": "made" if account.scanned else "reused"},
        untouched=sorted(rendering.untouched),
        drawn=drawn_by_role(rendering.job),
        reasons=reasons_by_role(rendering.job),
        drawers=rendering.drawers,
        stages=dict(account.clock.stages),
        seen=seen,
    )
    step = Finish(source=course.yard.share(source), identity=signer_of(course.spec.config))
    result = yield from course.one(course.task("finish", step, FINISH, cost=prepared.plan.frames))
    return replace(result, stages=dict(account.clock.stages))
