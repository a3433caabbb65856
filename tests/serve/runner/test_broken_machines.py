"""Machines that break: jobs wait, and go on with the next ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from lipsync_ray.errors import WorkerSetupFailed
from lipsync_ray.jobs.machines import Machines, open_machines
from lipsync_ray.serve import runner
from tests.serve.runner.conftest import Thread, Works


class _Breaking:
    """A backlog that takes a job and is gone."""

    def __init__(self, machines: Machines) -> None:
        self._machines = machines

    def run(self, jobs: Iterator[Any], **_: Any) -> Iterator[Any]:
        next(jobs)
        raise RuntimeError("the raylet has died")

    def end(self, name: str, error: Exception) -> None:
        self._machines.backlog.end(name, error)


def test_jobs_wait_for_machines_that_work(works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    @contextmanager
    def breaking(config: Any, **more: Any) -> Iterator[Machines]:
        opened.append("again")
        if len(opened) == 1:
            raise WorkerSetupFailed("no worker can start: this machine has no memory left")
        with open_machines(config, **more) as machines:
            yield replace(machines, backlog=_Breaking(machines)) if len(opened) == 2 else machines  # type: ignore[arg-type]

    monkeypatch.setattr(runner, "open_machines", breaking)
    monkeypatch.setattr(runner, "_WAITS_S", (0.0,))
    job = works.job("preview")
    with Thread(works=works):
        (done,) = works.until_ended(job)
    assert (done.state, done.starts, len(opened)) == ("done", 2, 3)
