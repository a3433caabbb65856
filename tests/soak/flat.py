"""Whether what processes hold and what lies on disks stays as it is, round after round."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

MB = 1e6
WARM_UP = 1  # rounds in which caches fill, libraries load
FEWEST = 3  # rounds after that, of which a slope can be told

# How much more there may be at the end than after the warm-up, by the slope: a share of what there was, and
# so much besides.
LIMITS = {
    "driver MB": (0.10, 20.0),  # resident, the most in a round
    "worker MB": (0.10, 20.0),  # of the largest worker
    "raylets MB": (0.10, 20.0),  # of their own, between rounds
    "GCS MB": (0.10, 20.0),
    "driver files": (0.0, 4.0),  # the most open ones in a round
    "ray files": (0.0, 10.0),  # without closed sockets
    "closed sockets": (0.0, 4.0),  # Ray's too
    "stores MB": (0.10, 16.0),  # shared memory of raylets
    "shm MB": (0.0, 64.0),  # /dev/shm, whoever uses it
    "shm names": (0.0, 4.0),
    "cache MB": (0.0, 1.0),
    "temporary MB": (0.0, 1.0),  # what killed workers leave is removed by others after a while
}
# Ray's head keeps a socket of each driver that has left, closed, for minutes at least (2.60; drivers that do
# nothing but ``ray.init`` and ``ray.shutdown`` leave one each as well). One a round therefore says nothing.
PER_ROUND = {"closed sockets": 1.0}
# Ray's head remembers up to 100,000 tasks, actors and workers each, which an hour does not reach. With few
# it is seen whether anything grows besides. (It has no limit for drivers that left: ray-project/ray#65692.)
FORGET = {
    "RAY_task_events_max_num_task_in_gcs": "200",
    "RAY_maximum_gcs_destroyed_actor_cached_count": "20",
    "RAY_maximum_gcs_dead_worker_cached_count": "20",
}


@dataclass(kw_only=True)
class Peaks:
    """The most that driver and workers held in a round."""

    driver_mb: float = 0.0
    worker_mb: float = 0.0
    driver_files: int = 0

    def look(self, driver: int, workers: Iterable[int]) -> None:
        """At them as they are now."""
        self.driver_mb = max(self.driver_mb, status_mb(driver, "VmRSS"))
        self.driver_files = max(self.driver_files, open_files(driver))
        self.worker_mb = max([self.worker_mb, *(status_mb(pid, "VmRSS") for pid in workers)])


@dataclass(frozen=True, kw_only=True)
class Ray:
    """The processes that outlive rounds, but for its monitor of logs, which keeps dead workers' logs open."""

    gcs: int
    raylets: Sequence[int]


@dataclass(kw_only=True)
class Rounds:
    """What was found after each round, by the names of ``LIMITS``."""

    values: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in LIMITS})

    @property
    def count(self) -> int:
        """Rounds so far."""
        return len(self.values["cache MB"])

    def add(self, peaks: Peaks, ray: Ray, cache: Path, temporary: Iterable[Path]) -> None:
        """Append a round; ``ray`` outlives it."""
        found = {
            "driver MB": peaks.driver_mb,
            "worker MB": peaks.worker_mb,
            "driver files": peaks.driver_files,
            "raylets MB": sum(status_mb(pid, "RssAnon") for pid in ray.raylets),
            "GCS MB": status_mb(ray.gcs, "RssAnon"),
            "ray files": sum(open_files(pid) - closed_sockets(pid) for pid in (ray.gcs, *ray.raylets)),
            "closed sockets": sum(closed_sockets(pid) for pid in (ray.gcs, *ray.raylets)),
            "stores MB": sum(status_mb(pid, "RssShmem") for pid in ray.raylets),
            "shm MB": shutil.disk_usage("/dev/shm").used / MB,
            "shm names": len(list(Path("/dev/shm").iterdir())),
            "cache MB": size_mb(cache),
            "temporary MB": sum(size_mb(folder) for folder in temporary),
        }
        for name, value in found.items():
            self.values[name].append(float(value))

    def table(self) -> tuple[list[str], list[str]]:
        """Lines of a table in Markdown, and the names of what grows beyond its limit."""
        lines = [
            "| what | after warm-up | at the end | slope per round | may grow by | |",
            "|---|---|---|---|---|---|",
        ]
        growing = []
        for name, all_values in self.values.items():
            values = np.array(all_values[WARM_UP:])
            slope, growth = grown(values)
            share, more = LIMITS[name]
            limit = share * float(values[0]) + more + PER_ROUND.get(name, 0.0) * (len(values) - 1)
            if growth > limit:
                growing.append(name)
            told = "beyond" if growth > limit else "within"
            lines.append(
                f"| {name} | {values[0]:.1f} | {values[-1]:.1f} | {slope:+.3f} | {limit:.1f} | {told} |"
            )
        return lines, growing


def grown(values: np.ndarray) -> tuple[float, float]:
    """Slope per round by least squares, and what it comes to over all rounds; ``values float64[n]``."""
    if len(values) < FEWEST:
        raise ValueError(f"{len(values)} rounds after the warm-up tell no slope: run for longer")
    slope = float(np.polyfit(np.arange(len(values)), values, 1)[0])
    return slope, slope * (len(values) - 1)


def status_mb(pid: int, name: str) -> float:
    """A line of /proc/PID/status in MB; 0 of a process that has gone."""
    try:
        found = re.search(rf"^{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    except OSError:
        return 0.0
    return int(found[1]) * 1024 / MB if found else 0.0


def open_files(pid: int) -> int:
    """How many files a process has open; 0 of one that has gone."""
    try:
        return len(list(Path(f"/proc/{pid}/fd").iterdir()))
    except OSError:
        return 0


def closed_sockets(pid: int) -> int:
    """How many of them are sockets without a connection: the kernel lists them no more. 0 if it has gone."""
    try:
        links = [path.readlink().name for path in Path(f"/proc/{pid}/fd").iterdir()]
        listed = "\n".join(path.read_text() for path in map(Path, _tables(pid)) if path.exists())
    except OSError:
        return 0
    numbers = set(re.findall(r"\d+", listed))
    return sum(link.startswith("socket:[") and link[8:-1] not in numbers for link in links)


def _tables(pid: int) -> list[str]:
    return [f"/proc/{pid}/net/{kind}" for kind in ("tcp", "tcp6", "udp", "udp6", "unix", "netlink")]


def size_mb(folder: Path) -> float:
    """Of all files below a folder, in MB; files that vanish meanwhile do not count."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:
            continue
    return total / MB
