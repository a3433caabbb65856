"""What a run needs of the machines it has: pools of workers."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

from lipsync_ray.distributed.depot import Depot
from lipsync_ray.distributed.local_pool import LocalPool
from lipsync_ray.distributed.metrics import Meter, NoMeter
from lipsync_ray.distributed.pool import Pool
from lipsync_ray.distributed.worker import Factory
from lipsync_ray.limits import LimitsSettings


class Session(Protocol):
    """Open machines; ``ray_cluster.ray_session`` opens one of either kind."""

    def pool(
        self,
        factory: Factory,
        *,
        shared: Any = None,
        networks: bool = False,
        limits: LimitsSettings | None = None,
    ) -> AbstractContextManager[Pool]:
        """Open a pool; leaving the context ends its workers, busy or not.

        Args:
            factory: builds the runner inside a worker, as ``factory(shared, threads)``.
            shared: heavy inputs of all tasks (arrays above all), sent once; read-only in the workers.
            networks: whether tasks run neural networks, for which GPUs get workers of their own.
            limits: of each worker that is a process of its own; None: none.
        """
        ...

    def meter(self) -> Meter:
        """Where figures for monitoring go."""
        ...

    def depot(self) -> AbstractContextManager[Depot | None]:
        """The driver's disk for workers on other machines; None where there are none."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSession:
    """No machines but this process."""

    def pool(
        self,
        factory: Factory,
        *,
        shared: Any = None,
        networks: bool = False,
        limits: LimitsSettings | None = None,
    ) -> LocalPool:
        """Open the pool of one worker; ``shared`` is handed over as it is. This process gets no limits."""
        del limits
        return LocalPool(factory, shared)

    def meter(self) -> Meter:
        """Nobody would see them."""
        return NoMeter()

    def depot(self) -> AbstractContextManager[Depot | None]:
        """None: the only worker is here."""
        return nullcontext()
