"""The contract between the dispatcher and whatever holds its workers.

A pool starts, feeds and kills workers when told to and reports what happens; it decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from lipsync_ray.distributed.tasks import Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Alive:
    """A worker's process is up and begins its set-up."""

    worker: int
    pid: int
    node: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A worker has finished its set-up, or has answered a probe: it is idle."""

    worker: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupFailed:
    """A worker's factory raised; the worker is gone."""

    worker: int
    failure: Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A task came back from its worker, with a result or a ``Failure``."""

    worker: int
    key: str
    result: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A worker is dead, or (``suspect``) cannot be reached; what it had in flight is void."""

    worker: int
    failure: Failure
    preempted: bool = False
    suspect: bool = False


Report: TypeAlias = Alive | Ready | SetupFailed | Finished | Lost


class Shared(Protocol):
    """A heavy value that many tasks need: a payload holds the handle, a worker asks it for the value."""

    def get(self) -> Any:
        """The value; its arrays are read-only. Raises what tells that it was lost."""
        ...


class Pool(Protocol):
    """Workers by number; all methods but ``wait`` return at once.

    A worker does its tasks in the order of submission, one at a time, and its reports come in that order.
    """

    def lanes(self) -> Mapping[str, int]:
        """Workers to keep running for each kind of machine that they need; may change as machines come."""
        ...

    def gpus(self, lane: str) -> float:
        """GPUs that each worker of a lane holds."""
        ...

    def start(self, lane: str) -> int:
        """Begin a worker; ``Alive`` then ``Ready``, or ``SetupFailed`` or ``Lost``, will be reported."""
        ...

    def share(self, value: Any) -> Shared:
        """Make a value reachable for workers; it is kept for as long as the handle is."""
        ...

    def submit(self, worker: int, key: str, payload: Any) -> None:
        """Queue a task on a ready worker; ``Finished`` or the worker's ``Lost`` will be reported."""
        ...

    def probe(self, worker: int) -> None:
        """Ask a suspect for a sign of life; ``Ready`` or ``Lost`` will be reported, once or never."""
        ...

    def kill(self, worker: int) -> None:
        """End a worker by force; nothing more is reported of it."""
        ...

    def wait(self, timeout_s: float | None) -> list[Report]:
        """Wait for something to report; an empty list after ``timeout_s`` without any."""
        ...
