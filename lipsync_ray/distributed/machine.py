"""What this machine has to give: CPUs, and memory for shared objects."""

from __future__ import annotations

import math
import os
import platform
import shutil
from contextlib import suppress
from pathlib import Path

MIB = 1 << 20
STORE_BYTES = (128 * MIB, 2048 * MIB)  # least and most for shared objects: only small results and overlaps


def available_cpus() -> int:
    """CPUs that this process may use, as its affinity and its control group (version 2) tell."""
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with suppress(OSError, ValueError):
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        cpus = min(cpus, math.ceil(int(quota) / int(period)))
    return max(1, cpus)


def object_store_bytes() -> int:
    """Size of an embedded Ray's object store: a tenth of the memory, 80 % of what /dev/shm has left.

    A machine whose /dev/shm is smaller than the least (a container's default is 64 MiB) gets the least: Ray
    then keeps objects in files of its folder.
    """
    least, most = STORE_BYTES
    size = most
    with suppress(OSError, ValueError):
        size = min(size, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 10)
    with suppress(OSError):
        # Only its size is asked for.
        size = min(size, int(0.8 * shutil.disk_usage("/dev/shm").free))  # nosec B108
    return max(least, size)


def machine_id() -> str:
    """What tells this machine, or this container, from others that may have the same host name."""
    boot = ""
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{platform.node()}/{boot}"
