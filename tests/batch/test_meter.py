from __future__ import annotations

from lipsync_ray.batch.meter import GpuMeter
from lipsync_ray.distributed.events import Event


def test_gpus_cost_from_the_start_of_a_worker_to_its_end_however_it_ends() -> None:
    meter = GpuMeter({"gpu": 0.5, "cpu": 0.0}.__getitem__)
    meter.hear(Event(kind="worker_started", worker=1, lane="gpu", time=100.0))
    meter.hear(Event(kind="worker_started", worker=2, lane="cpu", time=100.0))
    meter.hear(Event(kind="worker_started", worker=3, lane="gpu", time=110.0))
    meter.hear(Event(kind="worker_suspect", worker=1, time=120.0))
    meter.hear(Event(kind="worker_started", worker=1, lane="gpu", time=130.0))  # it has answered
    meter.hear(Event(kind="worker_died", worker=1, time=140.0))
    meter.hear(Event(kind="worker_died", worker=2, time=140.0))
    assert meter.stop(150.0) == 0.5 * 40 + 0.5 * 40
