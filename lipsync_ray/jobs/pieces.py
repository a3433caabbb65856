"""The pieces that a job is rendered in: chunks, the seams between them, chunks that were given up."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from lipsync_ray.artifact import ChunkRecord, notes_path, overlaps_path
from lipsync_ray.compositing import RenderJob
from lipsync_ray.config import Config
from lipsync_ray.copying import copy_chunk
from lipsync_ray.distributed.pool import Shared
from lipsync_ray.engines.base import Engine
from lipsync_ray.jobs.bench import Bench
from lipsync_ray.jobs.places import table_here
from lipsync_ray.jobs.scanning import scan_here
from lipsync_ray.jobs.witnessing import witness_of
from lipsync_ray.media.index import FrameTable
from lipsync_ray.plan import Chunk
from lipsync_ray.render import render_chunk
from lipsync_ray.seam import Seam, render_seam


@dataclass(frozen=True, slots=True, kw_only=True)
class Untouched:
    """A chunk that was given up: its source frames go to the output as they are."""

    chunk: Chunk


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderSource:
    """What all pieces of a job need to know."""

    job: RenderJob
    config: Config
    folder: str  # of the artifacts, in the root


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Render one piece of a job to its artifact."""

    source: Shared  # of a RenderSource
    key: str  # names the source
    what: Chunk | Seam | Untouched
    portions: int = 1  # by which the batch is divided, where memory was too short
    batch: int = 1  # of the job

    def run(self, bench: Bench) -> ChunkRecord:
        """The record of the artifact, which other workers can reach."""
        folder = self._folder()
        source: RenderSource = self.source.get()
        job = bench.job(self.key, lambda stack: open_job(source, bench, stack))
        job = replace(job, folder=bench.site.folder(folder), batch=max(1, job.batch // self.portions))
        record = self._render(bench, job)
        bench.site.publish(folder, files_of(record))
        return record

    def lighter(self) -> Piece | None:
        """The same piece, with half as many frames at once."""
        if self.batch // self.portions <= 1:
            return None
        return replace(self, portions=2 * self.portions)

    def _folder(self) -> str:
        source: RenderSource = self.source.get()
        return source.folder

    def _render(self, bench: Bench, job: RenderJob) -> ChunkRecord:
        folder = self._folder()
        match self.what:
            case Seam():
                shared = [overlaps_path(job.folder, side).name for side in (self.what.left, self.what.right)]
                bench.site.need(folder, shared)
                return render_seam(job, self.what, witness_of(job, self.what.start, self.what.stop))
            case Untouched():
                roles = tuple(replace(role, crops={}) for role in job.roles)
                bare = replace(job, roles=roles, key=f"{job.key}-untouched")
                return _drawn(bare, self.what.chunk, bench, job)
            case Chunk(copied=True):
                return copy_chunk(job, self.what)
            case _:
                return _drawn(job, self.what, bench, job)


def _drawn(job: RenderJob, chunk: Chunk, bench: Bench, measured: RenderJob) -> ChunkRecord:
    """A chunk of a job, which is measured as if it were one of another."""
    within = chunk.interior
    witness = witness_of(measured, within.start, within.stop) if within else None
    return render_chunk(job, engine_of(job, bench), chunk, witness)


def job_here(job: RenderJob, table: FrameTable, bench: Bench) -> RenderJob:
    """A job with its video and its faces as paths of this machine; it writes no artifacts yet."""
    scan = scan_here(job.scan, job.scan.folder.name, bench.site)
    return replace(job, table=table, scan=scan, threads=bench.threads)


def open_job(source: RenderSource, bench: Bench, stack: ExitStack) -> RenderJob:
    """A job with its inputs at hand on this machine, until the stack is closed."""
    return job_here(source.job, table_here(source.job.table, source.config, bench.site, stack), bench)


def files_of(record: ChunkRecord) -> list[str]:
    """Names of an artifact's files; the record, which proves the others whole, comes last."""
    names = [f"{record.name}.nut"] if record.stop > record.start else []
    names += [overlaps_path(Path(), record.name).name] if record.overlap_bytes else []
    names += [notes_path(Path(), record.name).name] if record.note_bytes else []
    return [*names, f"{record.name}.json"]


def engine_of(job: RenderJob, bench: Bench) -> Engine:
    """The engine that draws a job."""
    return bench.engine(job.engine, job.engine_settings, job.resources)
