"""Logs of the service: files that several processes write to, and that do not grow for ever."""

from __future__ import annotations

import logging
from logging.handlers import WatchedFileHandler
from pathlib import Path

from lipsync_ray.logs import PACKAGE, TaskFilter
from lipsync_ray.serve.places import Places
from lipsync_ray.storage.locks import locked

LARGEST = 20 << 20  # bytes of a file, before it is put aside
KEPT = 5  # files that were put aside
ACCESS = "lipsync_ray.serve.access"


class LogFile(WatchedFileHandler):
    """A file of whole lines; whoever finds it too large puts it aside, and all go on in a new one.

    Args:
        path: of the file.
        largest: bytes.
    """

    def __init__(self, path: Path, largest: int = LARGEST) -> None:
        super().__init__(path, encoding="utf-8", delay=True, errors="backslashreplace")
        self._path = path
        self._largest = largest

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line."""
        super().emit(record)
        try:
            if self.stream is not None and self.stream.tell() > self._largest:
                self._put_aside()
        except Exception:  # a full disk must not stop the work
            self.handleError(record)

    def _put_aside(self) -> None:
        with locked(self._path.with_suffix(".lock")):
            if not self._path.exists() or self._path.stat().st_size <= self._largest:
                return  # another process was faster
            names = [self._path, *(Path(f"{self._path}.{number}") for number in range(1, KEPT + 1))]
            for older, newer in zip(names[:0:-1], names[-2::-1], strict=True):
                if newer.exists():
                    newer.replace(older)


def open_logs(places: Places, level: str) -> None:
    """Let this process write ``access.jsonl`` and ``service.log``, and nothing of the package anywhere else.

    Args:
        places: where they are.
        level: least level of ``service.log``.
    """
    service = LogFile(places.logs() / "service.log")
    service.addFilter(TaskFilter())
    text = "%(asctime)s %(levelname)s %(process)d job=%(job)s piece=%(piece)s %(name)s: %(message)s"
    service.setFormatter(logging.Formatter(text))
    package = logging.getLogger(PACKAGE)
    package.handlers = [service]
    package.setLevel(level.upper())
    package.propagate = False
    access = logging.getLogger(ACCESS)
    access.handlers = [LogFile(places.access_log())]
    access.setLevel(logging.INFO)
    access.propagate = False
