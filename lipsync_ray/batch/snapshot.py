"""What a ledger says right now, by its file and the journal's lines after it; nothing is changed."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path

from lipsync_ray.batch.journal import Replay, read_journal
from lipsync_ray.batch.row import Row
from lipsync_ray.batch.table import Table, decode
from lipsync_ray.errors import LedgerError, ObjectMissing
from lipsync_ray.folders import default_cache_dir
from lipsync_ray.storage.files import read_bytes
from lipsync_ray.storage.uri import checked, is_remote, join, local_path

NAME, JOURNAL = "ledger.parquet", "ledger.journal.jsonl"
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The state of a ledger."""

    generation: str  # of its file; empty if there is none
    rows: dict[str, Row]  # by id, in the order in which the jobs came
    replayed: int  # lines of the journal that were put onto the file
    dropped: int  # lines of the journal that could not be read


def read_ledger(out_dir: str, *, cache: Path | None = None) -> list[Row]:
    """The rows as they are now, in their order; also while a batch is writing them.

    Args:
        out_dir: as ``Ledger.open``.
        cache: as ``Ledger.open``.

    Raises:
        LedgerError: there is no ledger, or it is damaged or of a newer version.
        StorageError: it cannot be read.
    """
    found = look(checked(out_dir), home_of(out_dir, cache))
    if not found.rows:
        raise LedgerError(f"there is no ledger of a batch in {out_dir}; check out_dir")
    return list(found.rows.values())


def home_of(out_dir: str, cache: Path | None) -> Path:
    """Where the journal and the lock are: the folder itself, for one in a store a folder of this machine."""
    if not is_remote(out_dir):
        return local_path(out_dir)
    name = hashlib.sha256(out_dir.rstrip("/").encode()).hexdigest()[:16]
    return (cache or default_cache_dir()) / "ledgers" / name


def look(out_dir: str, home: Path) -> Snapshot:
    """Put the journal in ``home`` onto the file. Raises as ``read_ledger``."""
    place = join(out_dir, NAME)
    # In this order: what a running batch takes out of the journal between the two is then in the file.
    replay = read_journal(home / JOURNAL)
    table = _read(place)
    rows = {row.id: row for row in table.rows}
    if table.generation not in replay.generations:
        _tell_stale(replay, place)
        return Snapshot(generation=table.generation, rows=rows, replayed=0, dropped=0)
    rows |= {row.id: row for row in replay.rows}
    return Snapshot(generation=table.generation, rows=rows, replayed=len(replay.rows), dropped=replay.dropped)


def _tell_stale(replay: Replay, place: str) -> None:
    if replay.rows:
        logger.warning(
            "%s was removed, or written elsewhere, since a run was killed: its %d last notes do not count",
            place,
            len(replay.rows),
        )


def _read(place: str) -> Table:
    try:
        return decode(place, read_bytes(place))
    except ObjectMissing:
        return Table(generation="", rows=[])
