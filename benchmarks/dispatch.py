"""What the dispatcher costs for each task, and what the driver holds after many: no-op tasks on a real Ray.

    python benchmarks/dispatch.py --tasks 10000 --workers 2

The bare loop calls the same kind of actors, two calls under way for each, and waits for the next result with
``ray.wait``: what no driver can do without. CPU is this process's, user and system: Ray's own threads in it
count, its other processes do not. Each is a fresh process, so that one's memory is not the other's.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from lipsync_ray.distributed.dispatcher import Dispatcher
from lipsync_ray.distributed.ray_cluster import ray_session
from lipsync_ray.distributed.settings import RaySettings
from lipsync_ray.distributed.tasks import Task

IN_FLIGHT = 2
MARKS = (0.1, 0.5, 1.0)  # shares of the tasks after which memory is read


class Nothing:
    """Does nothing, at once."""

    def __init__(self, shared: Any, threads: int) -> None:
        pass

    def run(self, payload: Any) -> Any:
        """The payload."""
        return payload


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Where the driver stands after some tasks."""

    tasks: int
    wall: float  # seconds since the first task
    cpu: float
    rss: float  # MiB


def main() -> None:
    """Print a table with a row per mark."""
    options = _options()
    if options.only:
        _measure(options)
        return
    print(f"{options.tasks} tasks, {options.workers} workers, {os.cpu_count()} cores\n")
    print("| driver | tasks | wall ms/task | CPU ms/task | RSS, MiB |\n|---|--:|--:|--:|--:|")
    sys.stdout.flush()
    for name in ("bare loop", "dispatcher"):
        subprocess.run([sys.executable, __file__, *sys.argv[1:], "--only", name], check=True)


def _measure(options: argparse.Namespace) -> None:
    with ray_session(RaySettings(workers=options.workers)) as session:
        results = _bare(options) if options.only == "bare loop" else _dispatched(session, options)
        for _ in islice(results, 10 * options.workers):
            pass  # workers start
        wanted = [int(share * options.tasks) for share in MARKS]
        wall, cpu = time.perf_counter(), time.process_time()
        for number, _ in enumerate(results, start=1):
            if number in wanted:
                _print(
                    options.only,
                    Mark(
                        tasks=number,
                        wall=time.perf_counter() - wall,
                        cpu=time.process_time() - cpu,
                        rss=_resident(),
                    ),
                )


def _dispatched(session: Any, options: argparse.Namespace) -> Any:
    count = options.tasks + 10 * options.workers
    with session.pool(Nothing) as pool:
        yield from Dispatcher(pool).run(Task(key=f"task-{n:05d}", payload=n) for n in range(count))


def _bare(options: argparse.Namespace) -> Any:
    import ray

    count = options.tasks + 10 * options.workers
    kind: Any = ray.remote(Nothing)
    actors = [kind.options(num_cpus=1).remote(None) for _ in range(options.workers)]
    calls = {actor.run.remote(0): actor for actor in actors for _ in range(IN_FLIGHT)}
    sent = len(calls)
    while calls:
        (back, *_), _ = ray.wait(list(calls), num_returns=1)
        actor = calls.pop(back)
        if sent < count:
            calls[actor.run.remote(sent)] = actor
            sent += 1
        yield ray.get(back)


def _print(name: str, mark: Mark) -> None:
    wall, cpu = (1000 * seconds / mark.tasks for seconds in (mark.wall, mark.cpu))
    print(f"| {name} | {mark.tasks} | {wall:.2f} | {cpu:.2f} | {mark.rss:.1f} |", flush=True)


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tasks", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", choices=("bare loop", "dispatcher"), help="measure one, in this process")
    return parser.parse_args()


if __name__ == "__main__":
    main()
