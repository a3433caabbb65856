"""Which workers a cluster gets, for the machines that it may have."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipsync_ray.distributed.lanes import Lane, holds_any, plan_lanes
from lipsync_ray.distributed.settings import RaySettings

HEAD = {"memory": 8e9}  # no CPU for workers
L4 = {"CPU": 8.0, "GPU": 1.0}
CPU_NODE = {"CPU": 8.0}
SMALL = {"CPU": 1.0, "GPU": 1.0}
FOUR = {"CPU": 32.0, "GPU": 4.0}


def cpu(workers: int, num_cpus: float = 1.0) -> dict[str, Lane]:
    return {"cpu": Lane(workers=workers, num_cpus=num_cpus)}


def gpu(workers: int, num_cpus: float, num_gpus: float = 1.0) -> dict[str, Lane]:
    return {"gpu": Lane(workers=workers, num_cpus=num_cpus, num_gpus=num_gpus)}


@pytest.mark.parametrize(
    ("machines", "options", "lanes"),
    [
        ([L4], {}, cpu(2) | gpu(1, 6.0)),
        ([HEAD, L4, L4], {}, cpu(4) | gpu(2, 6.0)),
        ([HEAD, L4, CPU_NODE], {}, cpu(10) | gpu(1, 6.0)),
        ([FOUR], {}, cpu(4) | gpu(4, 7.0)),
        ([L4, FOUR], {}, cpu(2 + 8) | gpu(5, 6.0)),
        ([L4], {"num_gpus": 0.5}, cpu(2) | gpu(2, 3.0, 0.5)),
        ([L4], {"gpu_cpus": 4.0}, cpu(4) | gpu(1, 4.0)),
        ([L4], {"num_cpus": 2.0}, cpu(1, 2.0) | gpu(1, 6.0)),
        ([L4, L4], {"workers": 1}, cpu(4) | gpu(1, 6.0)),
        ([FOUR], {"num_gpus": 2.0}, cpu(2) | gpu(2, 15.0, 2.0)),
        ([CPU_NODE, CPU_NODE], {}, cpu(16)),
        ([CPU_NODE], {"workers": 3}, cpu(3)),
        ([L4], {"num_gpus": 0.0}, cpu(8)),
        # A GPU worker that leaves no CPU for others does everything.
        ([SMALL], {}, {"cpu": Lane(workers=1, num_cpus=1.0, num_gpus=1.0)}),
        ([SMALL, SMALL], {"gpu_cpus": 0.5, "num_cpus": 0.5}, cpu(2, 0.5) | gpu(2, 0.5)),
        # In hope of machines to come.
        ([HEAD], {}, cpu(1)),
        ([], {}, cpu(1)),
        ([], {"num_gpus": 1.0}, cpu(1) | gpu(1, 1.0)),
        ([HEAD, CPU_NODE], {"num_gpus": 1.0}, cpu(8) | gpu(1, 1.0)),
    ],
)
def test_lanes_of_a_cluster_where_networks_draw(machines: list, options: dict, lanes: dict) -> None:
    assert plan_lanes(RaySettings(cluster="auto", **options), machines, networks=True) == lanes


@pytest.mark.parametrize("machines", [[L4], [FOUR, HEAD], [CPU_NODE]])
def test_without_networks_gpus_are_left_alone(machines: list) -> None:
    count = int(sum(machine.get("CPU", 0) for machine in machines))
    assert plan_lanes(RaySettings(), machines, networks=False) == cpu(count)


@pytest.mark.parametrize(
    ("machines", "options", "networks", "holds"),
    [
        ([L4], {}, True, True),
        ([HEAD, L4], {"num_gpus": 1.0}, True, True),
        ([L4], {"num_gpus": 2.0}, True, False),
        ([CPU_NODE], {"num_gpus": 1.0}, True, False),
        ([CPU_NODE], {"num_gpus": 1.0}, False, True),
        ([CPU_NODE], {"num_cpus": 9.0}, False, False),
        ([L4], {"gpu_cpus": 9.0}, True, False),
        ([HEAD], {}, False, False),
        ([], {}, True, False),
    ],
)
def test_whether_a_machine_can_hold_a_worker(
    machines: list, options: dict, networks: bool, holds: bool
) -> None:
    assert holds_any(RaySettings(**options), machines, networks=networks) is holds


@pytest.mark.parametrize(("num_cpus", "threads"), [(0.5, 1), (1.0, 1), (2.9, 2), (6.0, 6)])
def test_threads_of_a_worker_are_its_whole_cpus(num_cpus: float, threads: int) -> None:
    assert Lane(workers=1, num_cpus=num_cpus).threads == threads


machines = st.lists(
    st.fixed_dictionaries(
        {}, optional={"CPU": st.integers(0, 16).map(float), "GPU": st.integers(0, 4).map(float)}
    ),
    max_size=6,
)
settings = st.builds(
    RaySettings,
    num_cpus=st.sampled_from([0.25, 0.5, 1.0, 1.5, 2.0, 4.0]),
    gpu_cpus=st.sampled_from([None, 0.5, 1.0, 2.0, 6.0]),
    num_gpus=st.sampled_from([None, 0.0, 0.2, 0.25, 0.5, 1.0, 2.0]),
)


@given(machines, settings, st.booleans())
def test_never_more_than_the_machines_have(machines: list, settings: RaySettings, networks: bool) -> None:
    lanes = plan_lanes(settings, machines, networks=networks)
    assert "cpu" in lanes
    assert all(lane.workers >= 1 for lane in lanes.values())
    # A lone worker may be there in hope of machines to come.
    real = [lane for lane in lanes.values() if lane.workers > 1]
    for name, each in (("CPU", "num_cpus"), ("GPU", "num_gpus")):
        has = math.fsum(machine.get(name, 0.0) for machine in machines)
        assert math.fsum(lane.workers * getattr(lane, each) for lane in real) <= has + 1e-6
    if holds_any(settings, machines, networks=networks):
        largest = max(lanes.values(), key=lambda lane: lane.num_gpus)
        assert any(
            largest.num_cpus <= machine.get("CPU", 0.0) and largest.num_gpus <= machine.get("GPU", 0.0)
            for machine in machines
        )


@given(machines, settings, st.integers(1, 9))
def test_the_number_of_those_that_draw_is_as_asked(machines: list, settings: RaySettings, count: int) -> None:
    asked = RaySettings(
        workers=count, num_cpus=settings.num_cpus, gpu_cpus=settings.gpu_cpus, num_gpus=settings.num_gpus
    )
    lanes = plan_lanes(asked, machines, networks=True)
    assert lanes.get("gpu", lanes["cpu"]).workers == count
