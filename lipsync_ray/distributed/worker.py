"""The inside of a worker: build the runner once, then run tasks without ever raising.

The same few lines serve the driver's own process and a Ray actor.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol, TypeAlias

from lipsync_ray.distributed.tasks import Failure
from lipsync_ray.logs import doing


class Runner(Protocol):
    """Does tasks in a worker, one at a time; holds what is loaded once (models, open files).

    Its ``close()``, if it has one, is called before an idle worker ends.
    """

    def run(self, payload: Any) -> Any:
        """Do one task; the result is small and picklable. Any exception is a failed attempt."""
        ...


Factory: TypeAlias = Callable[[Any, int], Runner]
"""Builds the runner inside the worker from the pool's ``shared`` and the number of threads that it may keep
busy; a function or class of a module, to be picklable."""


def build(factory: Factory, shared: Any, threads: int) -> Runner | Failure:
    """Set a worker up."""
    try:
        return factory(shared, threads)
    except Exception as error:
        return Failure.of(error)


def attempt(
    runner: Runner, payload: Any, task: str, within: AbstractContextManager[None] | None = None
) -> Any | Failure:
    """Run one task, whose key the log tells, within its limits; an exception becomes a ``Failure``."""
    try:
        with doing(task), within or nullcontext():
            return runner.run(payload)
    except Exception as error:
        return Failure.of(error)


def close(runner: Runner | None) -> None:
    """Let a runner remove what it holds outside its process."""
    if runner is not None and hasattr(runner, "close"):
        runner.close()  # type: ignore[attr-defined]


def thread_environment(threads: int) -> dict[str, str]:
    """Environment that keeps numerical libraries to ``threads`` threads; they read it when first imported."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
    return dict.fromkeys(names, str(threads))
