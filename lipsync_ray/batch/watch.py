"""Everybody who is told of a batch: the display, the log of events, monitoring."""

from __future__ import annotations

from collections.abc import Iterable

from lipsync_ray.batch.eventlog import EventLog, stages_of
from lipsync_ray.batch.row import Row
from lipsync_ray.batch.view import BatchView, JobView
from lipsync_ray.distributed.events import Event
from lipsync_ray.jobs.metering import Metering


class Watch:
    """Tells each of them what happens to the jobs and in the work."""

    def __init__(self, view: BatchView, events: EventLog) -> None:
        self.view = view
        self.metering = Metering()
        self._events = events
        self._running: set[str] = set()

    def begin(self, rows: Iterable[Row], todo: int) -> None:
        """The backlog is read: ``rows`` are all jobs, ``todo`` of them are not settled."""
        states = [(row.id, row.state) for row in rows]
        self.metering.states(states)
        self.view.begin(len(states), todo)

    def event(self, event: Event) -> None:
        """Something happened in the work."""
        event = self.metering.event(event)
        self._events.write(event)
        self.view.event(event)

    def started(self, row: Row, seconds: float) -> JobView:
        """A try of a job, with about so many seconds of video, begins; where it tells how far it is."""
        self._running.add(row.id)
        self._events.job(row, worked=False)
        self.metering.states([(row.id, row.state)])
        return self.view.job(row.id, seconds)

    def stopped(self, row: Row) -> None:
        """A job is left as it is, as the run was asked to stop."""
        self._running.discard(row.id)
        self._events.job(row, worked=False)
        self.metering.states([(row.id, row.state)])

    def ended(self, row: Row, *, again: bool = False) -> None:
        """A try of a job has ended, or it could not even begin; ``again``: this run tries it once more."""
        worked = row.id in self._running
        self._running.discard(row.id)
        self._events.job(row, worked=worked)
        self.metering.states([(row.id, row.state)])
        stages = stages_of(row) if worked else {}
        self.metering.ended(row.state, row.code, stages, row.seconds if row.state == "done" else 0.0)
        if row.state == "done":
            self.view.done(row)
        else:
            self.view.failed(row, again=again)
