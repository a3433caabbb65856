"""``events.jsonl``: everything that happens in a run, a line each, for machines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from lipsync_ray.batch.snapshot import home_of
from lipsync_ray.distributed.events import Event
from lipsync_ray.errors import LipsyncError, OutputUnwritable
from lipsync_ray.storage.files import upload
from lipsync_ray.storage.uri import is_remote, join

NAME = "events.jsonl"


class EventLog:
    """Appends events of a run to a file; what cannot be written is dropped: it never stops the work."""

    def __init__(self, file: TextIO, run: str) -> None:
        self._file = file
        self._run = run

    def write(self, event: Event) -> None:
        """Append an event, with the job that its task belongs to."""
        facts = event.as_dict()
        if event.task is not None and "/" in event.task and "job" not in facts:
            facts["job"], _, facts["piece"] = event.task.partition("/")
        with suppress(OSError, ValueError):
            self._file.write(json.dumps({"run": self._run, **facts}, ensure_ascii=False) + "\n")
            self._file.flush()


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
        yield EventLog(file, run)
    if is_remote(out_dir):
        with suppress(LipsyncError):
            upload(path, join(out_dir, NAME))
