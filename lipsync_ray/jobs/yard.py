"""What the jobs of a run share: workers, files, and scans of videos that several of them want."""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from lipsync_ray.artifact import ChunkRecord
from lipsync_ray.config import CacheSettings
from lipsync_ray.distributed.machine import machine_id
from lipsync_ray.distributed.pool import Pool, Shared
from lipsync_ray.distributed.session import Session
from lipsync_ray.distributed.tasks import Task
from lipsync_ray.faces.models import fetch_models
from lipsync_ray.faces.scan import Range
from lipsync_ray.faces.settings import FaceSettings
from lipsync_ray.fingerprint import code_version, fingerprint
from lipsync_ray.jobs.bench import BenchSpec, process_id
from lipsync_ray.jobs.scanning import missing_ranges
from lipsync_ray.jobs.site import Site, SiteSpec
from lipsync_ray.logs import PACKAGE
from lipsync_ray.media.table import FrameTable
from lipsync_ray.plan import Plan
from lipsync_ray.storage.uri import is_remote, local_path
from lipsync_ray.weights.store import WeightStore
from lipsync_ray.workspace import job_folder, open_root, remove_unheld


class RunYard:
    """See ``course.Yard``; ``is_open`` tells whether a task of that key still has no outcome."""

    def __init__(self, pool: Pool, site: Site, is_open: Callable[[str], bool]) -> None:
        self.site = site
        self._pool = pool
        self._is_open = is_open
        self._scans: dict[str, Sequence[Task]] = {}
        self._held: dict[str, tuple[str, str, ExitStack]] = {}  # by job: key of the artifacts, folder
        # By key, which two jobs may have in common, and by job.
        self._failed: dict[str, dict[str, ExitStack]] = {}
        self._done: dict[str, str] = {}  # folders of artifacts that are no longer needed, and their jobs
        self._models: set[str] = set()

    def share(self, value: Any) -> Shared:
        """As ``Yard``."""
        return self._pool.share(value)

    def scan(self, name: str, tasks: Sequence[Task]) -> Sequence[Task]:
        """As ``Yard``."""
        still = [task for task in self._scans.get(name, ()) if self._is_open(task.key)]
        if still:
            return still
        self._scans = {known: of for known, of in self._scans.items() if self._is_open(of[-1].key)}
        if tasks:
            self._scans[name] = tasks
        return tasks

    def models(self, store: WeightStore, settings: FaceSettings) -> None:
        """As ``Yard``."""
        key = fingerprint(store, settings.of_scan())
        if key not in self._models:
            fetch_models(store, settings)
            self._models.add(key)

    def hold(self, job: str, key: str) -> str:
        """As ``Yard``."""
        for earlier in self._failed.pop(key, {}).values():
            _leave_failed(earlier)
        stack = ExitStack()
        if is_remote(self.site.spec.root):
            folder = stack.enter_context(_remote_folder(self.site, key))
        else:
            home = local_path(self.site.spec.root) / "jobs"
            folder = f"jobs/{stack.enter_context(job_folder(home, key)).name}"
        self._held[job] = (key, folder, stack)
        self._done.pop(folder, None)
        return folder

    def missing(self, table: FrameTable, scan: str) -> list[Range]:
        """As ``Yard``."""
        return missing_ranges(table, scan, self.site)

    def records(self, folder: str, names: Sequence[str]) -> dict[str, ChunkRecord]:
        """As ``Yard``."""
        there = self.site.names(folder)
        found = {name: self.site.record(folder, name, there) for name in names}
        return {name: record for name, record in found.items() if record is not None}

    def keep_plan(self, folder: str, plan: Plan) -> None:
        """As ``Yard``."""
        plan.write(self.site.folder(folder) / "plan.json")
        self.site.publish(folder, ["plan.json"])

    def release(self, job: str, *, done: bool) -> None:
        """A job has ended: its artifacts go if it succeeded.

        Those of a job that failed stay for the next try, and its folder is held until ``settle`` finds that
        no worker writes in it any more.
        """
        if job not in self._held:
            return
        key, folder, stack = self._held.pop(job)
        if done:
            stack.close()
            self._done[folder] = job
        else:
            self._failed.setdefault(key, {})[job] = stack

    def settle(self, busy_with: Callable[[str], bool]) -> None:
        """Let go of the folders of ended jobs in which no worker writes any more.

        A piece that was given to two workers may have been finished by the slower one after its job was done,
        in a folder that was removed already.

        Args:
            busy_with: whether a worker still has a task whose key begins so.
        """
        for key, stacks in list(self._failed.items()):
            for job in [job for job in stacks if not busy_with(f"{job}/")]:
                _leave_failed(stacks.pop(job))
            if not stacks:
                del self._failed[key]
        for folder in [folder for folder, job in self._done.items() if not busy_with(f"{job}/")]:
            del self._done[folder]
            self._remove_late(folder)

    def close(self) -> None:
        """Let go of the folders of jobs that have not succeeded; no worker may run any more."""
        for job in list(self._held):
            self.release(job, done=False)
        self.settle(lambda prefix: False)

    def _remove_late(self, folder: str) -> None:
        if is_remote(self.site.spec.root):
            self.site.forget(folder)
        else:
            home, _, name = folder.rpartition("/")
            remove_unheld(local_path(self.site.spec.root) / home / name)


def _leave_failed(stack: ExitStack) -> None:
    """Let go of a folder as after an error: with its files."""
    with suppress(RuntimeError), stack:
        raise RuntimeError("the job has failed")


@contextmanager
def open_site(settings: CacheSettings, session: Session) -> Iterator[tuple[Site, BenchSpec]]:
    """The files of a run as the driver sees them, and what workers are told of them."""
    with ExitStack() as stack:
        root = stack.enter_context(open_root(settings))
        depot = stack.enter_context(session.depot())
        beacon = ""
        if depot is not None and not is_remote(root):
            beacon = stack.enter_context(_beacon(Path(root)))
        spec = SiteSpec(
            root=root,
            home=machine_id(),
            beacon=beacon,
            shared=settings.shared,
            copies=settings.copies_dir,
            copies_bytes=int(settings.copies_gb * 1e9),
            depot=depot,
        )
        site = Site(spec, driver=True)
        stack.callback(site.close)
        level = logging.getLogger(PACKAGE).getEffectiveLevel()
        yield site, BenchSpec(site=spec, code=code_version(), driver=process_id(), log=level)


@contextmanager
def _remote_folder(site: Site, key: str) -> Iterator[str]:
    name = f"jobs/{key}"
    yield name
    site.forget(name)


@contextmanager
def _beacon(root: Path) -> Iterator[str]:
    """A file by which machines that see this folder know it."""
    root.mkdir(parents=True, exist_ok=True)
    path = root / f".beacon-{os.getpid()}-{secrets.token_hex(8)}"
    path.touch(exist_ok=False)
    try:
        yield path.name
    finally:
        path.unlink(missing_ok=True)
