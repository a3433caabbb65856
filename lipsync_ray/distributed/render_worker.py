"""The one worker class: an engine loaded once, and whatever pieces of a job it is handed."""

from __future__ import annotations

import socket
from dataclasses import dataclass, replace

from lipsync_ray.artifact import ChunkRecord
from lipsync_ray.compositing import RenderJob
from lipsync_ray.engines.registry import load_engine
from lipsync_ray.errors import PlanError
from lipsync_ray.fingerprint import code_version
from lipsync_ray.plan import Chunk
from lipsync_ray.render import render_chunk
from lipsync_ray.seam import Seam, render_seam


@dataclass(frozen=True, slots=True, kw_only=True)
class Untouched:
    """A chunk that was given up: its source frames go to the output as they are."""

    chunk: Chunk


class RenderWorker:
    """A dispatcher's runner: renders what it is given, chunk or seam.

    Raises:
        PlanError: this machine has another lipsync_ray than the driver, or other libraries.
    """

    def __init__(self, job: RenderJob) -> None:
        if code_version() != job.code:
            raise PlanError(
                f"{socket.gethostname()} has lipsync_ray {code_version()}, the driver has {job.code}: "
                "install the same version and libraries on both"
            )
        self._job = job
        self._engine = load_engine(job.engine, job.engine_settings, job.resources)

    def run(self, payload: Chunk | Seam | Untouched) -> ChunkRecord:
        """Render a piece to its artifact."""
        match payload:
            case Seam():
                return render_seam(self._job, payload)
            case Untouched():
                job = replace(self._job, crops={}, key=f"{self._job.key}-untouched")
                return render_chunk(job, self._engine, payload.chunk)
            case _:
                return render_chunk(self._job, self._engine, payload)
