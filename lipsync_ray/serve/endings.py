"""Writes down what came of a job: its files, then its row."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from lipsync_ray.config import Config
from lipsync_ray.errors import JobCancelled
from lipsync_ray.jobs.backlog import Ended
from lipsync_ray.jobs.gallery import Portrait
from lipsync_ray.jobs.learning import estimated, learn_from, learning, places_of
from lipsync_ray.jobs.machines import Machines
from lipsync_ray.serve.courses import Judged
from lipsync_ray.serve.job import ServedJob
from lipsync_ray.serve.orders import error_of
from lipsync_ray.serve.places import Places
from lipsync_ray.serve.results import dub_result, preview_result, triage_result
from lipsync_ray.serve.store import JobStore
from lipsync_ray.sidecar import Result
from lipsync_ray.storage.whole import atomic_path

logger = logging.getLogger(__name__)


class Endings:
    """Ends jobs in the store.

    Args:
        store: jobs.
        places: their files.
        clock: seconds since the epoch.
    """

    def __init__(self, store: JobStore, places: Places, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._places = places
        self._clock = clock

    def result_of(self, job: ServedJob, ended: Ended, config: Config, machines: Machines) -> dict[str, Any]:
        """What is told of a job that went well; its files are written.

        Raises:
            LipsyncError, OSError: a file cannot be written, or the job did not go well: its own error.
        """
        if ended.error is not None:
            raise ended.error
        account = ended.job.account
        if isinstance(ended.result, Result):
            with learning(machines.site.spec.root) as paces:
                learn_from(paces, config, account, places_of(config, machines.pool))
            size = self._places.result(job).stat().st_size
            return dub_result(ended.result, account, size, config)
        if isinstance(ended.result, Judged):
            triage = estimated(ended.result.triage, config, machines)
            self._write(self._places.strip(job), triage.strip)
            self._write_faces(job, ended.result.people)
            return triage_result(job, triage, ended.result.people)
        return preview_result(ended.result, self._places.preview(job).stat().st_size)

    def done(self, job: ServedJob, result: dict[str, Any], progress: dict[str, Any]) -> None:
        """A job is done. Raises StoreError."""
        if job.kind == "dub":
            self._store.use(job, result["seconds"])
        self._end(job, state="done", result=result, progress=progress)

    def broken(self, job: ServedJob, error: BaseException, progress: dict[str, Any]) -> None:
        """A job has failed, and nothing is counted for it, or was cancelled. Raises StoreError."""
        if isinstance(error, JobCancelled):
            self._end(job, state="cancelled", progress=progress)
            return
        self._store.unuse(job)
        code, message = error_of(error, job)
        logger.warning("job %s failed: %s: %s", job.id, code, error, exc_info=code == "INTERNAL")
        self._end(job, state="failed", error_code=code, error_message=message, progress=progress)

    def _end(self, job: ServedJob, **values: Any) -> None:
        now = self._clock()
        size = _bytes_in(self._places.job(job.id))
        self._store.change(job.id, given=("running",), finished=now, call_after=now, bytes=size, **values)

    def _write_faces(self, job: ServedJob, people: Sequence[Portrait]) -> None:
        folder = self._places.face(job, 0).parent
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for one in people:
            self._write(self._places.face(job, one.faces[0]), one.picture)

    def _write(self, place: Path, data: bytes) -> None:
        with atomic_path(place) as path:
            path.write_bytes(data)


def _bytes_in(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with suppress(OSError):
            total += path.stat().st_size if path.is_file() else 0
    return total
