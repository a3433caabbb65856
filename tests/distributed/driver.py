"""A whole run in one call."""

from __future__ import annotations

from collections.abc import Iterable

from lipsync_ray.distributed.dispatcher import Dispatcher
from lipsync_ray.distributed.events import OnEvent, ignore
from lipsync_ray.distributed.pool import Pool
from lipsync_ray.distributed.settings import DispatchSettings
from lipsync_ray.distributed.tasks import Outcome, Task


def dispatch(
    tasks: Iterable[Task], pool: Pool, settings: DispatchSettings | None = None, on_event: OnEvent = ignore
) -> dict[str, Outcome]:
    """Run all tasks; every key has an outcome. Raises WorkerSetupFailed if no worker can be started."""
    return {outcome.key: outcome for outcome in Dispatcher(pool, settings, on_event).run(tasks)}
