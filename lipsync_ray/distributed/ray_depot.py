"""The driver's disk as an actor on its machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ray
from ray.exceptions import RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from lipsync_ray.distributed.depot import Disk
from lipsync_ray.errors import LipsyncError, StorageError
from lipsync_ray.storage.files import Stat

_CLOSE_S = 5.0  # to remove what is not whole
_AT_ONCE = 8  # calls that are served at the same time


@dataclass(frozen=True, slots=True)
class RayDepot:
    """A handle to the actor, for workers; it may be restarted, and its calls are repeated then."""

    actor: Any

    def stat(self, path: str) -> Stat | None:
        """As ``Depot``."""
        return _answer(self.actor.stat.remote(path))

    def names(self, folder: str) -> list[str]:
        """As ``Depot``."""
        return _answer(self.actor.names.remote(folder))

    def read(self, path: str, offset: int, length: int) -> bytes:
        """As ``Depot``."""
        return _answer(self.actor.read.remote(path, offset, length))

    def write(self, path: str, offset: int, data: bytes) -> None:
        """As ``Depot``."""
        _answer(self.actor.write.remote(path, offset, data))

    def rename(self, path: str, final: str, size: int) -> None:
        """As ``Depot``."""
        _answer(self.actor.rename.remote(path, final, size))

    def remove(self, path: str) -> None:
        """As ``Depot``."""
        _answer(self.actor.remove.remote(path))


def open_depot() -> tuple[RayDepot, Callable[[], None]]:
    """Start the actor on this very machine; returns the handle and how to end it."""
    here = NodeAffinitySchedulingStrategy(node_id=ray.get_runtime_context().get_node_id(), soft=False)
    kind: Any = ray.remote(Disk)
    actor = kind.options(
        num_cpus=0,
        max_concurrency=_AT_ONCE,
        max_restarts=-1,
        max_task_retries=3,
        scheduling_strategy=here,
    ).remote()

    def close() -> None:
        ray.wait([actor.close.remote()], timeout=_CLOSE_S)
        ray.kill(actor, no_restart=True)

    return RayDepot(actor), close


def _answer(reference: Any) -> Any:
    try:
        return ray.get(reference)
    except RayTaskError as error:
        if isinstance(error.cause, LipsyncError):
            raise error.cause from error
        raise StorageError(f"the driver's machine failed to serve a file: {error.cause}") from error
    except RayError as error:
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise StorageError(f"the driver's machine cannot be reached for files ({reason})") from error
