"""Figures for monitoring, made of a scripted run on virtual time."""

from __future__ import annotations

from collections import Counter

from lipsync_ray.distributed.dispatcher import Dispatcher
from lipsync_ray.distributed.metrics import METRICS
from lipsync_ray.distributed.tasks import Task
from lipsync_ray.jobs.metering import Metering
from lipsync_ray.progress import NullProgress
from tests.conftest import ROOT
from tests.distributed.scripted import ScriptedPool

KINDS = {metric.name: metric for metric in METRICS}


class Board:
    """Keeps figures as monitoring would; refuses names and labels that are not declared."""

    def __init__(self) -> None:
        self.figures: Counter[tuple[str, ...]] = Counter()
        self.highest: Counter[tuple[str, ...]] = Counter()

    def put(self, name: str, value: float, **labels: str) -> None:
        metric = KINDS[name]
        assert tuple(labels) == metric.labels
        key = (name, *labels.values())
        if metric.kind == "counter":
            self.figures[key] += value  # type: ignore[assignment]
        elif metric.kind == "gauge":
            self.figures[key] = value  # type: ignore[assignment]
        else:
            self.figures[key] += 1
        self.highest[key] = max(self.highest[key], self.figures[key])


def drawn(name: str) -> Task:
    return Task(key=name, payload=name, lane="gpu")


def test_figures_of_work_are_those_of_the_run() -> None:
    board, metering = Board(), Metering()
    fates = {"talk/chunk-00001": ["error", "die"], "song/chunk-00000": ["hopeless"]}
    pool = ScriptedPool({"cpu": 1, "gpu": 2}, fates, seconds=lambda worker, key: 2.0)
    dispatcher = Dispatcher(pool, on_event=metering.event, clock=pool.clock)
    metering.open(board, dispatcher.waiting, {"cpu": 0.0, "gpu": 0.5}.__getitem__)
    names = ["talk/chunk-00000", "talk/chunk-00001", "talk/chunk-00002", "song/chunk-00000"]
    items = [*map(drawn, names), Task(key="scan-ab/00000000", payload="")]
    list(dispatcher.run(items))
    figures = board.figures
    assert board.highest["lipsync_gpus", "busy"] == 1.0  # two workers with half of one each
    assert figures["lipsync_task_seconds", "chunk", "gpu"] == 3
    assert figures["lipsync_task_seconds_total", "chunk", "gpu"] == 6.0
    assert figures["lipsync_task_seconds_total", "scan", "cpu"] == 2.0
    assert figures["lipsync_retries_total", "ValueError"] == 1
    assert figures["lipsync_retries_total", "WORKER_DIED"] == 1
    assert figures["lipsync_tasks_failed_total", "VIDEO_UNREADABLE"] == 1
    assert figures["lipsync_workers_lost_total", "gpu", "WORKER_DIED"] == 1
    assert figures["lipsync_queue_depth", "gpu"] == 0
    assert figures["lipsync_workers", "cpu", "idle"] == 1
    metering.close()
    left = {key for key, value in figures.items() if value and KINDS[key[0]].kind == "gauge"}
    assert not left


def test_the_queue_is_as_deep_as_work_waits() -> None:
    board, metering = Board(), Metering()
    pool = ScriptedPool(1)
    dispatcher = Dispatcher(pool, on_event=metering.event, clock=pool.clock)
    metering.open(board, dispatcher.waiting, lambda lane: 0.0)
    list(dispatcher.run([Task(key=f"talk/chunk-{n:05d}", payload=n) for n in range(10)]))
    assert board.highest["lipsync_queue_depth", "cpu"] == 10
    assert board.figures["lipsync_queue_depth", "cpu"] == 0


def test_jobs_and_frames_are_counted() -> None:
    board, metering = Board(), Metering()
    metering.states([("a", "waiting"), ("b", "waiting"), ("c", "done")])
    metering.open(board, lambda lane: 0, lambda lane: 0.0)
    assert [board.figures["lipsync_jobs", state] for state in ("waiting", "running", "done")] == [2, 0, 1]
    metering.states([("a", "running")])
    progress = metering.counted(NullProgress())
    for stage in ("faces", "prepare", "render"):
        progress.stage(stage, 10)
        progress.advance(10)
    metering.states([("a", "done")])
    metering.ended("done", "", {"render": 3.0}, 0.4)
    assert [board.figures["lipsync_jobs", state] for state in ("waiting", "running", "done")] == [1, 0, 2]
    assert board.figures["lipsync_frames_total", "faces"] == 10
    assert board.figures["lipsync_frames_total", "render"] == 10
    assert board.figures["lipsync_jobs_ended_total", "done", ""] == 1
    assert board.figures["lipsync_job_stage_seconds_total", "render"] == 3.0
    assert board.figures["lipsync_video_seconds_total",] == 0.4
    metering.close()
    assert board.figures["lipsync_jobs", "done"] == 2


def test_every_figure_is_documented_under_the_name_that_prometheus_sees() -> None:
    page = (ROOT / "docs" / "observability.md").read_text(encoding="utf-8")
    for metric in METRICS:
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        assert f"| `ray_{metric.name}` | {labels} | {metric.kind} | {metric.text} |\n" in page
