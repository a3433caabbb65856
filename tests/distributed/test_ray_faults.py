"""A real cluster of nodes on this machine, with GPUs that it only believes in: nodes die, go and come."""

from __future__ import annotations

import os
import secrets
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from lipsync_ray.distributed.dispatcher import Dispatcher
from lipsync_ray.distributed.events import Event, OnEvent, ignore
from lipsync_ray.distributed.ray_cluster import QUIET, ray_session
from lipsync_ray.distributed.settings import RaySettings
from lipsync_ray.distributed.tasks import Outcome, Task
from lipsync_ray.folders import private_folder
from tests.distributed.runners import Nap, Naps

ROOT = Path(__file__).resolve().parents[2]
HALVES = RaySettings(cluster="auto", num_cpus=0.5, gpu_cpus=0.5)  # a CPU worker and a GPU worker on each node


@dataclass(kw_only=True)
class Nodes:
    """The cluster, and one crew of workers on it for all tests of this module."""

    cluster: Any
    dispatcher: Dispatcher = field(init=False)
    workers: list[Any] = field(default_factory=list)  # its nodes but the head
    events: list[Event] = field(default_factory=list)
    on_event: OnEvent = ignore
    pids: dict[int | None, int] = field(default_factory=dict)
    homes: dict[int | None, str] = field(default_factory=dict)  # nodes of the workers not known to be lost

    def add(self) -> None:
        self.workers.append(self.cluster.add_node(num_cpus=1, num_gpus=1, object_store_memory=80 << 20))

    def kill_raylet(self) -> None:
        os.kill(self.workers.pop().all_processes["raylet"][0].process.pid, signal.SIGKILL)

    def remove(self) -> None:
        self.cluster.remove_node(self.workers.pop(), allow_graceful=False)

    def hear(self, event: Event) -> None:
        self.events.append(event)
        if event.kind == "worker_started" and event.pid:
            self.pids[event.worker] = event.pid
            self.homes[event.worker] = str(event.node).rpartition("/")[2]
        elif event.kind in ("worker_died", "worker_killed"):
            self.homes.pop(event.worker, None)
        self.on_event(event)

    def settle(self) -> None:
        """Run tasks until all is known to be lost that is: workers outlive a raylet that is killed."""
        names, limit = {name_of(node) for node in self.workers}, time.monotonic() + 180
        while not names.issuperset(self.homes.values()):
            assert time.monotonic() < limit
            self.run(naps(2 * len(self.homes), 0.1) + naps(2 * len(self.homes), 0.1, lane="cpu"))

    def run(self, items: list[Task], on_event: OnEvent = ignore) -> dict[str, Outcome]:
        """Outcomes by key; every task has one, and a result."""
        self.events.clear()
        self.on_event = on_event
        outcomes = {outcome.key: outcome for outcome in self.dispatcher.run(items)}
        self.on_event = ignore
        assert outcomes.keys() == {task.key for task in items}
        assert [outcome.failure for outcome in outcomes.values() if not outcome.ok] == []
        return outcomes


def name_of(node: Any) -> str:
    """What workers call it, after the name of their machine."""
    return str(node.node_id)[:8]


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patch, private_folder(44) as folder:
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))  # stays: read once per process
        for name, value in (QUIET | {"PYTHONPATH": str(ROOT)}).items():
            patch.setenv(name, value)
        head = {"num_cpus": 0, "include_dashboard": False, "temp_dir": str(folder)}
        cluster = Cluster(initialize_head=True, head_node_args=head | {"object_store_memory": 80 << 20})
        patch.setenv("RAY_ADDRESS", cluster.address)
        nodes = Nodes(cluster=cluster)
        try:
            nodes.add()
            nodes.add()
            with ray_session(HALVES) as session, session.pool(Naps, networks=True) as pool:
                nodes.dispatcher = Dispatcher(pool, on_event=nodes.hear)
                yield nodes
        finally:
            cluster.shutdown()


def naps(count: int, seconds: float, *, lane: str = "gpu", size: int = 0) -> list[Task]:
    """Tasks, every second one with a result of this size."""
    return [
        Task(key=f"{lane} {n}", payload=Nap(seconds=seconds, size=size if n % 2 else 0), lane=lane)
        for n in range(count)
    ]


def after(count: int, act: Callable[[], None]) -> Callable[[Event], None]:
    """Do something once, when so many tasks are done."""
    done: list[str | None] = []

    def tell(event: Event) -> None:
        if event.kind == "done":
            done.append(event.task)
            if len(done) == count:
                act()

    return tell


def test_workers_with_a_gpu_see_it_and_the_others_none(nodes: Nodes) -> None:
    outcomes = nodes.run(naps(16, 0.3, lane="cpu") + naps(16, 0.3))
    seen = {(outcome.lane, outcome.result.gpus) for outcome in outcomes.values()}
    assert seen == {("cpu", ""), ("gpu", "0")}


def test_large_results_come_back_among_small_ones(nodes: Nodes) -> None:
    outcomes = nodes.run(naps(40, 0.0, lane="cpu", size=5 << 20))
    sizes = [len(outcomes[f"cpu {n}"].result.ballast) for n in range(40)]
    assert sizes == [0, 5 << 20] * 20


def test_a_worker_that_is_killed_is_replaced(nodes: Nodes) -> None:
    def kill(event: Event) -> None:
        if event.kind == "started" and event.task == "gpu 3" and event.attempt == 1:
            os.kill(nodes.pids[event.worker], signal.SIGKILL)

    outcomes = nodes.run(naps(6, 0.5), kill)
    assert [event.kind for event in nodes.events].count("worker_died") == 1
    assert {key: outcome.attempts for key, outcome in outcomes.items() if outcome.attempts > 1} == {
        "gpu 3": 2
    }


def test_a_node_that_comes_late_gets_work(nodes: Nodes) -> None:
    before, seen = nodes.dispatcher.places("gpu"), set[str]()
    nodes.add()
    for number, outcome in enumerate(nodes.dispatcher.run(naps(4, 0.1))):
        assert (outcome.ok, outcome.attempts) == (True, 1)
        seen.add(outcome.node)
        if len(seen) < 3 and number < 2000:
            nodes.dispatcher.add([Task(key=f"more {number}", payload=Nap(seconds=0.1), lane="gpu")])
    assert len(seen) == 3
    assert (before, nodes.dispatcher.places("gpu")) == (2, 3)


@pytest.mark.parametrize("loss", ["remove", "kill_raylet"])
def test_what_a_lost_node_had_is_done_elsewhere(nodes: Nodes, loss: str) -> None:
    outcomes = nodes.run(naps(12, 0.5), after(4, getattr(nodes, loss)))
    assert {"worker_died", "worker_suspect"} & {event.kind for event in nodes.events}
    assert max(outcome.attempts for outcome in outcomes.values()) <= 2


def test_the_only_node_may_be_replaced(nodes: Nodes) -> None:
    def replace() -> None:
        nodes.remove()
        nodes.add()

    nodes.settle()
    (old,) = nodes.workers
    outcomes = nodes.run(naps(8, 0.5), after(3, replace))
    (new,) = nodes.workers
    used = {outcome.node.rpartition("/")[2] for outcome in outcomes.values()}
    assert used == {name_of(old), name_of(new)}
