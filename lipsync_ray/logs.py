"""Which task a log record belongs to, and how what workers log reaches the driver.

Records of a worker in another process are taken along with its result (``overheard``) and logged once more
in the driver (``relay``). Tasks are named ``JOB/PIECE``.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

PACKAGE = "lipsync_ray"
MOST_NOTES = 20  # of one task: a broken file may give a warning for every frame

_TASK: ContextVar[str] = ContextVar("lipsync_ray_task", default="")
_SCAN = re.compile(r"scan-([0-9a-f]+)/(\d+)")  # of a video, for all jobs that want its faces


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A log record that travels."""

    logger: str
    level: int
    text: str


@contextmanager
def doing(task: str) -> Iterator[None]:
    """Let what this thread logs belong to a task."""
    token = _TASK.set(task)
    try:
        yield
    finally:
        _TASK.reset(token)


def task_of(record: logging.LogRecord) -> str:
    """The task that a record belongs to, "" for none; to be asked where the record is made."""
    return getattr(record, "task", "") or _TASK.get()


def names_of(task: str) -> dict[str, str]:
    """What a task is: its ``job`` and ``piece``, or its ``scan`` and ``piece``; empty for any other name."""
    if scan := _SCAN.fullmatch(task):
        return {"scan": scan[1], "piece": scan[2]}
    job, slash, piece = task.partition("/")
    names = {"job": job.removesuffix("?"), "piece": piece} if slash else {}
    return {name: value for name, value in names.items() if value}


class TaskFilter(logging.Filter):
    """Gives the records of a handler the attributes ``job`` and ``piece``, "" where they belong to none."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Name the record's task; every record passes."""
        names = names_of(task_of(record))
        record.job, record.piece = names.get("job", ""), names.get("piece", "")
        return True


def log_tasks(level: int) -> None:
    """Write what this process logs to stderr, with the names of jobs and pieces: a worker's own log."""
    handler = logging.StreamHandler()
    handler.addFilter(TaskFilter())
    text = "%(asctime)s %(levelname)s job=%(job)s piece=%(piece)s %(name)s: %(message)s"
    handler.setFormatter(logging.Formatter(text))
    package = logging.getLogger(PACKAGE)
    package.addHandler(handler)
    package.setLevel(level)
    package.propagate = False


@contextmanager
def overheard(level: int | None) -> Iterator[list[Note]]:
    """Collect what the package logs at ``level`` and above, in all threads; what repeats is taken once.

    None: nothing is collected.
    """
    if level is None:
        yield []
        return
    listener = _Listener(level)
    package = logging.getLogger(PACKAGE)
    package.addHandler(listener)
    try:
        yield listener.notes
    finally:
        package.removeHandler(listener)


def relay(task: str, notes: Iterable[Note]) -> None:
    """Log here what was logged elsewhere."""
    for note in notes:
        logging.getLogger(note.logger).log(note.level, "%s", note.text, extra={"task": task})


class _Listener(logging.Handler):
    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.notes: list[Note] = []

    def emit(self, record: logging.LogRecord) -> None:
        try:
            note = Note(logger=record.name, level=record.levelno, text=record.getMessage())
        except Exception:  # a broken log line must not stop the work
            self.handleError(record)
            return
        if len(self.notes) < MOST_NOTES and note not in self.notes:
            self.notes.append(note)
