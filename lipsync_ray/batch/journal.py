"""What happened since the ledger's file was written: a line for each change, on the disk before it counts.

The first line says which generation of the file the journal goes on from. A line ``{"flush": ...}`` announces
the generation that is written next: whether that happened or not, all lines then apply to what is found.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lipsync_ray.batch.row import Row, from_plain
from lipsync_ray.errors import LipsyncError, OutputUnwritable


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What a journal holds."""

    generations: frozenset[str] = frozenset()  # of the file that its rows may be put on
    rows: list[Row] = field(default_factory=list)  # in the order in which they were put
    dropped: int = 0  # lines that cannot be read: the last one, if the writer was killed in the middle of it


def read_journal(path: Path) -> Replay:
    """All whole lines of a journal; an absent one is empty. Raises OutputUnwritable if it cannot be read."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Replay()
    except OSError as error:
        raise OutputUnwritable(f"cannot read {path}: {error.strerror}") from error
    *lines, torn = data.split(b"\n")  # every whole line ends with a newline
    generations: set[str] = set()
    rows: list[Row] = []
    dropped = 1 if torn else 0
    for line in lines:
        try:
            plain = json.loads(line)
            if not isinstance(plain, dict):
                raise ValueError("no object")
            if set(plain) <= {"base", "flush"}:
                generations |= {str(value) for value in plain.values()}
            else:
                rows.append(from_plain(plain))
        except (ValueError, TypeError, RecursionError, LipsyncError):
            dropped += 1
    return Replay(generations=frozenset(generations), rows=rows, dropped=dropped)


class Journal:
    """Appends to a journal. One process at a time: the ledger's lock sees to it."""

    def __init__(self, path: Path) -> None:
        """Opens the file, which is made if needed, and leaves it as it is. Raises OutputUnwritable."""
        self._path = path
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise self._refuse(error) from error

    def restart(self, generation: str) -> None:
        """Forget everything: the file holds it, in this generation."""
        try:
            os.ftruncate(self._file, 0)
        except OSError as error:
            raise self._refuse(error) from error
        self._append({"base": generation})

    def announce(self, generation: str) -> None:
        """Say that the file is about to be written in this generation."""
        self._append({"flush": generation})

    def put(self, row: Row) -> None:
        """Note the new state of a row. It outlives this process from here on."""
        self._append(row.to_plain())

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _append(self, plain: Mapping[str, Any]) -> None:
        data = json.dumps(plain, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"
        before = os.fstat(self._file).st_size
        try:
            while data:  # a disk that is nearly full takes a part
                data = data[os.write(self._file, data) :]
        except OSError as error:
            os.ftruncate(self._file, before)  # half a line would spoil the next one
            raise self._refuse(error) from error

    def _refuse(self, error: OSError) -> OutputUnwritable:
        return OutputUnwritable(
            f"cannot write {self._path}: {error.strerror}; free space, or another out_dir"
        )
