"""How work tells a person how far it is: a protocol, silence, and plain lines for a log."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Protocol, TextIO

_PARTS = 3  # that a line of a log names


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


class Part(Progress, Protocol):
    """The progress of a part of a stage, such as a video of a batch; its notes are told under its name."""

    def detail(self, told: Callable[[], str]) -> None:
        """Show beside the count what ``told`` returns at the time."""
        ...

    def close(self) -> None:
        """The part is not shown any more."""
        ...


class Display(Progress, Protocol):
    """A progress that can also show parts of its current stage."""

    def detail(self, told: Callable[[], str]) -> None:
        """Show beside the count what ``told`` returns at the time, until the stage ends."""
        ...

    def part(self, name: str) -> Part:
        """A display of its own for a part of the stage."""
        ...


def nothing() -> str:
    """What a stage tells that has nothing to tell but its count."""
    return ""


class NullProgress:
    """Shows nothing: for library use and tests."""

    def stage(self, name: str, total: int | None = None) -> None:
        """Ignore the stage."""

    def advance(self, n: int = 1) -> None:
        """Ignore the steps."""

    def note(self, text: str) -> None:
        """Ignore the note."""

    def detail(self, told: Callable[[], str]) -> None:
        """Ignore it."""

    def part(self, name: str) -> NullProgress:
        """Nothing either."""
        return self

    def close(self) -> None:
        """Nothing is shown that could go."""


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
        self._told: Callable[[], str] = nothing
        self._parts: list[_LogPart] = []
        self._started = self._last = clock()

    def stage(self, name: str, total: int | None = None) -> None:
        """Say how the stage before ended, then start this one in silence."""
        self.close()
        self._name, self._total, self._done, self._told = name, total, 0, nothing
        self._started = self._last = self._clock()

    def advance(self, n: int = 1) -> None:
        """Count, and say so when the last line is long enough ago."""
        self._done += n
        if self._done != self._total:
            self.tick()

    def detail(self, told: Callable[[], str]) -> None:
        """Say it in the lines of this stage."""
        self._told = told

    def part(self, name: str) -> _LogPart:
        """A part that is named at the end of the lines while it lasts."""
        part = _LogPart(self, name)
        self._parts.append(part)
        return part

    def end_part(self, part: _LogPart) -> None:
        """A part has ended."""
        if part in self._parts:
            self._parts.remove(part)

    def tick(self) -> None:
        """Say how far the stage is, if the last line is long enough ago."""
        now = self._clock()
        if self._name is not None and now - self._last >= self._every:
            self._last = now
            parts = [text for part in self._parts if (text := part.text())]
            more = [f"{len(parts) - _PARTS} more"] if len(parts) > _PARTS else []
            self._write("; ".join([self._line(), *([", ".join([*parts[:_PARTS], *more])] if parts else [])]))

    def note(self, text: str) -> None:
        """Write the note as a line of its own."""
        self._write(text)

    def close(self) -> None:
        """End the current stage with its line."""
        if self._name is None:
            return
        self._write(self._line(f"{self._clock() - self._started:.1f} s"))
        self._name = None

    def _line(self, *more: str) -> str:
        facts = [fact for fact in (self._count(), self._told(), *more) if fact]
        return f"{self._name}: {', '.join(facts)}"

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


class _LogPart(NullProgress):
    """A part in a log: a few words in the lines of the whole."""

    def __init__(self, whole: LogProgress, name: str) -> None:
        self._whole = whole
        self._name = name
        self._stage = ""
        self._total: int | None = None
        self._done = 0
        self._told: Callable[[], str] = nothing

    def detail(self, told: Callable[[], str]) -> None:
        self._told = told

    def stage(self, name: str, total: int | None = None) -> None:
        self._stage, self._total, self._done = name, total, 0
        self._whole.tick()

    def advance(self, n: int = 1) -> None:
        self._done += n
        self._whole.tick()

    def note(self, text: str) -> None:
        self._whole.note(f"{self._name}: {text}")

    def close(self) -> None:
        self._whole.end_part(self)

    def text(self) -> str:
        """Its name, its stage, how much of that is done, its detail; empty before its first stage."""
        share = f" {self._done / self._total:.0%}" if self._total else ""
        more = f" ({told})" if (told := self._told()) else ""
        return f"{self._name} {self._stage}{share}{more}" if self._stage else ""
