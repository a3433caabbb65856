"""``events.jsonl``: everything that happens in a run, a line each, for machines."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

from lipsync_ray.batch.row import Row
from lipsync_ray.batch.snapshot import home_of
from lipsync_ray.distributed.events import Event
from lipsync_ray.errors import LipsyncError, OutputUnwritable
from lipsync_ray.logs import PACKAGE, names_of, task_of
from lipsync_ray.storage.files import upload
from lipsync_ray.storage.uri import is_remote, join

NAME = "events.jsonl"


class EventLog:
    """Appends events of a run to a file; what cannot be written is dropped: it never stops the work."""

    def __init__(self, file: TextIO, run: str) -> None:
        self._file = file
        self._run = run

    def write(self, event: Event) -> None:
        """Append an event of the work, with the job and the piece of it that its task is."""
        facts = event.as_dict()
        self._append({**facts, **names_of(event.task or "")})

    def job(self, row: Row, *, worked: bool) -> None:
        """Append what has become of a job; ``worked``: the row tells what its try has taken."""
        kind = {"running": "job_started", "waiting": "job_stopped"}.get(row.state, f"job_{row.state}")
        facts: dict[str, Any] = {"kind": kind, "time": time.time(), "job": row.id}
        if row.state in ("running", "waiting"):
            self._append({**facts, "attempt": row.attempts + 1})
            return
        facts["attempt"] = row.attempts + (row.state == "done")
        if row.code:
            facts |= {"code": row.code, "message": row.message}
        self._append({**facts, **(_worked(row) if worked else {})})

    def record(self, record: logging.LogRecord) -> None:
        """Append a warning or an error of the log."""
        facts = {"kind": "log", "time": record.created, "level": record.levelname.lower()}
        task = task_of(record)
        named = {"task": task, **names_of(task)} if task else {}
        self._append({**facts, **named, "logger": record.name, "message": record.getMessage()})

    def _append(self, facts: dict[str, Any]) -> None:
        with suppress(OSError, ValueError):
            self._file.write(json.dumps({"run": self._run, **facts}, ensure_ascii=False) + "\n")
            self._file.flush()


def stages_of(row: Row) -> dict[str, float]:
    """Seconds of wall clock of a job's last try, by stage."""
    names = ("scan", "prepare", "render", "review", "finish")
    return {name: getattr(row, f"{name}_s") for name in names}


@contextmanager
def open_events(out_dir: str, run: str) -> Iterator[EventLog]:
    """The log of a batch: in its folder, or on this machine and copied to its store at the end."""
    folder = home_of(out_dir, None)
    path = Path(folder) / NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = path.open("a", encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise OutputUnwritable(f"cannot write {path}: {error.strerror}; choose another out_dir") from error
    with file:
        events = EventLog(file, run)
        with _hearing(events):
            yield events
    if is_remote(out_dir):
        with suppress(LipsyncError):
            upload(path, join(out_dir, NAME))


@contextmanager
def _hearing(events: EventLog) -> Iterator[None]:
    """Let warnings of the log be events too."""
    handler = _Handler(events)
    package = logging.getLogger(PACKAGE)
    package.addHandler(handler)
    try:
        yield
    finally:
        package.removeHandler(handler)


class _Handler(logging.Handler):
    def __init__(self, events: EventLog) -> None:
        super().__init__(logging.WARNING)
        self._events = events

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._events.record(record)
        except Exception:  # a broken log line must not stop the work
            self.handleError(record)


def _worked(row: Row) -> dict[str, Any]:
    """What a try has taken and made."""
    facts: dict[str, Any] = {
        "seconds": row.wall_s,
        "stages": stages_of(row),
        "cpu_s": row.cpu_s,
        "gpu_s": row.gpu_s,
        "scan": row.scan,
        "chunks": row.chunks,
        "chunks_reused": row.chunks_reused,
        "retries": row.retries,
        "hosts": list(row.hosts),
    }
    return {**facts, "frames": row.frames, "video_s": row.seconds} if row.state == "done" else facts
