"""What a batch did and what it cost, for machines and for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from lipsync_ray.batch.row import STATES, Row
from lipsync_ray.errors import ConfigError
from lipsync_ray.layout import columns, duration
from lipsync_ray.sidecar import report_place


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A job that failed."""

    id: str
    state: str
    attempts: int
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Slow:
    """A job that took long for its length."""

    id: str
    seconds_per_second: float
    wall_s: float
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A finished dub that a person should look at."""

    id: str
    concern: float  # see ``quality.review``
    flags: tuple[str, ...]
    report: str  # its place


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Figures of a batch. Those of work are of one run, if it was named; those of states are of all jobs."""

    run: str
    jobs: int
    states: dict[str, int]  # every state, also those without jobs
    done_now: int  # jobs that this run finished
    frames: int  # of the outputs that it finished
    video_s: float  # their length
    wall_s: float
    seconds_per_second: float | None  # wall_s / video_s; None without video
    cpu_hours: float
    expected_cpu_hours: float | None  # of the jobs that this run finished, as ``plan`` tells; None: not known
    gpu_hours: (
        float  # held, whether or not they were busy; of the jobs alone if it is not known how many were
    )
    gpu_busy: float | None  # share of them in which jobs had them
    usd_per_gpu_hour: float | None
    cost_usd: float | None  # gpu_hours at that price; failed jobs and idle time cost as well
    cost_per_minute_usd: float | None  # of finished video
    scans_made: int
    scans_reused: int
    chunks: int
    chunks_reused: int
    retries: int
    failures: dict[str, int]  # jobs that are failed or quarantined now, by code, most frequent first
    slowest: tuple[Slow, ...]
    quarantined: tuple[Trouble, ...]
    failed: tuple[Trouble, ...]
    review: tuple[Doubt, ...]  # of all jobs, the gravest first

    def to_plain(self) -> dict[str, Any]:
        """The summary as JSON can hold it."""
        return asdict(self)

    def text(self) -> str:
        """Tables for a person."""
        parts = [columns([(state, str(count)) for state, count in self.states.items()])]
        parts.append(columns(self._figures()))
        if self.failures:
            parts.append(columns([("CODE", "JOBS"), *((code, str(n)) for code, n in self.failures.items())]))
        if self.slowest:
            slow = [(job.id, f"{job.seconds_per_second:.2f}", duration(job.wall_s)) for job in self.slowest]
            parts.append(columns([("SLOWEST", "S/S", "TOOK"), *slow]))
        if self.review:
            parts.append(doubt_table(self.review))
        if troubles := (*self.quarantined, *self.failed):
            parts.append(trouble_table(troubles))
        return "\n\n".join(parts)

    def _figures(self) -> list[tuple[str, str]]:
        figures = [
            ("video done", f"{duration(self.video_s)} in {self.done_now} of {self.jobs} jobs"),
            ("took", duration(self.wall_s)),
        ]
        if self.seconds_per_second is not None:
            figures.append(("seconds per second", f"{self.seconds_per_second:.3f}"))
        expected = self.expected_cpu_hours
        told = "" if expected is None else f" ({expected:.2f} were expected for what is done)"
        figures.append(("CPU hours", f"{self.cpu_hours:.2f}{told}"))
        busy = "" if self.gpu_busy is None else f" ({self.gpu_busy:.0%} busy)"
        figures.append(("GPU hours", f"{self.gpu_hours:.2f}{busy}"))
        if self.cost_usd is not None:
            each = self.cost_per_minute_usd
            shown = "" if each is None else f", {each:.4f} USD per minute of video"
            figures.append(("cost", f"{self.cost_usd:.2f} USD{shown}"))
        figures.append(("face scans", f"{self.scans_made} made, {self.scans_reused} reused"))
        figures.append(("chunks", f"{self.chunks}, {self.chunks_reused} reused, {self.retries} done again"))
        return figures


