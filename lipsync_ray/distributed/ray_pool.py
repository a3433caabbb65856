"""Workers as Ray actors, one process each.

An actor is neither restarted nor are its calls retried by Ray (``max_restarts=0, max_task_retries=0``): a
death is then final and comes with its cause and whether the node was pre-empted, and the dispatcher starts
the replacement. With ``max_restarts=-1`` the same death shows as "unavailable", without a cause.
"""

from __future__ import annotations

import os
import platform
import time
from dataclasses import dataclass
from itertools import count
from typing import Any, Literal

import ray
from ray.exceptions import ActorUnavailableError, OutOfMemoryError, RayActorError, RayError, RayTaskError
from ray.exceptions import WorkerCrashedError as RayWorkerCrashed

from lipsync_ray.distributed.pool import Alive, Finished, Lost, Ready, Report, SetupFailed
from lipsync_ray.distributed.settings import RaySettings
from lipsync_ray.distributed.tasks import OUT_OF_MEMORY, RESULT_LOST, WORKER_DIED, Failure
from lipsync_ray.distributed.worker import Factory, Runner, attempt, build, limit_opencv, thread_environment

MEMORY_HINT = "fewer workers (ray.workers) or shorter chunks (chunk.seconds) need less memory"


class RayWorker:
    """The actor. Its calls never raise what a runner raises: failures are returned as data."""

    def __init__(self) -> None:
        self._runner: Runner | None = None

    def hello(self) -> tuple[int, str]:
        """Process and machine, as soon as the process is up."""
        return os.getpid(), platform.node()

    def setup(self, factory: Factory, shared: Any, threads: int) -> Failure | None:
        """Build the runner; None if it stands."""
        limit_opencv(threads)
        runner = build(factory, shared)
        if isinstance(runner, Failure):
            return runner
        self._runner = runner
        return None

    def run(self, payload: Any) -> Any | Failure:
        """One task."""
        if self._runner is None:
            raise AssertionError("a task was sent before the set-up")
        return attempt(self._runner, payload)

    def ping(self) -> None:
        """Sign of life; comes after whatever was sent before."""


@dataclass(frozen=True, slots=True)
class _Call:
    """A call on its way."""

    order: int
    worker: int
    kind: Literal["hello", "setup", "run", "ping"]
    key: str = ""


class RayPool:
    """Actors on the Ray that this process is connected to.

    Args:
        factory: builds the runner inside a worker, as ``factory(shared)``.
        shared: put into the object store once; workers map its arrays without copying, read-only.
        size: workers to keep running.
        settings: what a worker reserves.
        inherited: whether workers inherit an environment that already limits threads.
    """

    def __init__(
        self, factory: Factory, shared: Any, *, size: int, settings: RaySettings, inherited: bool
    ) -> None:
        self._size = size
        self._threads = settings.threads
        environment = {} if inherited else {"env_vars": thread_environment(settings.threads)}
        self._actor = ray.remote(
            num_cpus=settings.num_cpus,
            num_gpus=settings.num_gpus or 0.0,
            max_restarts=0,
            max_task_retries=0,
            runtime_env=environment,
        )(RayWorker)
        self._factory = ray.put(factory)
        self._shared = None if shared is None else ray.put(shared)
        self._handles: dict[int, Any] = {}
        self._calls: dict[Any, _Call] = {}  # by object reference
        self._workers = count()
        self._orders = count()

    @property
    def size(self) -> int:
        """Workers to keep running."""
        return self._size

    def start(self) -> int:
        """Ask Ray for an actor; it starts when the cluster has room."""
        worker = next(self._workers)
        self._handles[worker] = self._actor.remote()
        self._call(worker, "hello")
        return worker

    def submit(self, worker: int, key: str, payload: Any) -> None:
        """Send a task."""
        self._call(worker, "run", payload, key=key)

    def probe(self, worker: int) -> None:
        """Ping; Ray answers for an actor that it finds dead."""
        self._call(worker, "ping")

    def kill(self, worker: int) -> None:
        """End the actor's process, whatever it is doing."""
        handle = self._forget(worker)
        if handle is not None:
            ray.kill(handle, no_restart=True)

    def wait(self, timeout_s: float | None) -> list[Report]:
        """Reports of all calls that have come back, in the order in which they were made."""
        if not self._calls:
            time.sleep(min(0.1, timeout_s or 0.0))
            return []
        pending = list(self._calls)
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
        for worker in list(self._handles):
            self.kill(worker)

    def _call(self, worker: int, kind: Literal["hello", "setup", "run", "ping"], *args: Any, key: str = ""):
        reference = getattr(self._handles[worker], kind).remote(*args)
        self._calls[reference] = _Call(next(self._orders), worker, kind, key)

    def _forget(self, worker: int) -> Any:
        self._calls = {ref: call for ref, call in self._calls.items() if call.worker != worker}
        return self._handles.pop(worker, None)

    def _report(self, call: _Call, reference: Any) -> list[Report]:
        try:
            value = ray.get(reference)
        except (RayTaskError, RayError) as error:
            return self._report_error(call, error)
        if call.kind == "hello":
            self._call(call.worker, "setup", self._factory, self._shared, self._threads)
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
            code=OUT_OF_MEMORY,
            message=f"its machine ran out of memory and the worker was ended; {MEMORY_HINT}",
            trace=text,
        )
    if isinstance(error, ActorUnavailableError):
        return Failure(code=WORKER_DIED, message="the worker cannot be reached", trace=text)
    if getattr(error, "preempted", False):
        return Failure(code=WORKER_DIED, message="its machine was taken away (pre-empted)", trace=text)
    if getattr(error, "actor_init_failed", False):
        last = text.strip().splitlines()[-1].strip()
        return Failure(code=WORKER_DIED, message=f"the worker could not be created: {last}", trace=text)
    return Failure(
        code=WORKER_DIED,
        message=f"the worker process was killed or crashed; if for lack of memory, {MEMORY_HINT}",
        trace=text,
    )


def _describe_call(error: Exception) -> Failure:
    """A call that reached a living worker and failed around the runner: pickling, a lost result."""
    if isinstance(error, RayTaskError):
        failure = Failure.of(error.cause if isinstance(error.cause, Exception) else error)
        last = failure.message.split(" Traceback ")[0]
        return Failure(code=failure.code, message=last, retriable=failure.retriable, trace=str(error))
    return Failure(code=RESULT_LOST, message=" ".join(str(error).split())[:300], trace=str(error))
