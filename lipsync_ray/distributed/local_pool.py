"""One worker in the driver's own process and thread: ``ray.cluster=none``, for debugging and tests."""

from __future__ import annotations

import os
import platform
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lipsync_ray.distributed.machine import available_cpus
from lipsync_ray.distributed.pool import Alive, Finished, Ready, Report, SetupFailed, Shared
from lipsync_ray.distributed.tasks import Failure
from lipsync_ray.distributed.worker import Factory, Runner, attempt, build, close


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A shared value in this process."""

    value: Any

    def get(self) -> Any:
        """The value."""
        return self.value


class LocalPool:
    """Runs a task inside ``wait``; no timeout can end it, and if it kills its process the driver dies too."""

    def __init__(self, factory: Factory, shared: Any = None) -> None:
        self._factory = factory
        self._shared = shared
        self._runner: Runner | None = None
        self._reports: list[Report] = []
        self._tasks: deque[tuple[int, str, Any]] = deque()
        self._started = 0

    def lanes(self) -> Mapping[str, int]:
        """Always one worker, for everything."""
        return {"cpu": 1}

    def gpus(self, lane: str) -> float:
        """None."""
        return 0.0

    def share(self, value: Any) -> Shared:
        """The value itself, held by its handle."""
        return Held(value=value)

    def start(self, lane: str) -> int:
        """Build the runner now."""
        worker = self._started
        self._started += 1
        self._reports.append(Alive(worker=worker, pid=os.getpid(), node=platform.node()))
        runner = build(self._factory, self._shared, available_cpus())
        if isinstance(runner, Failure):
            self._reports.append(SetupFailed(worker=worker, failure=runner))
        else:
            self._runner = runner
            self._reports.append(Ready(worker=worker))
        return worker

    def submit(self, worker: int, key: str, payload: Any) -> None:
        """Queue a task; ``wait`` runs it."""
        self._tasks.append((worker, key, payload))

    def probe(self, worker: int) -> None:
        """A worker in this process always answers."""
        self._reports.append(Ready(worker=worker))

    def kill(self, worker: int) -> None:
        """Close the runner, drop what is queued."""
        close(self._runner)
        self._runner = None
        self._tasks.clear()
        self._reports = [report for report in self._reports if report.worker != worker]

    def wait(self, timeout_s: float | None) -> list[Report]:
        """Report what is known; with nothing to report, run the next task."""
        if not self._reports and self._tasks and self._runner is not None:
            worker, key, payload = self._tasks.popleft()
            result = attempt(self._runner, payload, key)
            self._reports.append(Finished(worker=worker, key=key, result=result))
        reports, self._reports = self._reports, []
        return reports

    def __enter__(self) -> LocalPool:
        return self

    def __exit__(self, *exc: object) -> None:
        self.kill(self._started - 1)
