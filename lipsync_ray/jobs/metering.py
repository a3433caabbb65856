"""What a run tells monitoring: figures made of events, of queues and of jobs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from lipsync_ray.distributed.events import Event
from lipsync_ray.distributed.metrics import Meter, NoMeter
from lipsync_ray.distributed.roster import Roster
from lipsync_ray.logs import names_of
from lipsync_ray.progress import Progress

_LOST = ("worker_died", "worker_killed", "worker_setup_failed")


class Metering:
    """Keeps the figures of ``distributed.metrics.METRICS`` up to date; shows nothing before ``open``."""

    def __init__(self) -> None:
        self._meter: Meter = NoMeter()
        self._roster = Roster()
        self._depth: Callable[[str], int] = lambda lane: 0
        self._gpus: Callable[[str], float] = lambda lane: 0.0
        self._shown: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}  # gauges
        self._jobs: dict[str, str] = {}  # state by id

    def open(self, meter: Meter, depth: Callable[[str], int], gpus: Callable[[str], float]) -> None:
        """Show figures from now on.

        Args:
            meter: where.
            depth: tells how many tasks of a lane wait.
            gpus: tells how many GPUs each worker of a lane holds.
        """
        self._meter, self._depth, self._gpus = meter, depth, gpus
        self._show_jobs()

    def close(self) -> None:
        """Nothing runs any more: a gauge would otherwise keep its last value in monitoring."""
        for name, labels in list(self._shown):
            if name != "lipsync_jobs":
                self._gauge(name, 0.0, **dict(labels))
        self._meter = NoMeter()

    def event(self, event: Event) -> Event:
        """Take note of an event; returns it with the lane, machine and process of its worker."""
        event = self._roster.note(event)
        code = event.code or ""
        if event.kind == "done":
            labels = {"kind": _kind(event.task or ""), "lane": event.lane or "cpu"}
            self._meter.put("lipsync_task_seconds", event.seconds or 0.0, **labels)
            self._meter.put("lipsync_task_seconds_total", event.seconds or 0.0, **labels)
        elif event.kind == "requeued":
            self._meter.put("lipsync_retries_total", 1, code=code)
        elif event.kind == "failed":
            self._meter.put("lipsync_tasks_failed_total", 1, code=code)
        elif event.kind in _LOST:
            self._meter.put("lipsync_workers_lost_total", 1, lane=event.lane or "cpu", code=code)
        self._show_workers()
        return event

    def states(self, jobs: Iterable[tuple[str, str]]) -> None:
        """Jobs by id, and the states that they are in now."""
        self._jobs.update(jobs)
        self._show_jobs()

    def ended(self, state: str, code: str, stages: Mapping[str, float], video_s: float) -> None:
        """A try of a job has ended.

        Args:
            state: of the job now.
            code: of its error, "" for none.
            stages: seconds of wall clock by stage.
            video_s: length of the video that was finished, s.
        """
        self._meter.put("lipsync_jobs_ended_total", 1, state=state, code=code)
        for stage, seconds in stages.items():
            self._meter.put("lipsync_job_stage_seconds_total", seconds, stage=stage)
        self._meter.put("lipsync_video_seconds_total", video_s)

    def counted(self, progress: Progress) -> Progress:
        """The same display of a job, whose frames are counted on their way there."""
        return _Counted(progress, self._meter)

    def _show_workers(self) -> None:
        census, gpus = self._roster.census(), {"idle": 0.0, "busy": 0.0}
        for lane in self._roster.lanes:
            self._gauge("lipsync_queue_depth", self._depth(lane), lane=lane)
            for state in ("starting", "idle", "busy", "suspect"):
                self._gauge("lipsync_workers", census[lane, state], lane=lane, state=state)
            for state in gpus:
                gpus[state] += census[lane, state] * self._gpus(lane)
        for state, count in gpus.items():
            self._gauge("lipsync_gpus", count, state=state)

    def _show_jobs(self) -> None:
        counts = Counter(self._jobs.values())
        for state in ("waiting", "running", "done", "failed", "quarantined"):
            self._gauge("lipsync_jobs", counts[state], state=state)

    def _gauge(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge, if that changes it: to compare costs nothing."""
        if isinstance(self._meter, NoMeter):
            return
        key = (name, tuple(labels.items()))
        if self._shown.get(key) != value:
            self._shown[key] = value
            self._meter.put(name, value, **labels)


class _Counted:
    """A ``Progress`` that counts the frames of the stages that have frames."""

    def __init__(self, progress: Progress, meter: Meter) -> None:
        self._progress = progress
        self._meter = meter
        self._stage = ""

    def stage(self, name: str, total: int | None = None) -> None:
        self._stage = name if name in ("faces", "render") else ""
        self._progress.stage(name, total)

    def advance(self, n: int = 1) -> None:
        if self._stage:
            self._meter.put("lipsync_frames_total", n, stage=self._stage)
        self._progress.advance(n)

    def note(self, text: str) -> None:
        self._progress.note(text)


def _kind(task: str) -> str:
    """Of which kind a task is: ``chunk`` for talk-es/chunk-00003, ``scan`` for a part of a scan."""
    names = names_of(task)
    return "scan" if "scan" in names else names.get("piece", "task").partition("-")[0]
