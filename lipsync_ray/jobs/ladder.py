"""Flagged pieces of a dub, drawn once more in other ways until nothing is flagged or no way is left."""

from __future__ import annotations

import typing
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

from lipsync_ray.artifact import ChunkRecord
from lipsync_ray.compositing import RenderJob
from lipsync_ray.config import Config, EngineSettings, OwnEngine
from lipsync_ray.distributed.pool import Shared
from lipsync_ray.distributed.tasks import Failure, Outcome, Task
from lipsync_ray.faces.scan import scan_name
from lipsync_ray.inputs import Inputs
from lipsync_ray.jobs.bench import Bench
from lipsync_ray.jobs.course import PREPARE, Course
from lipsync_ray.jobs.pieces import Piece, RenderSource, Untouched
from lipsync_ray.jobs.prepare import Prepare, Prepared
from lipsync_ray.jobs.rendering import Drawer, Rendering, span_of
from lipsync_ray.jobs.review import Measuring, settle
from lipsync_ray.kinds import arm_names
from lipsync_ray.plan import Chunk
from lipsync_ray.quality.figures import Seen
from lipsync_ray.quality.review import Review, make_review
from lipsync_ray.quality.settings import QualitySettings, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Judge what was seen."""

    seen: Shared  # of each role's Seen
    settings: QualitySettings

    def run(self, bench: Bench) -> Review:
        """What is said of it."""
        return make_review(self.seen.get(), {}, self.settings)


class Ladder:
    """Tries the steps of ``quality.retry`` on the chunks in which something is flagged.

    A chunk keeps what is of least concern. Flags of the whole dub, such as its offset, are left alone, and so
    are chunks that share frames with others: two ways of drawing cannot be faded into each other.
    """

    def __init__(self, course: Course, inputs: Inputs, rendering: Rendering, measuring: Measuring) -> None:
        self._course, self._inputs = course, inputs
        self._rendering, self._measuring = rendering, measuring
        self._settings = course.spec.config.quality

    def climb(self, seen: tuple[Seen, ...]) -> Generator[Sequence[Task], Outcome, tuple[Seen, ...]]:
        """Go through the steps; what was seen of the pieces that were kept in the end."""
        review = yield from self._judge(seen)
        for step in self._settings.retry:
            if review is None:  # the dub is whole all the same
                break
            flagged = [chunk for chunk in self._rendering.chunks if self._is_flagged(chunk, review)]
            if not flagged:
                break
            numbers = ", ".join(str(chunk.index) for chunk in flagged)
            self._course.progress.note(f"chunks {numbers} are flagged: trying {step}")
            yield from self._try(step, flagged, review)
            seen = self._measuring.seen(self._rendering.spans())
            review = yield from self._judge(seen)
        return seen

    def _is_flagged(self, chunk: Chunk, review: Review) -> bool:
        drawn = chunk.index not in self._rendering.untouched and not chunk.copied
        return drawn and not chunk.head and not chunk.tail and review.concern_of(chunk.start, chunk.stop) > 0

    def _try(
        self, step: Step, chunks: Sequence[Chunk], review: Review
    ) -> Generator[Sequence[Task], Outcome, None]:
        """Draw chunks in another way, and keep those that are better then."""
        self._course.begin("retry", total=sum(map(len, chunks)))
        found = None if step == "pass" else (yield from self._prepared(step))
        if isinstance(found, Failure):
            self._course.progress.note(f"{step} cannot be tried: {found.code}: {found.message}")
            return
        job = found[1] if found else self._rendering.job
        drawer = Drawer(engine=found[0].plan.engine, weights=found[0].weights) if found else None
        source, key = self._source(job)
        drawn = yield from self._draw(step, chunks, source, key, job.batch)
        if isinstance(drawn, Failure):
            self._course.progress.note(f"{step} has failed: {drawn.code}: {drawn.message}")
            return
        before = dict(self._rendering.records)
        spans = [span_of(record, untouched=step == "pass") for record in drawn.values()]
        failed = yield from self._measuring.look(spans, source, key)
        if failed:
            return
        self._rendering.records |= drawn
        if drawer is None:  # whatever is seen then is the source's own
            self._rendering.untouched += list(drawn)
            return
        now = yield from self._judge(self._measuring.seen(self._rendering.spans()))
        for chunk in chunks:
            was = review.concern_of(chunk.start, chunk.stop)
            if now is None or now.concern_of(chunk.start, chunk.stop) >= was:
                self._rendering.records[chunk.index] = before[chunk.index]
            else:
                self._rendering.drawers[chunk.index] = drawer

    def _prepared(
        self, step: Step
    ) -> Generator[Sequence[Task], Outcome, tuple[Prepared, RenderJob] | Failure]:
        spec = self._course.spec
        config = alternative(spec.config, step)
        store = config.weights.store(config.license.policy)
        scan = scan_name(self._inputs.source_hash, config.face, store)
        work = Prepare(spec=replace(spec, config=config), inputs=self._inputs, scan=scan)
        found = yield from settle(self._course, [self._course.task(f"prepare-{step}", work, PREPARE)])
        return found if isinstance(found, Failure) else found[0]

    def _draw(
        self, step: Step, chunks: Sequence[Chunk], source: Shared, key: str, batch: int
    ) -> Generator[Sequence[Task], Outcome, dict[int, ChunkRecord] | Failure]:
        pieces = [Untouched(chunk=chunk) if step == "pass" else chunk for chunk in chunks]
        tasks = [
            self._rendering.task(
                f"{step}-chunk-{chunk.index:05d}",
                Piece(source=source, key=key, what=what, batch=batch),
                chunk,
            )
            for chunk, what in zip(chunks, pieces, strict=True)
        ]
        found = yield from settle(self._course, tasks)
        if isinstance(found, Failure):
            return found
        by_start = {record.start: record for record in found}
        return {chunk.index: by_start[chunk.start] for chunk in chunks}

    def _source(self, job: RenderJob) -> tuple[Shared, str]:
        """What pieces of a job need to know, and its name on the workers."""
        folder = self._rendering.folder
        if job is self._rendering.job:
            return self._rendering.source, self._rendering.key
        source = RenderSource(job=job, config=self._course.spec.config, folder=folder)
        return self._course.yard.share(source), f"{self._rendering.key}/{job.key}"

    def _judge(self, seen: tuple[Seen, ...]) -> Generator[Sequence[Task], Outcome, Review | None]:
        step = Verdict(seen=self._course.yard.share(seen), settings=self._settings)
        found = yield from settle(self._course, [self._course.task("verdict", step, PREPARE)])
        if isinstance(found, Failure):
            self._course.progress.note(f"what is flagged is not known: {found.code}: {found.message}")
            return None
        return found[0]


def alternative(config: Config, step: Step) -> Config:
    """The settings of a job with what a step changes."""
    if step == "margin":
        margin = config.face.margin * config.quality.retry_margin
        return replace(config, face=replace(config.face, margin=margin))
    return replace(config, engine=engine_of_name(config.quality.retry_engine or ""))


def engine_of_name(name: str) -> EngineSettings:
    """The default settings of an engine. Raises ConfigError: there is none of this name."""
    for arm in typing.get_args(EngineSettings):
        if name in arm_names(arm):
            return arm()
    return OwnEngine(name=name)
