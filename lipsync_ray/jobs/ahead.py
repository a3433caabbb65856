"""Faces that are looked for while Ray starts: the driver and a core would only wait meanwhile."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from contextvars import copy_context
from dataclasses import replace
from pathlib import Path

from lipsync_ray.config import Config
from lipsync_ray.distributed.machine import available_cpus
from lipsync_ray.faces.models import FaceModels, load_models
from lipsync_ray.faces.ranges import scan_ranges, scan_tasks
from lipsync_ray.faces.scan import Range, ScanJob, is_there, open_home, scan_name, store_part
from lipsync_ray.inputs import Inputs
from lipsync_ray.jobs.scanning import mouths_in_passing
from lipsync_ray.media.frame import Frame
from lipsync_ray.media.reader import open_reader
from lipsync_ray.storage.uri import is_remote, local_path

logger = logging.getLogger(__name__)

# Of a range, done when workers could begin: the rest is waited for. Where it is all that is left, a worker
# would begin it anew; else workers could go on with other ranges meanwhile.
_WORTH_ALONE, _WORTH = 0.5, 0.8


class HeadStart:
    """Scans ranges in a thread, one after the other, until ``end``; ``frames`` and ``cpu_s`` tell what of it.

    Use as a context manager: leaving it stops the thread at its next frame. What it has not written by then
    is scanned by workers as if it had never been.

    Args:
        job: what is scanned.
        home: folder of the scan.
        ranges: in their order.
        models: that find faces.
        alone: whether nothing else of the scan is missing.
    """

    def __init__(
        self, job: ScanJob, home: Path, ranges: list[Range], models: FaceModels, *, alone: bool
    ) -> None:
        self.frames = 0  # that need not be scanned any more
        self.cpu_s = 0.0
        self._job, self._home, self._alone = job, home, alone
        self._awaited, self._unwanted = threading.Event(), threading.Event()
        self._thread = threading.Thread(
            target=copy_context().run, args=(self._work, ranges, models), daemon=True
        )

    def __enter__(self) -> HeadStart:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._unwanted.set()
        self._thread.join()

    def end(self) -> None:
        """Come to an end, as workers could go on: a range of which little is done is left to them."""
        self._awaited.set()
        self._thread.join()

    def _work(self, ranges: list[Range], models: FaceModels) -> None:
        begun = time.thread_time()
        try:
            open_home(self._home)
            for wanted in ranges:
                if self._awaited.is_set():
                    break
                self._scan(wanted, models)
        except _GivenUp:
            pass
        except Exception as error:  # a worker meets it again, and tells it
            logger.debug("no head start: %s", error)
        finally:
            self.cpu_s = time.thread_time() - begun

    def _scan(self, wanted: Range, models: FaceModels) -> None:
        with open_reader(self._job.table, threads=1) as reader:
            part = self._job.scan(self._watched(reader.frames(range(*wanted)), wanted), wanted, models)
        self.frames += store_part(part, self._home)

    def _watched(self, frames: Iterator[Frame], wanted: Range) -> Iterator[Frame]:
        least = (_WORTH_ALONE if self._alone else _WORTH) * (wanted[1] - wanted[0])
        for number, frame in enumerate(frames):
            if self._unwanted.is_set() or (self._awaited.is_set() and number < least):
                raise _GivenUp
            yield frame


class _GivenUp(Exception):
    """The frames so far were in vain."""


def head_start(config: Config, inputs: Inputs) -> AbstractContextManager[HeadStart | None]:
    """A head start for a job whose Ray is to be started here, or None where there is nothing to gain.

    Args:
        config: the job, with places that mean the same everywhere.
        inputs: what its files hold.

    Raises:
        WeightsMissing, WeightsCorrupt, LicenseRefused, DependencyMissing: no face can be found at all.
    """
    bounds = config.limits
    # Who sets limits does not trust the files: only workers, which have them, may decode then.
    trusted = (bounds.memory_gb, bounds.cpu_s, bounds.file_gb) == (None, None, None)
    places = (config.video, config.cache.place)
    near = config.cache.enabled and not config.media.static and not any(map(is_remote, places))
    if config.ray.cluster != "local" or not trusted or not near or available_cpus() < 2:
        return nullcontext()
    store = config.weights.store(config.license.policy)
    table = replace(inputs.table, path=config.video)
    home = local_path(config.cache.place) / "scans" / scan_name(inputs.source_hash, config.face, store)
    missing = [wanted for wanted in scan_ranges(table) if not is_there(home, wanted)]
    if not missing:
        return nullcontext()
    # One of each task: it begins where decoding can begin.
    ranges = [task[0] for task in scan_tasks(table, missing)]
    job = ScanJob(table=table, settings=config.face, weights=store, mouths=mouths_in_passing(config))
    return HeadStart(job, home, ranges, load_models(store, config.face), alone=len(missing) == 1)
