"""Workers as Ray actors, one process each.

An actor is neither restarted nor are its calls retried by Ray (``max_restarts=0, max_task_retries=0``): a
death is then final and comes with its cause and whether the node was pre-empted, and the dispatcher starts
the replacement. With ``max_restarts=-1`` the same death shows as "unavailable", without a cause.
"""

from __future__ import annotations

import os
import platform
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, Literal

import ray
from ray.exceptions import ActorUnavailableError, OutOfMemoryError, RayActorError, RayError, RayTaskError
from ray.exceptions import WorkerCrashedError as RayWorkerCrashed

from lipsync_ray.distributed.bounds import Bounds
from lipsync_ray.distributed.lanes import Lane
from lipsync_ray.distributed.pool import Alive, Finished, Lost, Ready, Report, SetupFailed
from lipsync_ray.distributed.tasks import Failure
from lipsync_ray.distributed.worker import (
    Factory,
    Runner,
    attempt,
    build,
    close,
    thread_environment,
)
from lipsync_ray.errors import OutOfMemory, ResultLost, WorkerDied
from lipsync_ray.limits import LimitsSettings

MEMORY_HINT = "fewer workers (ray.workers) or shorter chunks (chunk.seconds) need less memory"
CLOSE_S = 5.0  # for idle workers to remove what they have on their disks
LOOK_S = 3.0  # how often machines that came or went are counted


class RayWorker:
    """The actor. Its calls never raise what a runner raises: failures are returned as data."""

    def __init__(self) -> None:
        self._runner: Runner | None = None
        self._bounds: Bounds | None = None

    def hello(self) -> tuple[int, str]:
        """Process and machine, as soon as the process is up."""
        return os.getpid(), f"{platform.node()}/{ray.get_runtime_context().get_node_id()[:8]}"

    def setup(
        self, factory: Factory, shared: Any, threads: int, limits: LimitsSettings | None
    ) -> Failure | None:
        """Build the runner; None if it stands."""
        self._bounds = Bounds(limits) if limits is not None else None
        runner = build(factory, shared, threads)
        if isinstance(runner, Failure):
            return runner
        self._runner = runner
        return None

    def run(self, payload: Any, task: str) -> Any | Failure:
        """One task."""
        if self._runner is None:
            raise AssertionError("a task was sent before the set-up")
        within = self._bounds.piece(task) if self._bounds is not None else None
        return attempt(self._runner, payload, task, within)

    def ping(self) -> None:
        """Sign of life; comes after whatever was sent before."""

    def close(self) -> None:
        """Let the runner remove what it holds on this machine."""
        close(self._runner)


@dataclass(frozen=True, slots=True)
class _Call:
    """A call on its way."""

    order: int
    worker: int
    kind: Literal["hello", "setup", "run", "ping"]
    key: str = ""


@dataclass(frozen=True, slots=True)
class RayShared:
    """A value in the object store, kept while a handle of the driver's is."""

    reference: Any

    def get(self) -> Any:
        """The value; a worker maps its arrays, which are read-only, without copying them."""
        return ray.get(self.reference)


