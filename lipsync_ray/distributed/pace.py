"""How long tasks take, learnt from those that were done: what is late, and what is stuck."""

from __future__ import annotations

from collections import defaultdict, deque
from statistics import median

from lipsync_ray.distributed.tasks import Task

_LEAST = 3  # tasks of a kind from which something is known
_LAST = 64  # of which the most recent ones count: machines and videos change


class Pace:
    """Seconds per unit of cost, by kind of task and lane."""

    def __init__(self) -> None:
        self._rates: dict[tuple[str, str], deque[float]] = defaultdict(lambda: deque(maxlen=_LAST))
        self._medians: dict[tuple[str, str], float] = {}  # asked for every worker at every step

    def note(self, task: Task, seconds: float) -> None:
        """A task was done in this time."""
        if task.cost <= 0:
            return
        rates = self._rates[task.kind, task.lane]
        rates.append(seconds / task.cost)
        if len(rates) >= _LEAST:
            self._medians[task.kind, task.lane] = median(rates)

    def expected(self, task: Task) -> float | None:
        """Seconds that a task should take: the median of its kind; None while too little is known."""
        rate = self._medians.get((task.kind, task.lane))
        return None if rate is None else rate * task.cost
