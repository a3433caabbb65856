"""Whose job is next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import count

from lipsync_ray.serve.job import ServedJob


class Turns:
    """Lets owners take turns: who has many jobs in line keeps nobody else waiting for all of them."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}  # when each owner's turn was
        self._numbers = count(1)

    def choose(self, waiting: Sequence[ServedJob], running: Iterable[str]) -> ServedJob:
        """The next job.

        Args:
            waiting: the first in line of each owner, at least one.
            running: owners of the jobs that are on their way.
        """
        busy = Counter(running)
        chosen = min(waiting, key=lambda job: (busy[job.owner], self._last.get(job.owner, 0)))
        self._last[chosen.owner] = next(self._numbers)
        return chosen
