"""Tells how many bytes the object stores of a cluster have had to write to disks so far.

``python -m tests.faults.spilled [BYTES]``: BYTES are put into a store first.
"""

from __future__ import annotations

import logging
import sys
import time

import grpc
import numpy as np
import ray
from ray._private.internal_api import get_memory_info_reply, get_state_from_address

PIECE = 8 << 20  # bytes


def main() -> None:
    ray.init(address="auto", configure_logging=False, log_to_driver=False, logging_level=logging.CRITICAL)
    count = int(sys.argv[1]) // PIECE if len(sys.argv) > 1 else 0
    held = [ray.put(np.full(PIECE, number, np.uint8)) for number in range(count)]
    sys.stdout.write(f"{spilled(ray.get_runtime_context().gcs_address)}\n")
    del held


def spilled(address: str) -> int:
    """What some node says of all; one that was just killed is asked as well, until that is known."""
    limit = time.monotonic() + 60
    while True:
        try:
            return get_memory_info_reply(get_state_from_address(address)).store_stats.spilled_bytes_total
        except grpc.RpcError:
            if time.monotonic() > limit:
                raise
            time.sleep(0.5)


if __name__ == "__main__":
    main()
