"""How long GPUs were held, whether they were busy or not: what they cost."""

from __future__ import annotations

from collections.abc import Callable

from lipsync_ray.distributed.events import Event

_GONE = ("worker_died", "worker_killed", "worker_recycled")


class GpuMeter:
    """Listens to workers as they come and go.

    Args:
        gpus: how many each worker of a lane holds.
    """

    def __init__(self, gpus: Callable[[str], float]) -> None:
        self._gpus = gpus
        self._held: dict[int, tuple[float, float]] = {}  # by worker: since when, how many
        self._seconds = 0.0

    def hear(self, event: Event) -> None:
        """Take note of an event."""
        if event.worker is None:
            return
        if event.kind == "worker_started" and event.worker not in self._held:
            self._held[event.worker] = (event.time, self._gpus(event.lane or "cpu"))
        elif event.kind in _GONE:
            self._end(event.worker, event.time)

    def so_far(self, time: float) -> float:
        """Seconds of GPUs that were held until now (s since the epoch)."""
        return self._seconds + sum((time - since) * count for since, count in list(self._held.values()))

    def stop(self, time: float) -> float:
        """All workers end now (s since the epoch); returns the seconds of GPUs that were held."""
        for worker in list(self._held):
            self._end(worker, time)
        return self._seconds

    def _end(self, worker: int, time: float) -> None:
        since, count = self._held.pop(worker, (time, 0.0))
        self._seconds += max(0.0, time - since) * count
