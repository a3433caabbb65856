"""A cluster of nodes on this machine, with GPUs that it only believes in; nodes are killed, go and come."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lipsync_ray.distributed.ray_cluster import QUIET
from lipsync_ray.folders import private_folder
from tests.conftest import ROOT

STORE = 80 << 20  # bytes of a node's object store


@dataclass(kw_only=True)
class Nodes:
    """The cluster: a head without room for workers, and nodes of one CPU and one GPU each."""

    cluster: Any
    tmp: Path  # where workers on all nodes have their temporary files
    workers: list[Any] = field(default_factory=list)

    def fill(self, count: int) -> None:
        """Let there be so many nodes besides the head."""
        while len(self.workers) < count:
            self.add()

    def add(self) -> None:
        """One more."""
        with _environment(self.tmp):
            self.workers.append(self.cluster.add_node(num_cpus=1, num_gpus=1, object_store_memory=STORE))

    def remove(self) -> None:
        """Take one away, without notice."""
        self.cluster.remove_node(self.workers.pop(), allow_graceful=False)

    def kill_raylet(self) -> None:
        """Kill what makes a machine a node."""
        os.kill(self.workers.pop().all_processes["raylet"][0].process.pid, signal.SIGKILL)

    def environment(self) -> dict[str, str]:
        """What a driver needs to join."""
        return {"RAY_ADDRESS": self.cluster.address, "RAY_AUTH_TOKEN": os.environ["RAY_AUTH_TOKEN"]}

    def spilled(self, put: int = 0) -> int:
        """Bytes that have not found room in the object stores so far; ``put`` are put into one first."""
        command = [sys.executable, "-m", "tests.faults.spilled", *([str(put)] if put else [])]
        environment = {**os.environ, **QUIET, **self.environment()}
        return int(subprocess.check_output(command, cwd=ROOT, env=environment, text=True))

    def new_meeting(self) -> None:
        """Let workers wait for each other, see ``engines.meet``."""
        for path in (self.tmp / "meeting").iterdir():
            path.unlink()

    def leftovers(self) -> list[Path]:
        """Folders of workers that are gone."""
        return list(self.tmp.glob("lsr-*"))

    def age(self) -> None:
        """Make what killed workers have left look old enough to be removed."""
        for path in self.leftovers():
            os.utime(path, (1, 1))


@contextmanager
def open_nodes() -> Iterator[Nodes]:
    """The head alone."""
    from ray.cluster_utils import Cluster

    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))  # stays: Ray reads it once per process
    with private_folder(44) as folder:
        tmp = folder / "t"
        (tmp / "ray").mkdir(parents=True)  # Ray notes its address there
        (tmp / "meeting").mkdir()
        head = {"num_cpus": 0, "include_dashboard": False, "temp_dir": str(folder / "r")}
        with _environment(tmp):
            cluster = Cluster(initialize_head=True, head_node_args=head | {"object_store_memory": STORE})
        try:
            yield Nodes(cluster=cluster, tmp=tmp)
        finally:
            cluster.shutdown()


@contextmanager
def _environment(tmp: Path) -> Iterator[None]:
    """The environment in which a node is started, which its workers inherit."""
    values: Mapping[str, str] = QUIET | {
        "PYTHONPATH": str(ROOT),
        "TMPDIR": str(tmp),
        "TOY_MEETING": str(tmp / "meeting"),
        "OMP_NUM_THREADS": "1",
    }
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
