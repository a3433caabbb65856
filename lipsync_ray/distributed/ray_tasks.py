"""A parallel ``map`` with the dispatcher's guarantees, for work that needs no set-up of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from lipsync_ray.distributed.dispatcher import Dispatcher
from lipsync_ray.distributed.events import OnEvent, ignore
from lipsync_ray.distributed.session import Session
from lipsync_ray.distributed.settings import DispatchSettings
from lipsync_ray.distributed.tasks import Task

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class _FunctionRunner:
    function: Callable[..., Any]
    shared: Any

    def run(self, payload: Any) -> Any:
        if self.shared is None:
            return self.function(payload)
        return self.function(payload, self.shared)


def map_tasks(
    session: Session,
    function: Callable[..., Result],
    items: Iterable[Item],
    *,
    shared: Any = None,
    name: str = "task",
    settings: DispatchSettings | None = None,
    on_event: OnEvent = ignore,
) -> Iterator[Result]:
    """Yield ``function(item)``, or ``function(item, shared)`` if there is a ``shared``, in order of items.

    Args:
        session: where the workers are.
        function: a function of a module, or a partial of one.
        items: small and picklable; keys of the tasks are ``{name}-{number:05d}``.
        shared: heavy inputs of all items, sent once.
        name: of the tasks in events and errors.
        settings: attempts and time limits.
        on_event: told everything that happens.

    Raises:
        LipsyncError: an item failed for good: the error itself if it is one of the project's, else
            ``TaskFailed``. The other items are stopped.
        WorkerSetupFailed: no worker can be started.
    """
    tasks = [Task(key=f"{name}-{number:05d}", payload=item) for number, item in enumerate(items)]
    if not tasks:
        return
    early: dict[str, Any] = {}
    keys = iter(tasks)
    wanted = next(keys).key
    factory = partial(_FunctionRunner, function)
    with session.pool(factory, shared=shared) as pool:
        for outcome in Dispatcher(pool, settings, on_event).run(tasks):
            if outcome.failure is not None:
                raise outcome.failure.to_error()
            early[outcome.key] = outcome.result
            while wanted in early:
                yield early.pop(wanted)
                wanted = next((task.key for task in keys), "")