class RayPool:
    """Actors on the Ray that this process is connected to.

    Args:
        factory: builds the runner inside a worker, as ``factory(shared, threads)``.
        shared: put into the object store once; workers map its arrays without copying, read-only.
        lanes: tells how many workers of which size there shall be now; asked again as machines come and go.
        threads: that the workers' environment allows already; None: they inherit no such environment.
        limits: of each worker's process; None: none.
    """

    def __init__(
        self,
        factory: Factory,
        shared: Any,
        *,
        lanes: Callable[[], Mapping[str, Lane]],
        threads: int | None,
        limits: LimitsSettings | None = None,
    ) -> None:
        self._look = lanes
        self._lanes = dict(lanes())
        self._looked = time.monotonic()
        self._inherited = threads
        self._limits = limits
        self._run = secrets.token_hex(3)
        self._actor: Any = ray.remote(RayWorker)
        self._factory = ray.put(factory)
        self._shared = None if shared is None else ray.put(shared)
        self._handles: dict[int, Any] = {}
        self._threads: dict[int, int] = {}
        self._calls: dict[Any, _Call] = {}  # by object reference
        self._workers = count()
        self._orders = count()

    def lanes(self) -> Mapping[str, int]:
        """Workers to keep running, by lane; a lane stays when its machines go, in hope of others."""
        if time.monotonic() - self._looked > LOOK_S:
            self._lanes |= self._look()
            self._looked = time.monotonic()
        return {name: lane.workers for name, lane in self._lanes.items()}

    def gpus(self, lane: str) -> float:
        """GPUs that each worker of a lane holds."""
        return self._lanes[lane].num_gpus if lane in self._lanes else 0.0

    def share(self, value: Any) -> RayShared:
        """Put a value into the object store."""
        return RayShared(ray.put(value))

    def start(self, lane: str) -> int:
        """Ask Ray for an actor; it starts when the cluster has room."""
        worker, size = next(self._workers), self._lanes[lane]
        environment = {} if size.threads == self._inherited else thread_environment(size.threads)
        actor = self._actor.options(
            num_cpus=size.num_cpus,
            num_gpus=size.num_gpus,
            max_restarts=0,
            max_task_retries=0,
            name=f"lipsync-{self._run}-{lane}-{worker:05d}",
            runtime_env={"env_vars": environment} if environment else {},
        )
        self._handles[worker] = actor.remote()
        self._threads[worker] = size.threads
        self._call(worker, "hello")
        return worker

    def submit(self, worker: int, key: str, payload: Any) -> None:
        """Send a task."""
        self._call(worker, "run", payload, key, key=key)

    def probe(self, worker: int) -> None:
        """Ping; Ray answers for an actor that it finds dead."""
        self._call(worker, "ping")

    def kill(self, worker: int) -> None:
        """End the actor's process, whatever it is doing."""
        handle = self._forget(worker)
        if handle is not None:
            ray.kill(handle, no_restart=True)

    def wait(self, timeout_s: float | None) -> list[Report]:
        """Reports of the calls that have come back, of each worker at most the one that it began first.

        Ray may tell a later call of a worker before an earlier one, whose result is still on its way.
        """
        if not self._calls:
            time.sleep(min(0.1, timeout_s or 0.0))
            return []
        first: dict[int, Any] = {}
        for reference, call in self._calls.items():
            first.setdefault(call.worker, reference)
        pending = list(first.values())
        back, _ = ray.wait(pending, num_returns=1, timeout=timeout_s)
        if back:
            back, _ = ray.wait(pending, num_returns=len(pending), timeout=0)
        back.sort(key=lambda reference: self._calls[reference].order)
        reports: list[Report] = []
        for reference in back:
            call = self._calls.pop(reference, None)
            if call is not None:  # None: an earlier report was of the worker's death
                reports += self._report(call, reference)
        return reports

    def __enter__(self) -> RayPool:
        return self

    def __exit__(self, *exc: object) -> None:
        self._close_idle()
        for worker in list(self._handles):
            self.kill(worker)

    def _close_idle(self) -> None:
        """Let idle workers leave nothing behind on their machines."""
        busy = {call.worker for call in self._calls.values()}
        asked = [handle.close.remote() for worker, handle in self._handles.items() if worker not in busy]
        if asked:
            ray.wait(asked, num_returns=len(asked), timeout=CLOSE_S)

    def _call(self, worker: int, kind: Literal["hello", "setup", "run", "ping"], *args: Any, key: str = ""):
        # What the dashboard shows of a task. Ray keeps counters for every name that it has seen, 7 kB in this
        # process: names are those of what is done, not of every task.
        name = type(args[0]).__name__ if kind == "run" else kind
        method = getattr(self._handles[worker], kind).options(name=name)
        reference = method.remote(*args)
        self._calls[reference] = _Call(next(self._orders), worker, kind, key)

    def _forget(self, worker: int) -> Any:
        self._calls = {ref: call for ref, call in self._calls.items() if call.worker != worker}
        self._threads.pop(worker, None)
        return self._handles.pop(worker, None)

    def _report(self, call: _Call, reference: Any) -> list[Report]:
        try:
            value = ray.get(reference)
        except (RayTaskError, RayError) as error:
            return self._report_error(call, error)
        if call.kind == "hello":
            threads = self._threads[call.worker]
            self._call(call.worker, "setup", self._factory, self._shared, threads, self._limits)
            return [Alive(worker=call.worker, pid=value[0], node=value[1])]
        if call.kind == "run":
            return [Finished(worker=call.worker, key=call.key, result=value)]
        if isinstance(value, Failure):
            self.kill(call.worker)
            return [SetupFailed(worker=call.worker, failure=value)]
        return [Ready(worker=call.worker)]

    def _report_error(self, call: _Call, error: Exception) -> list[Report]:
        if isinstance(error, ActorUnavailableError):
            self._calls = {ref: c for ref, c in self._calls.items() if c.worker != call.worker}
            return [Lost(worker=call.worker, failure=describe_death(error), suspect=True)]
        if isinstance(error, RayActorError | OutOfMemoryError | RayWorkerCrashed):
            self._forget(call.worker)
            preempted = bool(getattr(error, "preempted", False))
            return [Lost(worker=call.worker, failure=describe_death(error), preempted=preempted)]
        failure = _describe_call(error)
        if call.kind == "run":
            return [Finished(worker=call.worker, key=call.key, result=failure)]
        self.kill(call.worker)
        return [SetupFailed(worker=call.worker, failure=failure)]


def describe_death(error: Exception) -> Failure:
    """One line on why an actor died, from Ray's many."""
    text = str(error)
    if isinstance(error, OutOfMemoryError) or "OUT_OF_MEMORY" in text or "running low on memory" in text:
        return Failure(
            code=OutOfMemory.code,
            message=f"its machine ran out of memory and the worker was ended; {MEMORY_HINT}",
            trace=text,
        )
    if isinstance(error, ActorUnavailableError):
        return Failure(code=WorkerDied.code, message="the worker cannot be reached", trace=text)
    if getattr(error, "preempted", False):
        return Failure(code=WorkerDied.code, message="its machine was taken away (pre-empted)", trace=text)
    if getattr(error, "actor_init_failed", False):
        last = text.strip().splitlines()[-1].strip()
        return Failure(code=WorkerDied.code, message=f"the worker could not be created: {last}", trace=text)
    return Failure(
        code=WorkerDied.code,
        message=f"the worker process was killed or crashed; if for lack of memory, {MEMORY_HINT}",
        trace=text,
    )


def _describe_call(error: Exception) -> Failure:
    """A call that reached a living worker and failed around the runner: pickling, a lost result."""
    if isinstance(error, RayTaskError):
        failure = Failure.of(error.cause if isinstance(error.cause, Exception) else error)
        last = failure.message.split(" Traceback ")[0]
        return Failure(code=failure.code, message=last, retriable=failure.retriable, trace=str(error))
    return Failure(code=ResultLost.code, message=" ".join(str(error).split())[:300], trace=str(error))
