"""How work tells a person how far it is: a protocol, silence, and plain lines for a log."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Protocol, TextIO


class Progress(Protocol):
    """Told by the work what it is doing; the work never prints.

    ``stage`` ends the stage before it and starts the next one; ``advance`` counts within the
    current stage. A report that cannot be shown is dropped: it never stops the work.
    """

    def stage(self, name: str, total: int | None = None) -> None:
        """Start a stage of ``total`` steps (None: unknown) under a name that a person understands."""
        ...

    def advance(self, n: int = 1) -> None:
        """Count ``n`` more finished steps of the current stage."""
        ...

    def note(self, text: str) -> None:
        """Tell the person one thing worth knowing, such as a retry or a length that does not match."""
        ...


class NullProgress:
    """Shows nothing: for library use and tests."""

    def stage(self, name: str, total: int | None = None) -> None:
        """Ignore the stage."""

    def advance(self, n: int = 1) -> None:
        """Ignore the steps."""

    def note(self, text: str) -> None:
        """Ignore the note."""


class LogProgress:
    """Plain lines for a log: one when a stage ends, and at most one per ``every`` seconds within it."""

    def __init__(
        self, stream: TextIO, *, every: float = 5.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream
        self._every = every
        self._clock = clock
        self._name: str | None = None
        self._total: int | None = None
        self._done = 0
        self._started = self._last = clock()

    def stage(self, name: str, total: int | None = None) -> None:
        """Say how the stage before ended, then start this one in silence."""
        self.close()
        self._name, self._total, self._done = name, total, 0
        self._started = self._last = self._clock()

    def advance(self, n: int = 1) -> None:
        """Count, and say so when the last line is long enough ago."""
        self._done += n
        now = self._clock()
        if self._name is not None and now - self._last >= self._every and self._done != self._total:
            self._last = now
            self._write(f"{self._name}: {self._count()}")

    def note(self, text: str) -> None:
        """Write the note as a line of its own."""
        self._write(text)

    def close(self) -> None:
        """End the current stage with its line."""
        if self._name is None:
            return
        took = self._clock() - self._started
        self._write(f"{self._name}: {self._count()}{', ' if self._count() else ''}{took:.1f} s")
        self._name = None

    def _count(self) -> str:
        if not self._done:
            return ""  # nothing was left to do: it was done before
        return str(self._done) if self._total is None else f"{self._done}/{self._total}"

    def _write(self, text: str) -> None:
        # A log whose reader has gone away, or a full disk, must not end a job that is going well.
        with contextlib.suppress(OSError, ValueError):
            encoding = getattr(self._stream, "encoding", None) or "utf-8"
            line = text.encode(encoding, "backslashreplace").decode(encoding)
            self._stream.write(f"{line}\n")
            self._stream.flush()
