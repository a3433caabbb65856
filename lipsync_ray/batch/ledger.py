"""The ledger: what has become of every job of a batch, kept through any end of the process.

Each change is a line of a journal before it counts. ``OUT_DIR/ledger.parquet`` is written whole, now and
then and at the end; opening the ledger puts the journal's lines onto it.
"""

from __future__ import annotations

import logging
import os
import socket
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import RLock
from types import TracebackType

from lipsync_ray.batch.journal import Journal
from lipsync_ray.batch.row import STATES, Row, State, after_failure
from lipsync_ray.batch.snapshot import JOURNAL, NAME, home_of, look, read_ledger
from lipsync_ray.batch.table import decode, encode
from lipsync_ray.errors import LedgerError, LipsyncError, ObjectMissing, OutputUnwritable
from lipsync_ray.storage.files import Stat, read_bytes, stat, write_bytes
from lipsync_ray.storage.locks import locked
from lipsync_ray.storage.uri import checked, is_remote, join
from lipsync_ray.storage.whole import check_folder

__all__ = ["STATES", "Ledger", "Row", "State", "after_failure", "read_ledger"]

LOCK = ".ledger.lock"
logger = logging.getLogger(__name__)


class Ledger:
    """The rows of a batch by their id; a context manager. Get one by ``Ledger.open``."""

    def __init__(self, out_dir: str, *, cache: Path | None = None, every_s: float = 30.0) -> None:
        """As ``open``."""
        self.out_dir = checked(out_dir)
        self._every_s = every_s
        self._place = join(out_dir, NAME)
        self._home = home_of(out_dir, cache)
        self._guard = RLock()
        self._dirty = False
        self._closed = False
        self._flushed = time.monotonic()
        self._stack = ExitStack()
        with self._stack as stack:
            _make(self._home)
            stack.enter_context(_alone(self._home, out_dir))
            self._seen = _stat(self._place)
            found = look(out_dir, self._home)
            self._rows = found.rows
            self.dropped = found.dropped  # lines lost: at most the one that a killed process was writing
            if self.dropped:
                logger.warning("%s: %d torn line(s) of a killed run dropped", out_dir, self.dropped)
            self._mine = {found.generation}
            self._journal = Journal(self._home / JOURNAL)
            stack.callback(self._journal.close)
            if found.replayed:
                self._dirty = True
                self.flush()  # the journal starts anew with it: nothing is put behind a torn line
            else:
                self._journal.restart(found.generation)
            self._stack = stack.pop_all()

    @classmethod
    def open(cls, out_dir: str, *, cache: Path | None = None, every_s: float = 30.0) -> Ledger:
        """The ledger of a folder or address, for one process alone; a new one if there is none.

        Args:
            out_dir: where ``ledger.parquet`` is.
            cache: folder of this machine for the journal and the lock of an ``out_dir`` in a store; the
                usual one by default. Another machine does not see them: one that writes at the same time is
                noticed, and refused, when the file is written next.
            every_s: shortest time between two writes of the file, unless it is asked for.

        Raises:
            LedgerError: another process has it open, or the file is damaged or of a newer version.
            OutputUnwritable, StorageError: it cannot be read or written.
        """
        return cls(out_dir, cache=cache, every_s=every_s)

    @property
    def rows(self) -> tuple[Row, ...]:
        """All rows, in the order in which their jobs came."""
        with self._guard:
            return tuple(self._rows.values())

    def get(self, id: str) -> Row | None:
        """The row of a job."""
        return self._rows.get(id)

    def put(self, row: Row) -> None:
        """Set the row of a job; it is kept from here on, whatever happens to this process.

        Raises:
            OutputUnwritable: the journal cannot be written; the row is as it was before.
            LedgerError: another machine has written the file.
        """
        self.put_all((row,))

    def put_all(self, rows: Iterable[Row]) -> None:
        """Set many rows, as ``put``."""
        with self._guard:
            if self._closed:
                raise LedgerError(f"the ledger of {self.out_dir} is closed")
            for row in rows:
                self._journal.put(row)
                self._rows[row.id] = row
                self._dirty = True
            if time.monotonic() - self._flushed >= self._every_s:
                self._flush_in_passing()

    def flush(self) -> None:
        """Write the file now, if anything has changed.

        Raises:
            OutputUnwritable, StorageError: it cannot be written; the journal still has everything.
            LedgerError: another machine has written it.
        """
        with self._guard:
            self._flushed = time.monotonic()
            if not self._dirty:
                return
            self._check_others()
            generation = uuid.uuid4().hex
            self._journal.announce(generation)
            self._mine.add(generation)
            write_bytes(self._place, encode(list(self._rows.values()), generation))
            self._seen = _stat(self._place)
            self._journal.restart(generation)
            self._dirty = False

    def close(self) -> None:
        """Write the file if needed, remove the journal, let others have the ledger. Raises as ``flush``."""
        with self._guard:
            if self._closed:
                return
            self._closed = True
            with self._stack:
                self.flush()
                (self._home / JOURNAL).unlink(missing_ok=True)

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
            return
        try:
            self.close()
        except LipsyncError as second:  # what went wrong first is what must be told
            logger.warning("the ledger was not written: %s", second)

    def _flush_in_passing(self) -> None:
        try:
            self.flush()
        except LedgerError:
            raise
        except LipsyncError as error:  # the journal has everything, and the next time may go well
            logger.warning("the ledger could not be written, and will be later: %s", error)

    def _check_others(self) -> None:
        """Notice a machine that writes to the same store: no lock reaches it."""
        if not is_remote(self._place) or (found := _stat(self._place)) == self._seen:
            return
        written = decode(self._place, read_bytes(self._place)).generation if found else ""
        if written not in self._mine:  # it is, after a write whose answer was lost
            raise LedgerError(
                f"another batch has written {self._place} meanwhile; two at once cannot have one out_dir"
            )


def _stat(place: str) -> Stat | None:
    try:
        return stat(place)
    except ObjectMissing:
        return None


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputUnwritable(f"cannot make the folder {folder}: {error.strerror}") from error


@contextmanager
def _alone(home: Path, out_dir: str) -> Iterator[None]:
    """Keep other batches of this machine, or of the same disk, out; a killed one keeps nobody out."""
    path = check_folder(home / LOCK)
    with locked(path, wait=False) as got:
        if not got:
            raise LedgerError(
                f"another batch{_holder(path)} writes to {out_dir} right now; wait for it, or choose another"
            )
        try:
            path.write_text(f"process {os.getpid()} on {socket.gethostname()}", "utf-8")
            yield
        finally:
            path.unlink(missing_ok=True)


def _holder(path: Path) -> str:
    try:
        return f" ({path.read_text('utf-8')})"
    except (OSError, UnicodeDecodeError):  # it ends just now
        return ""
