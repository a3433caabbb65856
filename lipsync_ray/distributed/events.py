"""What happens during a run, told as it happens: for the progress display and for events.jsonl."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from lipsync_ray.distributed.tasks import Failure

Kind = Literal[
    "started",  # a task began on a worker
    "done",
    "requeued",  # an attempt failed or was lost; the task will run again
    "failed",  # the task is given up
    "unneeded",  # a worker ended a task that another did faster, or that nobody wants any more
    "doubled",  # it takes long and was given to an idle worker as well
    "worker_starting",
    "worker_started",  # set up and ready for tasks
    "worker_died",
    "worker_killed",  # by the dispatcher: stuck task, stuck set-up, silent too long
    "worker_suspect",  # stopped answering; nothing is given to it until it answers
    "worker_setup_failed",
    "worker_recycled",  # ended after its share of tasks, for a fresh one
    "draining",  # asked to stop: what runs is finished, nothing new is begun
    "waiting",  # no worker has started for a while: the cluster has no room
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened; fields that do not apply are None."""

    kind: Kind
    time: float = field(default_factory=time.time)  # seconds since the epoch, driver's clock
    task: str | None = None
    worker: int | None = None
    lane: str | None = None  # which workers: "cpu" or "gpu"
    attempt: int | None = None  # of the task: 1 for the first
    seconds: float | None = None  # wall time of the attempt
    code: str | None = None
    message: str | None = None
    pid: int | None = None
    node: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """The fields that apply, ready for JSON."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


OnEvent = Callable[[Event], None]


def ignore(event: Event) -> None:
    """An ``OnEvent`` for a caller who does not listen."""


def task_event(
    kind: Kind, key: str, worker: int, attempts: int, seconds: float, failure: Failure | None
) -> Event:
    """What became of an attempt."""
    code, message = (failure.code, failure.message) if failure else (None, None)
    return Event(
        kind=kind, task=key, worker=worker, attempt=attempts, seconds=seconds, code=code, message=message
    )
