"""Virtual time: what happens when, and pipes through which bytes go one after the other."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable


class World:
    """Events in order of their time; ``now`` is the driver's time, which is never ahead of what it knows."""

    def __init__(self) -> None:
        self.now = 0.0
        self.driver_busy = 0.0  # s that the driver has computed or waited for the storage
        self._events: list[tuple[float, int, Callable[[float], None]]] = []
        self._numbers = itertools.count()

    def clock(self) -> float:
        """Seconds since the beginning."""
        return self.now

    def at(self, time: float, action: Callable[[float], None]) -> None:
        """Let something happen; it is told its time."""
        heapq.heappush(self._events, (time, next(self._numbers), action))

    def occupy(self, seconds: float) -> None:
        """The driver does something that takes this long; the world goes on meanwhile."""
        self.now += seconds
        self.driver_busy += seconds

    def catch_up(self) -> None:
        """Let everything happen that should have happened by now."""
        while self._events and self._events[0][0] <= self.now:
            time, _, action = heapq.heappop(self._events)
            action(time)

    def advance(self, until: float, done: Callable[[], bool]) -> None:
        """Go on from event to event, at most to a moment, until ``done``."""
        self.catch_up()
        while not done():
            if not self._events or self._events[0][0] > until:
                self.now = max(self.now, until)
                return
            self.now = max(self.now, self._events[0][0])
            self.catch_up()


class Pipe:
    """Bytes that pass one after the other: what is asked for first passes first."""

    def __init__(self, bandwidth: float) -> None:
        self.carried = 0.0  # bytes
        self._bandwidth = bandwidth
        self._free = 0.0

    def send(self, time: float, size: float) -> float:
        """When bytes have passed that are ready at ``time``."""
        self._free = max(time, self._free) + size / self._bandwidth
        self.carried += size
        return self._free
