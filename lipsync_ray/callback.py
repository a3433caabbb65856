"""Progress for programs: every change as a small object that a function is called with."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressUpdate:
    """How far the work is, or one thing worth knowing."""

    stage: str  # what is being done, such as "scan" or "render"; empty before the first stage
    done: int = 0  # steps of it
    total: int | None = None  # steps of it in all; None: not known
    job: str = ""  # the id of a job of ``dub_many``; empty: the whole, or a single dub
    note: str = ""  # such as a retry; empty: only the numbers have changed

    @property
    def share(self) -> float | None:
        """How much of the stage is done, 0 to 1; None if its length is not known."""
        return self.done / self.total if self.total else None


class CallbackProgress:
    """A ``Display`` that calls a function at every change.

    An exception of the function is logged and does not stop the work; only what is no ``Exception``, such as
    KeyboardInterrupt, does.

    Args:
        tell: the function; it is called in the thread that works, and should return soon.
        job: the part that this one is about; empty for the whole.
    """

    def __init__(self, tell: Callable[[ProgressUpdate], None], job: str = "") -> None:
        self._tell = tell
        self._job = job
        self._stage = ""
        self._total: int | None = None
        self._done = 0

    def stage(self, name: str, total: int | None = None) -> None:
        """A stage begins."""
        self._stage, self._total, self._done = name, total, 0
        self._send()

    def advance(self, n: int = 1) -> None:
        """Steps are done."""
        self._done += n
        self._send()

    def note(self, text: str) -> None:
        """There is something to say."""
        self._send(text)

    def detail(self, told: Callable[[], str]) -> None:
        """What is shown beside a bar is left out: it is made of the same numbers."""

    def part(self, name: str) -> CallbackProgress:
        """A part, which tells its own numbers under its name."""
        return CallbackProgress(self._tell, name)

    def close(self) -> None:
        """Nothing more is to be told of a part."""

    def _send(self, note: str = "") -> None:
        update = ProgressUpdate(
            stage=self._stage, done=self._done, total=self._total, job=self._job, note=note
        )
        try:
            self._tell(update)
        except Exception:
            logger.exception("the progress callback failed at %s", update)
