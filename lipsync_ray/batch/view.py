"""What a person is told of a batch while it runs."""

from __future__ import annotations

from lipsync_ray.batch.row import Row
from lipsync_ray.distributed.events import Event
from lipsync_ray.progress import NullProgress, Progress


class BatchView:
    """Tells a batch to a progress display: a line for what fails, a count of what is done."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def begin(self, all_jobs: int, todo: int) -> None:
        """The backlog is read."""
        if todo < all_jobs:
            self._progress.note(f"{all_jobs} jobs, {all_jobs - todo} of them settled before")

    def stage(self, name: str, total: int) -> None:
        """The probing, or the dubbing, of so many jobs begins."""
        self._progress.stage(name, total)

    def advance(self) -> None:
        """A job was probed."""
        self._progress.advance()

    def job(self, name: str) -> Progress:
        """Where a job tells how far it is."""
        return NullProgress()

    def done(self, row: Row) -> None:
        """A job is done."""
        self._progress.advance()

    def failed(self, row: Row) -> None:
        """A job has failed, for now or for good."""
        what = "is quarantined" if row.state == "quarantined" else "failed and is tried again"
        self._progress.note(f"{row.id} {what}: {row.code}: {row.message}")
        if row.state == "quarantined":
            self._progress.advance()

    def event(self, event: Event) -> None:
        """Something happened in the work."""
        if event.kind in ("draining", "waiting"):
            self._progress.note(event.message or "")
