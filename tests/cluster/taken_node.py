"""Not a test: a cluster of two nodes whose worker is killed in mid-work, with leave taken before or not.

``python taken_node.py PROGRAM`` runs PROGRAM as a pod's preStop hook would, ``-`` runs nothing; it prints
whether Ray says that the work was pre-empted.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

import ray
from ray.cluster_utils import Cluster
from ray.exceptions import RayActorError

OWN = "127.0.0.2"


@ray.remote(num_cpus=1, max_restarts=0)
class Worker:
    """Has work that lasts."""

    def work(self) -> None:
        time.sleep(600)

    def ready(self) -> bool:
        return True


def main() -> None:
    """Start, take leave, kill, say."""
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    node = cluster.add_node(num_cpus=1, node_ip_address=OWN)
    ray.init(address=cluster.address, log_to_driver=False)
    worker = Worker.remote()
    ray.get(worker.ready.remote())
    work = worker.work.remote()
    if sys.argv[1] != "-":
        hook = {**os.environ, "RAY_ADDRESS": cluster.address, "POD_IP": OWN}
        subprocess.run([sys.executable, sys.argv[1], "10"], env=hook, check=True)
    cluster.remove_node(node, allow_graceful=False)
    try:
        ray.get(work)
    except RayActorError as error:
        sys.stdout.write(f"preempted={bool(getattr(error, 'preempted', False))}\n")
    ray.shutdown()
    cluster.shutdown()


if __name__ == "__main__":
    main()
