"""Tells the cluster that this node is about to be taken: work that is lost with it then counts as no failure.

For the preStop hook of a worker pod: ``python leave_node.py SECONDS``, with the cluster's address in
``RAY_ADDRESS`` and this pod's in ``POD_IP``. The node gets no new workers from then on; when it dies within
SECONDS or later, Ray calls its workers pre-empted. A node that is stopped in order (``ray stop``) has workers
that just died.
"""

from __future__ import annotations

import os
import sys
import time

# Compiled or generated: a type checker does not see into them.
from ray._raylet import GcsClient  # pyright: ignore[reportAttributeAccessIssue]
from ray.core.generated.autoscaler_pb2 import (
    DRAIN_NODE_REASON_PREEMPTION,  # pyright: ignore[reportAttributeAccessIssue]
)
from ray.core.generated.gcs_pb2 import GcsNodeInfo  # pyright: ignore[reportAttributeAccessIssue]


def main() -> int:
    """Drain the nodes at this address; exit status 0 if there was one that agreed."""
    seconds, own = int(sys.argv[1]), os.environ["POD_IP"]
    gcs = GcsClient(address=os.environ["RAY_ADDRESS"])
    until_ms = int((time.time() + seconds) * 1000)
    agreed = [
        gcs.drain_node(node.hex(), DRAIN_NODE_REASON_PREEMPTION, "the node is taken away", until_ms)[0]
        for node, info in gcs.get_all_node_info().items()
        if info.node_manager_address == own and info.state == GcsNodeInfo.GcsNodeState.ALIVE
    ]
    return 0 if any(agreed) else 1


if __name__ == "__main__":
    sys.exit(main())
