"""What a run needs of the machines it has: how many workers fit, and pools of them."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from lipsync_ray.distributed.local_pool import LocalPool
from lipsync_ray.distributed.pool import Pool
from lipsync_ray.distributed.worker import Factory


class Session(Protocol):
    """Open machines; ``ray_cluster.ray_session`` opens one of either kind."""

    @property
    def workers(self) -> int:
        """Workers that a pool without networks has: what was asked for, or what the machines hold."""
        ...

    def pool(
        self, factory: Factory, *, shared: Any = None, workers: int | None = None, networks: bool = False
    ) -> AbstractContextManager[Pool]:
        """Open a pool; leaving the context ends its workers, busy or not.

        Args:
            factory: builds the runner inside a worker, as ``factory(shared)``.
            shared: heavy inputs of all tasks (arrays above all), sent once; read-only in the workers.
            workers: at most this many, if fewer than fit.
            networks: whether a worker runs neural networks, which a GPU is good for.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSession:
    """No machines but this process."""

    @property
    def workers(self) -> int:
        """Always one."""
        return 1

    def pool(
        self, factory: Factory, *, shared: Any = None, workers: int | None = None, networks: bool = False
    ) -> LocalPool:
        """Open the pool of one worker; ``shared`` is handed over as it is."""
        return LocalPool(factory, shared)
