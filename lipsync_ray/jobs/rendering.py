"""The chunks of a job, then the seams between them: which are to be rendered, and what if one fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lipsync_ray.artifact import ChunkRecord, notes_path
from lipsync_ray.compositing import RenderJob
from lipsync_ray.distributed.tasks import Failure, Outcome, Task
from lipsync_ray.errors import ChunkFailed
from lipsync_ray.jobs.course import RENDER, SEAM, Asking, Course
from lipsync_ray.jobs.pieces import Piece, RenderSource, Untouched
from lipsync_ray.jobs.prepare import Prepared
from lipsync_ray.jobs.review import Span
from lipsync_ray.plan import Chunk
from lipsync_ray.seam import Seam, seam_name
from lipsync_ray.stitch import find_seams


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawer:
    """What has drawn a chunk, where that is not the job's own engine with its settings."""

    engine: str
    weights: dict[str, str]  # SHA-256 by name


class Rendering:
    """The chunks of a job, then the seams between them."""

    def __init__(self, course: Course, prepared: Prepared, folder: str) -> None:
        self.folder = folder  # of the artifacts, in the root
        # Names the job on workers, which keep it open by that name. Dubs of one video may follow each other
        # in one folder: what all their chunks have in common may be the same, what frames show is not.
        self.key = f"{folder}/{prepared.digest}"
        self.records: dict[int, ChunkRecord] = {}  # by chunk
        self.seams: dict[int, ChunkRecord] = {}  # by the chunk that follows
        self.untouched: list[int] = []  # chunks that show the source's own frames
        self.drawers: dict[int, Drawer] = {}  # by chunk
        self.attempts = 0
        self._course = course
        self._prepared = prepared

    def run(self, job: RenderJob) -> Asking:
        """Render what is not there yet.

        Raises:
            LipsyncError: a piece failed for good; its own error if it is one of the project's.
        """
        course, plan = self._course, self._prepared.plan
        course.begin("render", total=plan.frames)
        course.account.chunks = len(plan.chunks)
        if self._prepared.copying is not None:
            course.account.copied = self._prepared.copying.frames
            course.progress.note(self._prepared.copying.text(plan.frames))
        source = RenderSource(job=job, config=course.spec.config, folder=self.folder)
        shared = course.yard.share(source)
        self.job, self.source = job, shared
        self._piece = Piece(source=shared, key=self.key, what=plan.chunks[0], batch=job.batch)
        self._find_finished()
        yield from self._chunks([chunk for chunk in plan.chunks if chunk.index not in self.records])
        yield from self._seams(find_seams(plan.chunks, self.records))

    @property
    def chunks(self) -> Sequence[Chunk]:
        """All chunks of the job."""
        return self._prepared.plan.chunks

    def spans(self) -> list[Span]:
        """All frames, by the segments that show them."""
        kept = self.untouched
        copied = {chunk.index for chunk in self.chunks if chunk.copied}.difference(kept)
        chunks = [
            span_of(record, untouched=k in kept, copied=k in copied) for k, record in self.records.items()
        ]
        seams = [span_of(record) for record in self.seams.values()]
        return sorted((span for span in [*chunks, *seams] if len(span)), key=lambda span: span.start)

    def _find_finished(self) -> None:
        names = self._prepared.names
        there = self._course.yard.records(self.folder, names)
        for chunk, name in zip(self._prepared.plan.chunks, names, strict=True):
            if name in there:
                self.records[chunk.index] = there[name]
                self._course.account.chunks_reused += 1
                self._course.progress.advance(len(chunk) - chunk.head)

    def _chunks(self, chunks: Sequence[Chunk]) -> Asking:
        open_chunks = {f"chunk-{chunk.index:05d}": chunk for chunk in chunks}
        asked = [
            self._copy(name, chunk) if chunk.copied else self._task(name, chunk)
            for name, chunk in open_chunks.items()
        ]
        while open_chunks:
            outcome = yield asked
            asked = []
            name = outcome.key.rpartition("/")[2]
            chunk = open_chunks.pop(name)
            self._take(outcome)
            if outcome.failure is None:
                self.records[chunk.index] = outcome.result.value
                self._course.progress.advance(len(chunk) - chunk.head)
            elif self._may_pass(name):
                asked = [self._pass(name, chunk, outcome.failure)]
                open_chunks[asked[0].key.rpartition("/")[2]] = chunk
            else:
                raise _error(outcome, f"chunk {chunk.index} (frames {chunk.start} to {chunk.stop})")

    def _may_pass(self, name: str) -> bool:
        return self._course.spec.config.chunk.on_error == "pass" and not name.startswith("untouched-")

    def _pass(self, name: str, chunk: Chunk, failure: Failure) -> Task:
        self.untouched.append(chunk.index)
        self._course.progress.note(f"chunk {chunk.index} keeps its source frames: {failure.message}")
        return self._task(f"untouched-{name}", Untouched(chunk=chunk))

    def _seams(self, seams: Sequence[Seam]) -> Asking:
        names = [seam_name(self._prepared.key, seam) for seam in seams]
        there = self._course.yard.records(self.folder, names) if seams else {}
        asked: list[Task] = []
        by_key: dict[str, Seam] = {}
        for seam, name in zip(seams, names, strict=True):
            if name in there:
                self.seams[seam.index] = there[name]
                continue
            task = self._seam_task(seam)
            asked.append(task)
            by_key[task.key] = seam
        while by_key:
            outcome = yield asked
            asked = []
            seam = by_key.pop(outcome.key)
            self._take(outcome)
            if outcome.failure is not None:
                raise _error(outcome, f"the seam before chunk {seam.index}")
            self.seams[seam.index] = outcome.result.value

    def _task(self, name: str, what: Chunk | Untouched) -> Task:
        chunk = what if isinstance(what, Chunk) else what.chunk
        return self.task(name, replace(self._piece, what=what), chunk)

    def _copy(self, name: str, chunk: Chunk) -> Task:
        """The task of a chunk that nobody draws: any worker can do it."""
        piece = replace(self._piece, what=chunk)
        return self._course.task(name, piece, RENDER, cost=len(chunk), kind="copy")

    def task(self, name: str, piece: Piece, chunk: Chunk) -> Task:
        """The task of a piece that draws a chunk."""
        kind = name.partition("-")[0]
        return self._course.task(name, piece, RENDER, cost=len(chunk), kind=kind, lane="gpu")

    def _seam_task(self, seam: Seam) -> Task:
        piece = replace(self._piece, what=seam)
        cost = seam.stop - seam.start
        return self._course.task(f"seam-{seam.index:05d}", piece, SEAM, cost=cost, kind="seam")

    def _take(self, outcome: Outcome) -> None:
        self.attempts += outcome.attempts
        self._course.account.take(outcome, self._course.stage)


def span_of(record: ChunkRecord, *, untouched: bool = False, copied: bool = False) -> Span:
    """The frames of an artifact's segment."""
    return Span(
        start=record.start,
        stop=record.stop,
        segment=f"{record.name}.nut",
        notes=notes_path(Path(), record.name).name if record.note_bytes else None,
        untouched=untouched,
        copied=copied,
    )


def _error(outcome: Outcome, what: str) -> Exception:
    failure: Failure = outcome.failure  # type: ignore[assignment]
    if not failure.retriable:
        return failure.to_error()
    return ChunkFailed(
        f"{what} failed {outcome.attempts} times, last with {failure.code}: {failure.message}. "
        "The finished chunks are kept: the same command goes on from here; chunk.on_error=pass "
        "keeps the source's own frames instead"
    )
