"""The one worker class: an engine loaded once, and the chunks and seams of a job."""

from __future__ import annotations

from lipsync_ray.artifact import ChunkRecord
from lipsync_ray.compositing import RenderJob
from lipsync_ray.engines.registry import load_engine
from lipsync_ray.plan import Chunk
from lipsync_ray.render import render_chunk
from lipsync_ray.seam import Seam, render_seam


class RenderWorker:
    """A dispatcher's runner: renders what it is given, chunk or seam."""

    def __init__(self, job: RenderJob) -> None:
        self._job = job
        self._engine = load_engine(job.engine)

    def run(self, payload: Chunk | Seam) -> ChunkRecord:
        """Render a piece to its artifact."""
        if isinstance(payload, Seam):
            return render_seam(self._job, payload)
        return render_chunk(self._job, self._engine, payload)
