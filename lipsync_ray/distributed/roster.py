"""Who works where, as the events tell it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from lipsync_ray.distributed.events import Event

_ENDS = ("worker_died", "worker_killed", "worker_setup_failed", "worker_recycled")


@dataclass(slots=True, kw_only=True)
class _Entry:
    lane: str
    state: str = "starting"
    pid: int | None = None
    node: str | None = None


class Roster:
    """The workers of a run: ``starting``, ``idle``, ``busy`` or ``suspect``."""

    def __init__(self) -> None:
        self._entries: dict[int, _Entry] = {}
        self.lanes: set[str] = set()

    def note(self, event: Event) -> Event:
        """Take note of an event; returns it with the lane, machine and process of its worker."""
        if event.worker is None:
            return event
        if event.kind == "worker_starting":
            lane = event.lane or "cpu"
            self.lanes.add(lane)
            self._entries[event.worker] = _Entry(lane=lane)
        entry = self._entries.get(event.worker)
        if entry is None:
            return event
        self._change(entry, event)
        return replace(event, lane=entry.lane, pid=entry.pid, node=entry.node)

    def census(self) -> Counter[tuple[str, str]]:
        """How many workers there are of each lane and state."""
        return Counter((entry.lane, entry.state) for entry in self._entries.values() if entry.state != "gone")

    def _change(self, entry: _Entry, event: Event) -> None:
        if entry.state == "gone":
            return  # what it had is told of later
        if event.kind in _ENDS:
            entry.state = "gone"
            return
        match event.kind:
            case "worker_started":
                entry.state, entry.pid, entry.node = "idle", event.pid, event.node
            case "started":
                entry.state = "busy"
            case "done" | "failed" | "requeued" | "unneeded":
                entry.state = "idle"
            case "worker_suspect":
                entry.state = "suspect"
