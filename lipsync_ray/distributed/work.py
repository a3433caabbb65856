"""The dispatcher's own notes on tasks: what waits, in which order, and how often each was tried."""

from __future__ import annotations

import heapq
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Any

from lipsync_ray.distributed.tasks import Divisible, Failure, Outcome, Task
from lipsync_ray.errors import OutOfMemory


@dataclass(slots=True, kw_only=True, eq=False)
class Work:
    """A task on its way."""

    task: Task
    lane: str  # of the workers that will do it
    number: int  # in order of arrival
    attempts: int = 0  # those that count
    holders: int = 0  # workers that have it now: two for a straggler
    ended: bool = False  # nobody waits for it any more, though a worker may have it still

    def __lt__(self, other: Work) -> bool:
        mine, theirs = self.task, other.task
        return (mine.order, -mine.cost, self.number) < (theirs.order, -theirs.cost, other.number)

    def lighten(self, failure: Failure) -> bool:
        """Halve the work's portions after a lack of memory; False: it was something else, or no use."""
        payload = self.task.payload
        if failure.code != OutOfMemory.code or not isinstance(payload, Divisible):
            return False
        lighter = payload.lighter()
        if lighter is None:
            return False
        self.task = replace(self.task, payload=lighter)
        return True

    def outcome(
        self, seconds: float, *, result: Any = None, failure: Failure | None = None, node: str = ""
    ) -> Outcome:
        """How it ended, in this time of its last attempt."""
        return Outcome(
            key=self.task.key,
            result=result,
            failure=failure,
            attempts=self.attempts + (failure is None),
            seconds=seconds,
            lane=self.lane,
            node=node,
        )


class Queues:
    """What waits for a worker, lane by lane."""

    def __init__(self) -> None:
        self._heaps: dict[str, list[Work]] = defaultdict(list)

    def put(self, work: Work) -> None:
        """Add work; it takes its place by its order and cost, however often it was tried."""
        heapq.heappush(self._heaps[work.lane], work)

    def take(self, lane: str) -> Work:
        """The next work of a lane.

        Raises:
            IndexError: there is none.
        """
        return heapq.heappop(self._heaps[lane])

    def discard(self, work: Work) -> None:
        """Take work out of the queue, wherever it stands; it may have been handed out already."""
        heap = self._heaps[work.lane]
        if work in heap:  # compared by identity
            heap.remove(work)
            heapq.heapify(heap)

    def waiting(self, lane: str) -> int:
        """How much waits in a lane."""
        return len(self._heaps[lane])

    def clear(self) -> None:
        """Forget everything."""
        self._heaps.clear()
