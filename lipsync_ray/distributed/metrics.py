"""The figures that a run shows to monitoring: their names, and where they are put.

Prometheus sees each name with ``ray_`` before it. Sums of seconds are counters of their own, as Ray keeps
histograms as counts per bucket only: their ``_sum`` is an estimate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One figure, or one for each combination of labels."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    text: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()  # of a histogram's buckets


METRICS: tuple[Metric, ...] = (
    Metric(name="lipsync_jobs", kind="gauge", labels=("state",), text="Jobs of the backlog by state."),
    Metric(
        name="lipsync_jobs_ended_total",
        kind="counter",
        labels=("state", "code"),
        text="Tries of jobs that ended, by what became of the job and by error code.",
    ),
    Metric(
        name="lipsync_job_stage_seconds_total",
        kind="counter",
        labels=("stage",),
        text="Wall clock that ended tries of jobs spent in each stage.",
    ),
    Metric(name="lipsync_video_seconds_total", kind="counter", text="Length of the finished videos."),
    Metric(
        name="lipsync_frames_total",
        kind="counter",
        labels=("stage",),
        text="Frames that were searched for faces, or rendered; those found finished count as well.",
    ),
    Metric(
        name="lipsync_task_seconds",
        kind="histogram",
        labels=("kind", "lane"),
        bounds=(0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0),
        text="Wall clock of the attempts that succeeded, by kind of task.",
    ),
    Metric(
        name="lipsync_task_seconds_total",
        kind="counter",
        labels=("kind", "lane"),
        text="The same, summed up exactly.",
    ),
    Metric(
        name="lipsync_retries_total",
        kind="counter",
        labels=("code",),
        text="Tasks that were queued again, by the error code of the attempt.",
    ),
    Metric(
        name="lipsync_tasks_failed_total",
        kind="counter",
        labels=("code",),
        text="Tasks that were given up, by error code.",
    ),
    Metric(
        name="lipsync_workers_lost_total",
        kind="counter",
        labels=("lane", "code"),
        text="Workers that died, were killed or could not start.",
    ),
    Metric(
        name="lipsync_workers",
        kind="gauge",
        labels=("lane", "state"),
        text="Workers by lane and state: starting, idle, busy, suspect.",
    ),
    Metric(name="lipsync_queue_depth", kind="gauge", labels=("lane",), text="Tasks that no worker has yet."),
    Metric(
        name="lipsync_gpus", kind="gauge", labels=("state",), text="GPUs of the workers, by idle and busy."
    ),
)


class Meter(Protocol):
    """Takes figures by the names and labels of ``METRICS``; what cannot be shown is dropped."""

    def put(self, name: str, value: float, **labels: str) -> None:
        """Add ``value`` to a counter, set a gauge to it, or count it in a histogram."""
        ...


class NoMeter:
    """Shows nothing: there is no Ray."""

    def put(self, name: str, value: float, **labels: str) -> None:
        """Ignore the figure."""
