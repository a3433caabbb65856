"""How much an owner may ask for, and all together."""

from __future__ import annotations

import time
from collections.abc import Callable

from lipsync_ray.serve.problems import Problem
from lipsync_ray.serve.store import JobStore
from lipsync_ray.serve_settings import ServeSettings

_DAY_S = 86400.0


class Quotas:
    """Checks limits against what the database has."""

    def __init__(
        self, store: JobStore, settings: ServeSettings, clock: Callable[[], float] = time.time
    ) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock

    def check(self, owner: str, *, bytes_: int = 0, seconds: float | None = None) -> None:
        """Refuse one job more.

        Args:
            owner: whose it would be.
            bytes_: what its files fill, as far as it is known.
            seconds: of it, as far as they are known; None: they do not count.

        Raises:
            Problem: a quota or the queue is full.
            StoreError: the database does not answer.
        """
        limits, store = self._settings, self._store
        if store.count(("queued",)) >= limits.max_queued:
            raise Problem(
                *(503, "QUEUE_FULL", f"{limits.max_queued} jobs wait already; try again later"),
                headers={"Retry-After": "30"},
            )
        if store.count(("queued", "running"), owner) >= limits.quota_queued:
            raise _over(f"{limits.quota_queued} of your jobs wait or run; let some of them end first", "30")
        if limits.quota_mb is not None and store.bytes_of(owner) + bytes_ > limits.quota_mb * 1e6:
            raise _over(f"files of your jobs may fill {limits.quota_mb:g} MB; delete some jobs first")
        if limits.quota_seconds is not None and seconds is not None:
            used = store.used_seconds(owner, self._clock() - _DAY_S)
            # A job whose length nobody knows yet is not free once all is used.
            if used >= limits.quota_seconds or used + seconds > limits.quota_seconds:
                raise _over(
                    f"{limits.quota_seconds:g} s of video may be dubbed in 24 hours, {used:.0f} are used",
                    "3600",
                )


def _over(detail: str, retry: str | None = None) -> Problem:
    return Problem(429, "QUOTA", detail, headers={"Retry-After": retry} if retry else None)
