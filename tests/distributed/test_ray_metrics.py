"""Figures of a real Ray, fetched as Prometheus would."""

from __future__ import annotations

import re
import time
import urllib.request
from collections.abc import Iterator

import pytest
import ray

from lipsync_ray.distributed.dispatcher import Dispatcher
from lipsync_ray.distributed.metrics import METRICS
from lipsync_ray.distributed.session import Session
from lipsync_ray.distributed.tasks import Task
from lipsync_ray.jobs.metering import Metering
from lipsync_ray.progress import NullProgress
from tests.distributed.runners import Order, Squares

LONGEST_S = 60.0
EXACT: dict[tuple[str, ...], float] = {
    ("ray_lipsync_tasks_failed_total", "VIDEO_UNREADABLE"): 1,
    ("ray_lipsync_task_seconds_count", "chunk", "cpu"): 4,
    ("ray_lipsync_frames_total", "render"): 100,
    ("ray_lipsync_video_seconds_total",): 4,
    ("ray_lipsync_job_stage_seconds_total", "render"): 3,
    ("ray_lipsync_jobs_ended_total", "", "done"): 1,
    ("ray_lipsync_jobs", "running"): 1,
    ("ray_lipsync_jobs", "quarantined"): 1,
    ("ray_lipsync_workers", "cpu", "busy"): 0,
    ("ray_lipsync_queue_depth", "cpu"): 0,
    ("ray_lipsync_gpus", "busy"): 0,
}
_SAMPLE = re.compile(r"(ray_lipsync\w+)(?:\{(.*)\})? (\S+)")


@pytest.fixture(scope="module")
def scraped(two_workers: Session) -> Iterator[dict[tuple[str, ...], float]]:
    """Samples by name and labels, once all of a small run is there."""
    metering = Metering()
    with two_workers.pool(Squares) as pool:
        dispatcher = Dispatcher(pool, on_event=metering.event)
        metering.open(two_workers.meter(), dispatcher.waiting, lambda lane: 0.0)
        metering.states([("talk", "running"), ("song", "quarantined")])
        orders = [Order(number=n, harm="input" if n == 3 else "") for n in range(5)]
        items = [Task(key=f"talk/chunk-{order.number:05d}", payload=order) for order in orders]
        assert [outcome.ok for outcome in dispatcher.run(items)].count(True) == 4
        progress = metering.counted(NullProgress())
        progress.stage("render", 100)
        progress.advance(100)
        metering.ended("done", "", {"render": 3.0}, 4.0)
        yield _wait_for(EXACT)
        metering.close()


def test_the_names_that_are_documented_are_exported_with_the_right_values(
    scraped: dict[tuple[str, ...], float],
) -> None:
    assert {key: scraped.get(key) for key in EXACT} == EXACT
    assert scraped["ray_lipsync_task_seconds_total", "chunk", "cpu"] > 0
    workers = [scraped["ray_lipsync_workers", "cpu", state] for state in ("idle", "starting")]
    assert sum(workers) == 2


def _wait_for(exact: dict[tuple[str, ...], float]) -> dict[tuple[str, ...], float]:
    """The samples of this Ray: as soon as those are among them (not all come at once), or the last ones."""
    (node,) = ray.nodes()
    address = f"http://{node['NodeManagerAddress']}:{node['MetricsExportPort']}/metrics"
    ends = time.monotonic() + LONGEST_S
    while True:
        with urllib.request.urlopen(address, timeout=30) as answer:
            samples = dict(_samples(answer.read().decode()))
        if exact.items() <= samples.items() or time.monotonic() > ends:
            return samples
        time.sleep(0.5)


def _samples(text: str) -> Iterator[tuple[tuple[str, ...], float]]:
    """Each sample by its name and the values of our labels, in the order of the labels' names."""
    ours = {label for metric in METRICS for label in metric.labels}
    for line in text.splitlines():
        if found := _SAMPLE.fullmatch(line):
            labels = dict(re.findall(r'(\w+)="(.*?)"', found[2] or ""))
            if "le" not in labels:
                yield (found[1], *(labels[name] for name in sorted(ours & set(labels)))), float(found[3])
