"""Not a test: a cluster of which two nodes are killed in mid-work, one with leave taken before, one without.

``python taken_node.py PROGRAM`` runs PROGRAM on the first as a pod's preStop hook would; it prints of each
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

LEAVING, KILLED = "127.0.0.2", "127.0.0.3"


@ray.remote(num_cpus=1, max_restarts=0)
class Worker:
    """Has work that lasts."""

    def work(self) -> None:
        time.sleep(600)

    def ready(self) -> bool:
        return True


def main() -> None:
    """Start; work on one node, take leave, kill, say; the same on another without leave."""
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    for address in (LEAVING, KILLED):
        node = cluster.add_node(num_cpus=1, node_ip_address=address)
        ray.init(address=cluster.address, log_to_driver=False)
        worker = Worker.remote()
        ray.get(worker.ready.remote())
        work = worker.work.remote()
        if address == LEAVING:
            hook = {**os.environ, "RAY_ADDRESS": cluster.address, "POD_IP": address}
            subprocess.run([sys.executable, sys.argv[1], "10"], env=hook, check=True)
        cluster.remove_node(node, allow_graceful=False)
        try:
            ray.get(work)
        except RayActorError as error:
            sys.stdout.write(f"{address}: preempted={bool(getattr(error, 'preempted', False))}\n")
        ray.shutdown()
    cluster.shutdown()


if __name__ == "__main__":
    main()
