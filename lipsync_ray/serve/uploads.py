"""How many requests for jobs are read and looked at at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from lipsync_ray.serve.problems import Problem

_WAIT = {"Retry-After": "5"}


class Uploads:
    """Counts those on their way; used by one thread.

    Args:
        most: at a time. One owner has half of them at most, so that others get in too.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._most_of_one = (most + 1) // 2
        self._open: Counter[str] = Counter()

    @contextmanager
    def of(self, owner: str) -> Iterator[None]:
        """One more, until the end of the block. Raises Problem: there are too many."""
        if self._open[owner] >= self._most_of_one:
            raise Problem(
                *(429, "UPLOADS", f"{self._most_of_one} of your uploads are on their way; let one end first"),
                headers=_WAIT,
            )
        if self._open.total() >= self._most:
            raise Problem(
                *(503, "UPLOADS", "too many uploads are on their way; try again a little later"),
                headers=_WAIT,
            )
        self._open[owner] += 1
        try:
            yield
        finally:
            self._open[owner] -= 1
            self._open += Counter()  # forgets who has none
