"""The one module that writes for people: results on stdout, progress and errors on stderr."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import sys
import traceback
from collections.abc import Iterator
from typing import TYPE_CHECKING, TextIO

from lipsync_ray.errors import LipsyncError
from lipsync_ray.progress import LogProgress, NullProgress, Progress

if TYPE_CHECKING:
    from rich.console import Console


# Troubles of the machine that no code of ours foresaw: not our mistake, and the user can act on them.
_STORAGE_TROUBLE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)


def emit(text: str) -> None:
    """Write a result on stdout. A reader that has had enough (``| head``) is no error."""
    _write(sys.stdout, text)


def complain(code: str, message: str) -> None:
    """Write an error as one line on stderr: ``lipsync_ray: CODE: message``."""
    _write(sys.stderr, f"lipsync_ray: {code}: {' '.join(message.split())}")


def complain_about(error: BaseException, *, trace: bool) -> None:
    """Write any error as one line, after its trace if that was asked for."""
    if trace:
        _write(sys.stderr, "".join(traceback.format_exception(error)).rstrip())
    if isinstance(error, LipsyncError):
        complain(error.code, str(error))
    elif isinstance(error, OSError) and error.errno in _STORAGE_TROUBLE:
        where = f": {error.filename}" if error.filename else ""
        complain("STORAGE", f"{error.strerror}{where}; free some space or choose another out or cache.dir")
    elif isinstance(error, MemoryError):
        complain("MEMORY", "not enough memory; try ray.workers=1 chunk.batch=2 engine.max_bank_mb=64")
    else:
        advice = "" if trace else " (run again with --debug and report it)"
        complain("INTERNAL", f"{type(error).__name__}: {error}{advice}")


@contextlib.contextmanager
def progress(level: str = "warning") -> Iterator[Progress]:
    """A progress display for stderr, which also shows what the package logs at ``level`` and above.

    Bars on a terminal, plain lines elsewhere, nothing for ``level="error"``.
    """
    with contextlib.ExitStack() as stack:
        shown: Progress
        if level == "error":
            shown = NullProgress()
        elif _is_terminal(sys.stderr):
            shown = stack.enter_context(ConsoleProgress())
        else:
            shown = LogProgress(sys.stderr)
            stack.callback(shown.close)
        stack.enter_context(_logging_to(shown, level))
        yield shown


class ConsoleProgress:
    """A bar per stage on a terminal; notes scroll by above them. A context manager."""

    def __init__(self, console: Console | None = None) -> None:
        from rich import progress as bars
        from rich.console import Console

        self._bars = bars.Progress(
            bars.TextColumn("{task.description}", markup=False),
            bars.BarColumn(),
            bars.TextColumn("{task.fields[count]}", markup=False),
            bars.TimeElapsedColumn(),
            bars.TimeRemainingColumn(),
            console=console or Console(stderr=True),
        )
        self._task: bars.TaskID | None = None
        self._total: int | None = None
        self._done = 0

    def __enter__(self) -> ConsoleProgress:
        self._bars.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._finish()
        self._bars.stop()

    def stage(self, name: str, total: int | None = None) -> None:
        """End the bar before this one and start a new one."""
        self._finish()
        self._total, self._done = total, 0
        self._task = self._bars.add_task(name, total=total, count=self._count())

    def advance(self, n: int = 1) -> None:
        """Move the bar."""
        self._done += n
        if self._task is not None:
            self._bars.update(self._task, advance=n, count=self._count())

    def note(self, text: str) -> None:
        """Show a line above the bars."""
        self._bars.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def _finish(self) -> None:
        if self._task is not None:
            done = self._done or 1
            self._bars.update(self._task, total=done, completed=done)
            self._bars.stop_task(self._task)
            self._task = None

    def _count(self) -> str:
        if self._total is None:
            return str(self._done) if self._done else ""
        return f"{self._done}/{self._total}"


class _NoteHandler(logging.Handler):
    """Hands log records to a progress display, so that they do not tear its bars."""

    def __init__(self, shown: Progress, level: str) -> None:
        super().__init__(level.upper())
        self._shown = shown

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = f"lipsync_ray: {record.levelname.lower()}: {record.getMessage()}"
            self._shown.note(text)
        except Exception:  # a broken log line must not stop the work
            self.handleError(record)


@contextlib.contextmanager
def _logging_to(shown: Progress, level: str) -> Iterator[None]:
    handler = _ErrorHandler(level) if isinstance(shown, NullProgress) else _NoteHandler(shown, level)
    package = logging.getLogger("lipsync_ray")
    before = package.level, package.propagate
    package.addHandler(handler)
    package.setLevel(level.upper())
    package.propagate = False
    try:
        yield
    finally:
        package.removeHandler(handler)
        package.setLevel(before[0])
        package.propagate = before[1]


class _ErrorHandler(logging.Handler):
    """Writes records straight to stderr, where no display is in the way."""

    def __init__(self, level: str) -> None:
        super().__init__(level.upper())

    def emit(self, record: logging.LogRecord) -> None:
        _write(sys.stderr, f"lipsync_ray: {record.levelname.lower()}: {record.getMessage()}")


def _is_terminal(stream: TextIO) -> bool:
    return stream.isatty() and os.environ.get("TERM", "") not in ("", "dumb") and "CI" not in os.environ


def _write(stream: TextIO, text: str) -> None:
    encoding = stream.encoding or "utf-8"
    safe = text.encode(encoding, "backslashreplace").decode(encoding)  # any file name, any locale
    try:
        stream.write(f"{safe}\n")
        stream.flush()
    except BrokenPipeError:
        # What is buffered would raise again when Python closes the stream at exit.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
