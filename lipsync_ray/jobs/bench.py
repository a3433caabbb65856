"""The inside of every worker: what it keeps from one piece of work to the next, of whatever job."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Protocol

from lipsync_ray.compositing import RenderJob
from lipsync_ray.distributed.machine import machine_id
from lipsync_ray.engines.base import Engine, Resources
from lipsync_ray.engines.registry import load_engine
from lipsync_ray.errors import PlanError
from lipsync_ray.fingerprint import code_version, fingerprint
from lipsync_ray.heap import give_back
from lipsync_ray.jobs.site import Site, SiteSpec
from lipsync_ray.logs import Note, log_tasks, overheard
from lipsync_ray.threads import one_thread_each

_JOBS = 2  # jobs whose inputs a worker keeps open: the end of one overlaps the beginning of the next
_ENGINES = 2  # engines that stay loaded


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchSpec:
    """What all workers of a run are told."""

    site: SiteSpec
    code: str  # code_version() of the driver: workers of another one would make other pictures
    driver: str = ""  # process_id() of the driver
    log: int = logging.WARNING  # what is logged from this level on is taken along to the driver


class Step(Protocol):
    """A piece of work: a picklable payload that knows how it is done."""

    def run(self, bench: Bench) -> Any:
        """Do it; the result is small and picklable."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a step returned, and what it took."""

    value: Any
    wall_s: float
    cpu_s: float  # of the whole process: all its threads
    host: str
    notes: tuple[Note, ...] = ()  # that were logged meanwhile, in another process than the driver's


def process_id() -> str:
    """What tells this process from all others of a run."""
    return f"{machine_id()}/{os.getpid()}"


class Bench:
    """A dispatcher's runner for all steps of all jobs.

    Args:
        spec: what all workers are told.
        threads: that this one may keep busy.

    Raises:
        PlanError: this machine has another lipsync_ray than the driver, or other libraries.
    """

    def __init__(self, spec: BenchSpec, threads: int) -> None:
        if code_version() != spec.code:
            raise PlanError(
                f"{socket.gethostname()} has lipsync_ray {code_version()}, the driver has {spec.code}: "
                "install the same version and libraries on both"
            )
        self._calm = ExitStack()
        self._calm.enter_context(one_thread_each())
        self._log = None if spec.driver in ("", process_id()) else spec.log
        if self._log is not None:
            log_tasks(self._log)
        self.threads = threads
        self.site = Site(spec.site)
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        self._jobs: OrderedDict[str, tuple[ExitStack, RenderJob]] = OrderedDict()

    def run(self, payload: Step) -> Done:
        """Do one step."""
        wall, cpu = time.perf_counter(), time.process_time()
        with overheard(self._log) as notes:
            value = payload.run(self)
        give_back()
        return Done(
            value=value,
            wall_s=time.perf_counter() - wall,
            cpu_s=time.process_time() - cpu,
            host=socket.gethostname(),
            notes=tuple(notes),
        )

    def engine(self, name: str, settings: Any, resources: Resources) -> Engine:
        """An engine, kept loaded for the next job that wants the same."""
        key = fingerprint(name, settings, resources)
        if key not in self._engines:
            while len(self._engines) >= _ENGINES:
                self._engines.popitem(last=False)  # first: two large ones may not fit side by side
            self._engines[key] = load_engine(name, settings, resources)
        self._engines.move_to_end(key)
        return self._engines[key]

    def job(self, key: str, open_job: Callable[[ExitStack], RenderJob]) -> RenderJob:
        """A job with its files at hand, kept open for its next pieces."""
        if key not in self._jobs:
            while len(self._jobs) >= _JOBS:
                self._jobs.popitem(last=False)[1][0].close()
            with ExitStack() as stack:
                job = open_job(stack)
                self._jobs[key] = (stack.pop_all(), job)
        self._jobs.move_to_end(key)
        return self._jobs[key][1]

    def close(self) -> None:
        """Let go of everything."""
        while self._jobs:
            self._jobs.popitem()[1][0].close()
        self.site.close()
        self._calm.close()
