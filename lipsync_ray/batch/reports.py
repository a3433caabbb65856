"""What ``status`` says of a ledger, and what ``retry`` does to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from lipsync_ray.batch.ledger import Ledger
from lipsync_ray.batch.row import STATES, Row, State
from lipsync_ray.batch.summary import doubt_table, doubts_of, failures_by_code, trouble_table, troubles_of
from lipsync_ray.errors import ConfigError
from lipsync_ray.kinds import suggest
from lipsync_ray.layout import columns, duration


def status_text(rows: Sequence[Row], now: datetime) -> str:
    """A ledger for a person: how many jobs are in which state, those that run, those that failed, totals.

    Args:
        rows: the ledger.
        now: for how long the running ones have been running, with a time zone.
    """
    counts = Counter(row.state for row in rows)
    states = [("STATE", "JOBS"), *((state, str(counts[state])) for state in STATES), ("all", str(len(rows)))]
    parts = [columns(states)]
    if running := [row for row in rows if row.state == "running"]:
        parts.append(_running_table(running, now))
    if troubles := (*troubles_of(rows, "failed"), *troubles_of(rows, "quarantined")):
        parts.append(trouble_table(troubles))
    if doubts := doubts_of(rows):
        parts.append(doubt_table(doubts))
    done = [row for row in rows if row.state == "done"]
    video_s, wall_s = sum(row.seconds for row in done), sum(row.wall_s for row in done)
    pace = f", {wall_s / video_s:.2f} s for each second on average" if video_s else ""
    parts.append(f"{duration(video_s)} of video done{pace}")
    return "\n\n".join(parts)


def status_plain(rows: Sequence[Row]) -> dict[str, Any]:
    """A ledger as JSON can hold it: counts, totals, and all rows as they are."""
    counts = Counter(row.state for row in rows)
    done = [row for row in rows if row.state == "done"]
    return {
        "jobs": len(rows),
        "states": {state: counts[state] for state in STATES},
        "failures": failures_by_code(rows),
        "video_s": sum(row.seconds for row in done),
        "wall_s": sum(row.wall_s for row in done),
        "rows": [{**row.to_plain(), "seconds_per_second": row.seconds_per_second} for row in rows],
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Retried:
    """The jobs that ``retry`` set back to waiting, by the state that they were in."""

    ids: tuple[str, ...]
    states: dict[State, int]  # only states that some were in
    out_dir: str

    def text(self) -> str:
        """One line for a person, with what to do next."""
        if not self.ids:
            return f"nothing to try again in {self.out_dir}"
        jobs = f"{len(self.ids)} job{'s' * (len(self.ids) != 1)}"
        were = ", ".join(f"{count} {state}" for state, count in self.states.items())
        return f"{jobs} of {self.out_dir} will be tried again ({were}): run the batch again"


def retry(ledger: Ledger, *, which: Literal["failed", "all"] = "failed", ids: Iterable[str] = ()) -> Retried:
    """Set jobs back to waiting, with no failed tries counted, and write the ledger.

    Args:
        ledger: an open one, so no batch is running: rows that say so belong to a killed one.
        which: ``failed``: failed and quarantined jobs. ``all``: finished ones as well.
        ids: only these jobs; empty: all of them.

    Raises:
        ConfigError: there is no such job, or one that is named is done and ``which`` is not ``all``.
    """
    wanted = dict.fromkeys(ids)
    known = {row.id: row for row in ledger.rows}
    for id in wanted:
        if id not in known:
            raise ConfigError(f"id={id}: no such job in {ledger.out_dir}{suggest(id, known)}")
        if which == "failed" and known[id].state == "done":
            raise ConfigError(f"id={id} is done; --all makes it once more")
    allowed = ("failed", "quarantined") if which == "failed" else ("failed", "quarantined", "running", "done")
    chosen = [row for row in known.values() if row.state in allowed and (not wanted or row.id in wanted)]
    ledger.put_all(_fresh(row) for row in chosen)
    ledger.flush()
    counts = Counter(row.state for row in chosen)
    return Retried(
        ids=tuple(row.id for row in chosen),
        states={state: counts[state] for state in STATES if counts[state]},
        out_dir=ledger.out_dir,
    )


def _fresh(row: Row) -> Row:
    """As before the first try; what was made for it stays, and is used where it still fits."""
    return replace(row, state="waiting", attempts=0, code="", message="")


def _running_table(rows: Sequence[Row], now: datetime) -> str:
    since = [
        (row.id, duration((now - row.started).total_seconds()) if row.started else "", ",".join(row.hosts))
        for row in rows
    ]
    return columns([("RUNNING", "FOR", "ON"), *since], most=50)
