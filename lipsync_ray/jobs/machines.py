"""The workers of a run and all that jobs need of them, opened and closed in the right order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from lipsync_ray.config import Config
from lipsync_ray.distributed.dispatcher import Dispatcher
from lipsync_ray.distributed.events import OnEvent
from lipsync_ray.distributed.pool import Pool
from lipsync_ray.distributed.ray_cluster import ray_session
from lipsync_ray.distributed.signals import draining_first
from lipsync_ray.jobs.backlog import Backlog
from lipsync_ray.jobs.bench import Bench
from lipsync_ray.jobs.metering import Metering
from lipsync_ray.jobs.site import Site
from lipsync_ray.jobs.yard import RunYard, open_site


@dataclass(frozen=True, slots=True, kw_only=True)
class Machines:
    """Open machines."""

    pool: Pool
    site: Site  # the files, as the driver sees them
    dispatcher: Dispatcher
    yard: RunYard
    backlog: Backlog


@contextmanager
def open_machines(
    config: Config, *, networks: bool, metering: Metering, on_event: OnEvent
) -> Iterator[Machines]:
    """Open the machines that the settings name; workers start when there is work for them.

    Args:
        config: of the run.
        networks: whether any job runs neural networks.
        metering: shows its figures for as long as the machines are open.
        on_event: told everything that happens.

    Raises:
        ConfigError, WorkerSetupFailed: see ``ray_session``.
    """
    with ExitStack() as stack:
        session = stack.enter_context(ray_session(config.ray))
        site, bench = stack.enter_context(open_site(config.cache, session))
        after = stack.enter_context(ExitStack())  # when no worker runs any more
        pool = stack.enter_context(session.pool(Bench, shared=bench, networks=networks, limits=config.limits))
        dispatcher = Dispatcher(pool, config.dispatch(), on_event)
        metering.open(session.meter(), dispatcher.waiting, pool.gpus)
        stack.callback(metering.close)
        yard = RunYard(pool, site, dispatcher.is_open)
        after.callback(yard.close)
        stack.enter_context(draining_first(dispatcher.drain))
        backlog = Backlog(dispatcher, yard, ahead=config.batch.ahead)
        yield Machines(pool=pool, site=site, dispatcher=dispatcher, yard=yard, backlog=backlog)
