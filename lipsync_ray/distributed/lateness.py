"""Which workers have to be ended, and which tasks are worth a second worker."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from lipsync_ray.distributed.crew import Member
from lipsync_ray.distributed.pace import Pace
from lipsync_ray.distributed.settings import DispatchSettings
from lipsync_ray.distributed.work import Work

_LONG_S = 5.0  # nothing is queued behind a task of this length: another worker may be free sooner


class Lateness:
    """Limits of what members are doing, from the settings and from how long tasks have taken so far."""

    def __init__(self, settings: DispatchSettings, pace: Pace, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._pace = pace
        self._clock = clock

    def limit(self, member: Member) -> float | None:
        """Seconds after ``member.since`` when it has to be ended; None: never."""
        if member.state == "setup":
            return self._settings.setup_timeout_s
        if member.state == "suspect":
            return self._settings.quarantine_s
        if member.state != "ready" or not member.jobs:
            return None
        limits = [limit for limit in (self._settings.timeout_s, self._stuck(member)) if limit is not None]
        return min(limits, default=None)

    def overdue(self, members: Iterable[Member]) -> list[Member]:
        """Members that have reached their limit, to the very moment that ``next_limit`` tells."""
        now = self._clock()
        return [m for m in members if (limit := self.limit(m)) is not None and m.since + limit <= now]

    def next_limit(self, members: Iterable[Member]) -> float:
        """Seconds until the first of the limits is reached; infinite where there is none."""
        now = self._clock()
        return min((m.since + limit - now for m in members if (limit := self.limit(m))), default=float("inf"))

    def may_queue_behind(self, member: Member) -> bool:
        """Whether what the member does is expected to end soon."""
        expected = self._pace.expected(member.jobs[0].task)
        return expected is None or expected < _LONG_S

    def straggler(self, members: Iterable[Member], lane: str, node: str) -> tuple[Member, Work] | None:
        """The latest member of a lane, and what nobody else has of its work: what runs, then what waits.

        A worker on another machine than ``node`` comes first: what slows a task down is often its machine.
        """
        factor, least = self._settings.straggler_factor, self._settings.straggler_least_s
        if factor is None:
            return None
        late, now = [], self._clock()
        for member in members:
            if member.lane != lane or not member.jobs:
                continue
            expected = self._pace.expected(member.jobs[0].task)
            if expected is None or now - member.since <= max(factor * expected, least):
                continue
            alone = next((work for work in member.jobs if not work.ended and work.holders == 1), None)
            if alone is not None:
                late.append((member.node != node, (now - member.since) / max(expected, 1e-9), member, alone))
        return max(late, key=lambda item: item[:2])[2:] if late else None

    def _stuck(self, member: Member) -> float | None:
        if self._settings.stuck_factor is None:
            return None
        expected = self._pace.expected(member.jobs[0].task)
        if expected is None:
            return None
        return max(self._settings.stuck_factor * expected, self._settings.stuck_least_s)
