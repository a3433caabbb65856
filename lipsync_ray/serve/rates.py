"""How often somebody may ask."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from math import ceil


class Rates:
    """A bucket of requests for each name, which fills with time. Of this process; memory is bounded.

    Args:
        per_s: how fast a bucket fills.
        burst: what it holds.
        most: buckets that are remembered; those longest unused are forgotten, and with it full again.
        clock: seconds of any zero.
    """

    def __init__(
        self, per_s: float, burst: float, *, most: int = 10_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_s = per_s
        self._burst = max(burst, 1.0)
        self._most = most
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # content, and when

    def take(self, name: str, cost: float = 1.0) -> int:
        """Take a request out of a bucket.

        Returns:
            0 if it was there, else whole seconds to wait for it.
        """
        now = self._clock()
        with self._lock:
            content, since = self._buckets.pop(name, (self._burst, now))
            content = min(self._burst, content + (now - since) * self._per_s)
            there = content >= 1.0
            # A cost above what is left empties the bucket: wrong tokens are dearer than one request.
            self._buckets[name] = (max(content - cost, 0.0) if there else content, now)
            if len(self._buckets) > self._most:
                self._buckets.popitem(last=False)
        return 0 if there else max(1, ceil((1.0 - content) / self._per_s))

    def __len__(self) -> int:
        return len(self._buckets)
