"""What a job of the service tells while it runs."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

from lipsync_ray.jobs.course import Account

# How the stages of all courses are called where people read them.
_STAGES = {"faces": "scan", "people": "triage", "review": "measure", "lse": "measure", "retry": "render"}
_CHUNK = re.compile(r"(?:untouched-)?chunk-(\d+)")
_LEAST_SHARE = 0.05  # of a stage, before it tells how long the rest will take


class Told:
    """A ``Progress`` of one job that remembers where it is, for the store.

    Args:
        clock: seconds that pass.
        clean: makes a note fit for the job's owner.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, clean: Callable[[str], str] = str
    ) -> None:
        self.changed = True  # since ``plain`` was last called
        self.finished = 0  # pieces that were drawn
        self._clock = clock
        self._clean = clean
        self._account: Account | None = None
        self._begun = self._since = clock()
        self._expected: float | None = None  # s of the whole job
        self._stage = "examine"
        self._total: int | None = None
        self._done = self._known = 0
        self._asked: set[int] = set()
        self._ready: set[int] = set()
        self._running: set[int] = set()
        self._note = ""

    def follow(self, account: Account) -> None:
        """The job's own account: how many chunks it has."""
        self._account = account

    def expect(self, seconds: float | None) -> None:
        """The job will take about so long in all."""
        self._expected = seconds

    def stage(self, name: str, total: int | None = None) -> None:
        """The job enters a stage."""
        self._stage, self._total, self._since = _STAGES.get(name, name), total, self._clock()
        self._done = self._known = 0
        self.changed = True

    def advance(self, n: int = 1) -> None:
        """It gets on with it."""
        self._done += n
        if self._stage == "render" and not self._asked:
            self._known = self._done  # was finished by an earlier start
        self.changed = True

    def note(self, text: str) -> None:
        """It has something to say."""
        self._note = self._clean(text)
        self.changed = True

    def asked(self, piece: str) -> None:
        """A piece of it is to be done."""
        if chunk := _CHUNK.fullmatch(piece):
            self._asked.add(int(chunk[1]))

    def event(self, kind: str, piece: str) -> None:
        """Something happened to a piece of it."""
        chunk = _CHUNK.fullmatch(piece)
        if chunk is None:
            return
        number = int(chunk[1])
        if kind == "started":
            self._running.add(number)
        elif kind in ("done", "requeued", "failed"):
            self._running.discard(number)
        if kind == "done":
            self._ready.add(number)
            self.finished += 1
        self.changed = True

    def plain(self) -> dict[str, Any]:
        """All of it as JSON can hold it."""
        self.changed = False
        total = self._total
        return {
            "stage": self._stage,
            "done": min(self._done, total) if total else self._done,
            "total": total,
            "share": round(min(1.0, self._done / total), 4) if total else None,
            "chunks": self._chunks(),
            "seconds_left": self._left(),
            "note": self._note,
        }

    def _chunks(self) -> dict[str, Any] | None:
        if self._account is None or not self._account.chunks:
            return None
        total = self._account.chunks
        # All that are to be drawn are asked for at once: the others were finished by an earlier start.
        ready = self._ready | (set(range(total)) - self._asked)
        return {"total": total, "done": sorted(ready), "running": sorted(self._running)}

    def _left(self) -> float | None:
        """Seconds: by the pace of the drawing once there is one, else by what was expected."""
        now = self._clock()
        if self._stage == "render" and self._total:
            whole = self._total - self._known
            share = min(1.0, (self._done - self._known) / whole) if whole else 1.0
            if share >= _LEAST_SHARE:
                return round((now - self._since) * (1 - share) / share, 1)
        if self._expected is None or self._stage not in ("scan", "prepare", "render"):
            return None
        return round(max(0.0, self._expected - (now - self._begun)), 1)
