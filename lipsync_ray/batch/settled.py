"""Which jobs of a ledger need nothing more: their settings, their files and their output are as they were."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Literal, TypeVar

from lipsync_ray.batch.row import Row
from lipsync_ray.config import Config
from lipsync_ray.errors import LipsyncError
from lipsync_ray.storage.files import exists, stat
from lipsync_ray.storage.uri import is_remote, local_path
from lipsync_ray.storage.whole import content_hash

ASK_AT_ONCE = 16  # a store answers in tens of milliseconds, and has no trouble with many questions

T = TypeVar("T")
Fate = Literal["settled", "open", "new"]  # new: what an earlier try has found out no longer counts


def fates(jobs: Iterable[tuple[Row | None, Config, str]]) -> list[Fate]:
    """What is to be done about jobs, given their rows, their settings and the hash of these."""
    with ThreadPoolExecutor(ASK_AT_ONCE) as pool:
        return list(pool.map(lambda job: _fate(*job), jobs))


def _fate(row: Row | None, config: Config, settings_hash: str) -> Fate:
    if row is None or row.settings_hash not in ("", settings_hash) or _replaced(row, config):
        return "new"
    if row.state == "quarantined":
        return "settled"
    if row.state != "done":
        return "open"
    return "settled" if _unless_unknown(lambda: exists(row.out), unknown=True) else "new"


def _replaced(row: Row, config: Config) -> bool:
    """Whether a file of the job was written after its last try began, and is another one since."""
    since = row.started or row.finished
    if since is None:
        return False
    known = {config.video: row.source_hash, config.audio.file: row.audio_hash}
    places = [config.video, config.audio.file, config.audio.drive]
    places += [config.face.reference, *(piece.file for piece in config.audio.segments)]
    return any(_is_another(place, since, known.get(place, "")) for place in places if place is not None)


def _is_another(place: str, since: datetime, known: str) -> bool:
    written_ns = _unless_unknown(lambda: stat(place).mtime_ns, unknown=None)
    if written_ns is None or written_ns <= since.timestamp() * 1e9:
        return False
    if not known or is_remote(place):  # a store's file would have to be fetched to be sure
        return True
    return _unless_unknown(lambda: content_hash(local_path(place)) != known, unknown=True)


def _unless_unknown(ask: Callable[[], T], *, unknown: T) -> T:
    """An answer about a file; where nobody can give one, nothing speaks against what the ledger says."""
    try:
        return ask()
    except LipsyncError:
        return unknown
