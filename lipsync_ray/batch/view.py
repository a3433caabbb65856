"""What a person is told of a batch while it runs: the batch, the videos on their way, their chunks."""

from __future__ import annotations

import time
from collections.abc import Callable

from lipsync_ray.batch.row import Row
from lipsync_ray.distributed.events import Event
from lipsync_ray.jobs.course import Account
from lipsync_ray.layout import duration
from lipsync_ray.logs import names_of
from lipsync_ray.progress import Display, Part


class BatchView:
    """Tells a batch to a progress display.

    Args:
        display: shows it.
        clock: seconds that pass.
    """

    def __init__(self, display: Display, clock: Callable[[], float] = time.monotonic) -> None:
        self._display = display
        self._clock = clock
        self._since = clock()
        self._dubbing = False
        self._lost = 0  # jobs that are quarantined
        self._seconds = 0.0  # of all videos of this round that may still be done
        self._done_s = 0.0  # of those that are
        self._jobs: dict[str, JobView] = {}
        self._cost: Callable[[], float] = lambda: 0.0

    def begin(self, all_jobs: int, todo: int) -> None:
        """The backlog is read."""
        if todo < all_jobs:
            self._display.note(f"{all_jobs} jobs, {all_jobs - todo} of them settled before")

    def costs(self, told: Callable[[], float]) -> None:
        """Show what the batch has cost so far, USD, as ``told`` says."""
        self._cost = told

    def probing(self, total: int) -> None:
        """The files of so many jobs are looked into."""
        self._dubbing = False
        self._display.stage("probe", total)

    def probed(self) -> None:
        """Those of one more are."""
        self._display.advance()

    def dubbing(self, total: int, seconds: float) -> None:
        """So many jobs, with so many seconds of video, are dubbed from now on: all, or those that failed."""
        self._display.stage("dub", total)
        self._display.detail(self.text)
        self._dubbing, self._since = True, self._clock()
        self._seconds, self._done_s = seconds, 0.0

    def job(self, name: str, seconds: float) -> JobView:
        """A job is on its way; where it tells how far it is."""
        view = self._jobs[name] = JobView(self._display.part(name), seconds)
        view.stage("examine")
        return view

    def done(self, row: Row) -> None:
        """A job is done."""
        self._done_s += self._end(row.id)
        self._display.advance()

    def failed(self, row: Row, *, again: bool) -> None:
        """A job has failed: for good, for this run, or (``again``) for now.

        Outside of the dubbing it was never counted.
        """
        later = "failed and is tried again" if again else "failed; the next run tries it again"
        what = "is quarantined" if row.state == "quarantined" else later
        self._display.note(f"{row.id} {what}: {row.code}: {row.message}")
        self._seconds -= self._end(row.id)
        self._lost += row.state == "quarantined"
        if self._dubbing:
            self._display.advance()

    def event(self, event: Event) -> None:
        """Something happened in the work."""
        if event.kind in ("draining", "waiting"):
            self._display.note(event.message or "")
        names = names_of(event.task or "")
        job = self._jobs.get(names.get("job", ""))
        if job is not None:
            job.event(event.kind, names.get("piece", ""))

    def text(self) -> str:
        """The batch in a few words: what failed, what is on its way, pace, time left and cost."""
        jobs = list(self._jobs.values())  # the thread that draws asks as well
        facts = []
        done_s = self._done_s + sum(job.share * job.seconds for job in jobs)
        if done_s > 0:
            took = self._clock() - self._since
            if (left := self._seconds - done_s) > 0:
                facts.append(f"{duration(left * took / done_s)} left")
            facts.append(f"{took / done_s:.2f} s per second")
        if self._lost:
            facts.append(f"{self._lost} quarantined")
        if cost := self._cost():
            facts.append(f"{cost:.2f} USD")
        return ", ".join([*facts, *([f"{len(jobs)} on their way"] if jobs else [])])

    def _end(self, id: str) -> float:
        """Take a job from the display; returns the seconds of its video, 0 if it was not there."""
        job = self._jobs.pop(id, None)
        if job is None:
            return 0.0
        job.close()
        return job.seconds


class JobView:
    """A ``Progress`` of one job, with its chunks.

    Args:
        part: shows it.
        seconds: length of its video, about.
    """

    def __init__(self, part: Part, seconds: float) -> None:
        self.seconds = seconds
        self._part = part
        self._account: Account | None = None
        self._chunks = self._again = 0
        self._stage = ""
        self._total: int | None = None
        self._done = 0
        part.detail(self.text)

    def follow(self, account: Account) -> None:
        """The job's own account: how many chunks it has, and how many were found finished."""
        self._account = account

    @property
    def share(self) -> float:
        """How much of the video is rendered, 0 to 1."""
        if self._stage == "render" and self._total:
            return self._done / self._total
        return float(self._stage == "stitch")

    def stage(self, name: str, total: int | None = None) -> None:
        """The job enters a stage."""
        self._stage, self._total, self._done = name, total, 0
        self._part.stage(name, total)

    def advance(self, n: int = 1) -> None:
        """It gets on with it."""
        self._done += n
        self._part.advance(n)

    def note(self, text: str) -> None:
        """It has something to say."""
        self._part.note(text)

    def event(self, kind: str, piece: str) -> None:
        """Something happened to a piece of it."""
        self._chunks += kind == "done" and piece.startswith("chunk-")
        self._again += kind == "requeued"

    def text(self) -> str:
        """Its chunks and retries, as far as there are any."""
        facts = []
        if self._account is not None and self._account.chunks:
            ready = self._chunks + self._account.chunks_reused
            facts.append(f"{ready}/{self._account.chunks} chunks")
        if self._again:
            facts.append(f"{self._again} tried again")
        return ", ".join(facts)

    def close(self) -> None:
        """The job has ended."""
        self._part.close()
