"""What is known of one job of a batch, and what a failure makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from lipsync_ray.batch.entry import check_id
from lipsync_ray.errors import LedgerError, LipsyncError, OutOfMemory

State = Literal["waiting", "running", "done", "failed", "quarantined"]
STATES: tuple[State, ...] = get_args(State)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A job in the ledger. Times are seconds; moments are in UTC; what is not known yet is empty or 0."""

    id: str
    video: str
    audio: str
    out: str
    state: State = "waiting"  # failed: will be tried again; quarantined: only when it is asked for
    attempts: int = 0  # tries of the job that failed, over all runs
    code: str = ""  # of the last failure
    message: str = ""
    frames: int = 0  # of the output
    seconds: float = 0.0  # length of the output
    wall_s: float = 0.0
    cpu_s: float = 0.0
    gpu_s: float = 0.0  # for which it had GPUs, times their number
    expected_cpu_s: float = 0.0  # as ``plan`` tells it, before the last try; 0: nothing was known
    expected_gpu_s: float = 0.0
    scan: Literal["", "made", "reused"] = ""  # reused: the video was scanned before, for another sound
    scan_s: float = 0.0
    prepare_s: float = 0.0
    render_s: float = 0.0
    review_s: float = 0.0
    finish_s: float = 0.0
    chunks: int = 0
    chunks_reused: int = 0  # of them, found finished
    retries: int = 0  # pieces of it that had to be done again
    digest: str = ""  # of all composited pictures
    concern: float = 0.0  # how much a person should look at it, see ``quality.review``; 0: not at all
    flags: tuple[str, ...] = ()  # what is flagged, such as "offset"
    source_hash: str = ""
    audio_hash: str = ""
    settings_hash: str = ""
    started: datetime | None = None  # of the last try
    finished: datetime | None = None
    run: str = ""  # the run that touched it last
    hosts: tuple[str, ...] = ()  # machines that worked on it

    def __post_init__(self) -> None:
        check_id(self.id)
        if self.state not in STATES or self.scan not in ("", "made", "reused"):
            raise LedgerError(f"row {self.id}: state={self.state!r} scan={self.scan!r} cannot be")
        if self.attempts < 0 or not 0 <= self.chunks_reused <= self.chunks:
            raise LedgerError(f"row {self.id}: attempts or chunks are out of range: {self}")
        if any(moment is not None and moment.tzinfo is None for moment in (self.started, self.finished)):
            raise LedgerError(f"row {self.id}: a moment without a time zone")

    @property
    def seconds_per_second(self) -> float | None:
        """Wall clock per second of output; None before there is one."""
        return self.wall_s / self.seconds if self.seconds > 0 else None

    def to_plain(self) -> dict[str, Any]:
        """The row as JSON can hold it, moments as ISO 8601."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        moments = {name: values[name].isoformat() for name in ("started", "finished") if values[name]}
        return {**values, "hosts": list(self.hosts), "flags": list(self.flags), **moments}


def from_plain(plain: Mapping[str, Any]) -> Row:
    """The row that ``to_plain`` or a table wrote.

    Raises:
        ValueError, TypeError, LedgerError: it is none.
    """
    values = dict(plain)
    for name in ("started", "finished"):
        moment = values.get(name)
        if isinstance(moment, str):
            moment = datetime.fromisoformat(moment)
        values[name] = moment.astimezone(UTC) if moment is not None else None
    lists = {name: tuple(values.get(name) or ()) for name in ("hosts", "flags")}
    return Row(**{**values, **lists})


def after_failure(row: Row, error: BaseException, *, max_attempts: int) -> Row:
    """What a failed try makes of a job: ``failed`` as long as trying again may help, else ``quarantined``.

    It helps no more when the error says that it does not (``LipsyncError.retriable``), or after
    ``max_attempts`` failed tries over all runs.
    """
    known = isinstance(error, LipsyncError)
    text = str(error) if known else f"{type(error).__name__}: {error}"
    attempts = row.attempts + 1
    hopeless = known and not error.retriable
    return replace(
        row,
        state="quarantined" if hopeless or attempts >= max_attempts else "failed",
        attempts=attempts,
        code=error.code if known else _code_of(error),
        message=" ".join(text.encode("utf-8", "replace").decode().split()),  # one line that every file holds
    )


def _code_of(error: BaseException) -> str:
    """The code of an error that nobody foresaw, as the command line tells it."""
    return (
        OutOfMemory.code
        if isinstance(error, MemoryError)
        else "STORAGE"
        if isinstance(error, OSError)
        else "INTERNAL"
    )
