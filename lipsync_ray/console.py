"""The one module that writes for people: results on stdout, progress and errors on stderr."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import sys
import traceback
from collections.abc import Iterator
from typing import TextIO

from lipsync_ray.errors import LipsyncError, OutOfMemory
from lipsync_ray.logs import names_of, task_of
from lipsync_ray.progress import Display, LogProgress, NullProgress, Progress

# Troubles of the machine that no code of ours foresaw: not our mistake, and the user can act on them.
_STORAGE_TROUBLE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)


def emit(text: str) -> None:
    """Write a result on stdout. A reader that has had enough (``| head``) is no error."""
    _write(sys.stdout, text)


def tell(text: str) -> None:
    """Write a line about what is going on on stderr."""
    _write(sys.stderr, text)


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
        complain(OutOfMemory.code, "not enough memory; try ray.workers=1 chunk.batch=2 engine.max_bank_mb=64")
    else:
        advice = "" if trace else " (run again with --debug and report it)"
        complain("INTERNAL", f"{type(error).__name__}: {error}{advice}")


@contextlib.contextmanager
def progress(level: str = "warning", *, named: bool = False) -> Iterator[Display]:
    """A progress display for stderr, which also shows what the package logs at ``level`` and above.

    Bars on a terminal, plain lines elsewhere, nothing for ``level="error"``. ``named``: a line of the log
    names the job that it belongs to. What is logged again for the same job is not shown again.
    """
    with contextlib.ExitStack() as stack:
        shown: Display
        if level == "error":
            shown = NullProgress()
        elif _is_terminal(sys.stderr):
            from lipsync_ray.bars import ConsoleProgress

            shown = stack.enter_context(ConsoleProgress())
        else:
            shown = LogProgress(sys.stderr)
            stack.callback(shown.close)
        stack.enter_context(_logging_to(shown, level, named=named))
        yield shown


class _NoteHandler(logging.Handler):
    """Hands log records to a progress display, so that they do not tear its bars; or straight to stderr."""

    def __init__(self, shown: Progress | None, level: str, *, named: bool) -> None:
        super().__init__(level.upper())
        self._shown = shown
        self._named = named
        self._told: set[tuple[str, str]] = set()  # by job

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = self._text(record)
        except Exception:  # a broken log line must not stop the work
            self.handleError(record)
            return
        if text and self._shown is not None:
            self._shown.note(text)
        elif text:
            _write(sys.stderr, text)

    def _text(self, record: logging.LogRecord) -> str:
        names, message = names_of(task_of(record)), record.getMessage()
        job = names.get("job") or names.get("scan", "")
        if job:
            if (job, message) in self._told:
                return ""
            self._told.add((job, message))
        who = f"{names['job']}: " if self._named and "job" in names else ""
        return f"lipsync_ray: {record.levelname.lower()}: {who}{message}"


@contextlib.contextmanager
def _logging_to(shown: Progress, level: str, *, named: bool) -> Iterator[None]:
    handler = _NoteHandler(None if isinstance(shown, NullProgress) else shown, level, named=named)
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