def summarise(
    rows: Iterable[Row],
    *,
    wall_s: float,
    run: str | None = None,
    gpus: float | None = None,
    usd_per_gpu_hour: float | None = None,
    slowest: int = 5,
) -> Summary:
    """Sum a batch up.

    Args:
        rows: the whole ledger.
        wall_s: how long the batch took, s.
        run: whose work is summed up; None: that of all rows, whoever did it.
        gpus: GPUs that were held for all of ``wall_s``; None: what jobs had of them (``Row.gpu_s``).
        usd_per_gpu_hour: price of one; None: no costs are told.
        slowest: how many of the slowest finished jobs are listed.

    Raises:
        ConfigError: a figure is negative.
    """
    if min(wall_s, gpus or 0.0, usd_per_gpu_hour or 0.0) < 0:
        raise ConfigError(f"wall_s={wall_s}, gpus={gpus}, usd_per_gpu_hour={usd_per_gpu_hour}: not below 0")
    rows = list(rows)
    mine = [row for row in rows if run in (None, row.run)]
    done = [row for row in mine if row.state == "done"]
    video_s = sum(row.seconds for row in done)
    had_s = sum(row.gpu_s for row in mine)
    held_s = had_s if gpus is None else gpus * wall_s
    cost = None if usd_per_gpu_hour is None else held_s / 3600 * usd_per_gpu_hour
    states = Counter(row.state for row in rows)
    return Summary(
        run=run or "",
        jobs=len(rows),
        states={state: states[state] for state in STATES},
        done_now=len(done),
        frames=sum(row.frames for row in done),
        video_s=video_s,
        wall_s=wall_s,
        seconds_per_second=wall_s / video_s if video_s else None,
        cpu_hours=sum(row.cpu_s for row in mine) / 3600,
        expected_cpu_hours=_expected(done),
        gpu_hours=held_s / 3600,
        gpu_busy=had_s / held_s if gpus is not None and held_s else None,
        usd_per_gpu_hour=usd_per_gpu_hour,
        cost_usd=cost,
        cost_per_minute_usd=cost / (video_s / 60) if cost is not None and video_s else None,
        scans_made=sum(row.scan == "made" for row in mine),
        scans_reused=sum(row.scan == "reused" for row in mine),
        chunks=sum(row.chunks for row in mine),
        chunks_reused=sum(row.chunks_reused for row in mine),
        retries=sum(row.retries for row in mine),
        failures=failures_by_code(rows),
        slowest=_slowest(done, slowest),
        quarantined=troubles_of(rows, "quarantined"),
        failed=troubles_of(rows, "failed"),
        review=doubts_of(rows),
    )


def _expected(done: Sequence[Row]) -> float | None:
    """CPU hours that were expected; a job that nothing was known of makes the sum unknown."""
    expected = [row.expected_cpu_s for row in done]
    return sum(expected) / 3600 if expected and all(expected) else None


def failures_by_code(rows: Iterable[Row]) -> dict[str, int]:
    """Jobs that are failed or quarantined, by code: the most frequent first, then by name."""
    counts = Counter(row.code for row in rows if row.state in ("failed", "quarantined"))
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def troubles_of(rows: Iterable[Row], state: str) -> tuple[Trouble, ...]:
    """The jobs in a state with what went wrong, in the order of the rows."""
    return tuple(
        Trouble(id=row.id, state=row.state, attempts=row.attempts, code=row.code, message=row.message)
        for row in rows
        if row.state == state
    )


def trouble_table(troubles: Iterable[Trouble]) -> str:
    """A line for each job that failed: its id, state, failed tries, code and message."""
    shown = [(job.id, job.state, str(job.attempts), job.code, job.message) for job in troubles]
    return columns([("JOB", "STATE", "TRIES", "CODE", "MESSAGE"), *shown], most=50)


def doubts_of(rows: Iterable[Row]) -> tuple[Doubt, ...]:
    """Finished jobs in which something is flagged, the gravest first."""
    flagged = [
        Doubt(id=row.id, concern=row.concern, flags=row.flags, report=report_place(row.out))
        for row in rows
        if row.state == "done" and row.flags
    ]
    return tuple(sorted(flagged, key=lambda doubt: (-doubt.concern, doubt.id)))


def doubt_table(doubts: Iterable[Doubt]) -> str:
    """A line for each dub to look at: its id, how grave, what is flagged, and its report."""
    shown = [(one.id, f"{one.concern:.2f}", ", ".join(one.flags), one.report) for one in doubts]
    return columns([("LOOK AT", "CONCERN", "FLAGS", "REPORT"), *shown], most=20)


def _slowest(done: Iterable[Row], most: int) -> tuple[Slow, ...]:
    rated = [
        Slow(id=row.id, seconds_per_second=pace, wall_s=row.wall_s, seconds=row.seconds)
        for row in done
        if (pace := row.seconds_per_second) is not None
    ]
    return tuple(sorted(rated, key=lambda job: (-job.seconds_per_second, job.id))[:most])
