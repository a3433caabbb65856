"""All chunks of a job through the dispatcher, then the seams between them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from lipsync_ray.artifact import ChunkRecord
from lipsync_ray.compositing import RenderJob
from lipsync_ray.distributed.dispatcher import Dispatcher
from lipsync_ray.distributed.events import Event
from lipsync_ray.distributed.render_worker import RenderWorker, Untouched
from lipsync_ray.distributed.session import Session
from lipsync_ray.distributed.settings import DispatchSettings
from lipsync_ray.distributed.tasks import Failure, Outcome, Task
from lipsync_ray.errors import ChunkFailed
from lipsync_ray.plan import Chunk
from lipsync_ray.progress import Progress
from lipsync_ray.seam import Seam
from lipsync_ray.stitch import Assembly, assemble, find_seams

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """The finished picture of a job, still in segments."""

    assembly: Assembly
    records: list[ChunkRecord]  # of chunks, then seams
    attempts: int  # counted attempts over all pieces; equal to the pieces when nothing failed
    untouched: list[int]  # chunks that were given up and show the source's own frames


class Rendering:
    """Renders the chunks of one job on the workers of a session.

    Args:
        job: what all chunks share.
        session: where the workers are.
        settings: attempts and time limits.
        networks: whether the engine runs neural networks.
        keep_failed: let a chunk that failed for good show its source frames, instead of failing the job.
        progress: counts finished output frames.
    """

    def __init__(
        self,
        job: RenderJob,
        session: Session,
        settings: DispatchSettings,
        *,
        networks: bool,
        keep_failed: bool,
        progress: Progress,
    ) -> None:
        self._job = job
        self._session = session
        self._settings = settings
        self._networks = networks
        self._keep_failed = keep_failed
        self._progress = progress
        self._attempts = 0
        self._untouched: list[int] = []

    def run(self, chunks: Sequence[Chunk]) -> Rendered:
        """Render everything.

        Raises:
            LipsyncError: a piece failed for good; its own error if it is one of the project's.
            WorkerSetupFailed: no worker can start.
        """
        workers = self._session.pool(RenderWorker, shared=self._job, networks=self._networks)
        with workers as pool:
            dispatcher = Dispatcher(pool, self._settings, self._on_event)
            records = self._render_chunks(dispatcher, chunks)
            seams = self._render_seams(dispatcher, find_seams(chunks, records))
        frames = len(self._job.timeline)
        return Rendered(
            assembly=assemble(chunks, records, seams, self._job.folder, frames),
            records=[*(records[chunk.index] for chunk in chunks), *seams.values()],
            attempts=self._attempts,
            untouched=sorted(self._untouched),
        )

    def _render_chunks(self, dispatcher: Dispatcher, chunks: Sequence[Chunk]) -> dict[int, ChunkRecord]:
        by_key = {f"chunk-{chunk.index:05d}": chunk for chunk in chunks}
        records: dict[int, ChunkRecord] = {}
        dispatcher.add(
            Task(key=key, payload=chunk, cost=len(chunk), lane="gpu") for key, chunk in by_key.items()
        )
        for outcome in dispatcher.outcomes():
            chunk = by_key[outcome.key.removeprefix("untouched-")]
            self._attempts += outcome.attempts
            if outcome.failure is None:
                records[chunk.index] = outcome.result
                self._progress.advance(len(chunk) - chunk.head)
            elif self._keep_failed and not outcome.key.startswith("untouched-"):
                self._untouched.append(chunk.index)
                self._progress.note(f"chunk {chunk.index} keeps its source frames: {outcome.failure.message}")
                dispatcher.add([Task(key=f"untouched-{outcome.key}", payload=Untouched(chunk=chunk))])
            else:
                raise _error(outcome, f"chunk {chunk.index} (frames {chunk.start} to {chunk.stop})")
        return records

    def _render_seams(self, dispatcher: Dispatcher, seams: Sequence[Seam]) -> dict[int, ChunkRecord]:
        by_key = {f"seam-{seam.index:05d}": seam for seam in seams}
        records: dict[int, ChunkRecord] = {}
        tasks = [Task(key=key, payload=seam, cost=seam.stop - seam.start) for key, seam in by_key.items()]
        for outcome in dispatcher.run(tasks):
            self._attempts += outcome.attempts
            if outcome.failure is not None:
                raise _error(outcome, f"the seam before chunk {by_key[outcome.key].index}")
            records[by_key[outcome.key].index] = outcome.result
        return records

    def _on_event(self, event: Event) -> None:
        if event.kind in ("requeued", "waiting"):
            self._progress.note(f"{event.task or event.kind}: {event.message or ''}, trying again")
        logger.debug("%s", event.as_dict())


def _error(outcome: Outcome, what: str) -> Exception:
    failure: Failure = outcome.failure  # type: ignore[assignment]
    if not failure.retriable:
        return failure.to_error()
    return ChunkFailed(
        f"{what} failed {outcome.attempts} times, last with {failure.code}: {failure.message}. "
        "The finished chunks are kept: the same command goes on from here; chunk.on_error=pass "
        "keeps the source's own frames instead"
    )
