"""What this machine has to give: CPUs, memory for shared objects, and a folder nobody else uses."""

from __future__ import annotations

import math
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

MIB = 1 << 20
STORE_BYTES = (128 * MIB, 2048 * MIB)  # least and most for shared objects: only small results and overlaps

PREFIX = "lsr-"
# Ray's socket names grow 62 characters below its folder, and a Unix socket's path ends at 107.
LONGEST_FOLDER = 44
FRESH_S = 60.0  # a folder younger than this may not be locked yet


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
        size = min(size, int(0.8 * shutil.disk_usage("/dev/shm").free))
    return max(least, size)


@contextmanager
def private_folder() -> Iterator[Path]:
    """A folder for sockets and logs, removed at the end; leftovers of killed processes go as well."""
    base = Path(tempfile.gettempdir()).resolve()
    if len(str(base)) + len(PREFIX) + 9 > LONGEST_FOLDER:
        base = Path("/tmp")
    _remove_leftovers(base)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))  # mode 0700
    try:
        with _locked(folder):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _locked(folder: Path) -> FileLock:
    return FileLock(folder / "in-use.lock", timeout=0)


def _remove_leftovers(base: Path) -> None:
    """Remove folders of this user whose process is gone: the system releases the lock of a killed one."""
    for folder in base.glob(f"{PREFIX}*"):
        with suppress(OSError, Timeout):
            status = folder.stat()
            fresh = time.time() - status.st_mtime < FRESH_S
            if status.st_uid == os.getuid() and not fresh and (folder / "in-use.lock").exists():
                with _locked(folder):
                    shutil.rmtree(folder, ignore_errors=True)
