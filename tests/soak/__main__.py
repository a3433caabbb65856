"""``python -m tests.soak --minutes 60 --every 30``: a mixed backlog, over and over, as workers are killed.

One Ray of a head and three nodes on this machine. Each round works off the same backlog with ``batch`` into
a new folder, with one cache for all; a worker, chosen at random, is killed by SIGKILL every so many seconds.
After each round every job must be done or quarantined as expected, with the pictures of an undisturbed run;
after all, memory, open files, shared memory and disks must be flat. Ends with 1 where anything is lost,
wrong or grows.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.driver import Driver, Events
from tests.faults.files import Home
from tests.faults.nodes import Nodes, open_nodes
from tests.soak.backlog import COMMON, Backlog, digests, faults, make_backlog
from tests.soak.flat import FEWEST, FORGET, WARM_UP, Peaks, Ray, Rounds

NODES = 3
LOOK_S = 0.2


@dataclass(kw_only=True)
class Killer:
    """Kills a worker every so many seconds."""

    every_s: float
    chance: random.Random
    kills: int = 0
    _next: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self._next = time.monotonic() + self.every_s

    def act(self, workers: Sequence[int]) -> None:
        """Kill one of these processes if it is time."""
        if workers and time.monotonic() >= self._next:
            os.kill(self.chance.choice(workers), signal.SIGKILL)
            self.kills += 1
            self._next = time.monotonic() + self.every_s


def main(words: Sequence[str] | None = None) -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=3.0, help="how long rounds are begun")
    parser.add_argument("--every", type=float, default=10.0, help="seconds between two kills")
    parser.add_argument("--seed", type=int, default=0, help="of the choice of who is killed")
    given = parser.parse_args(words)
    killer = Killer(every_s=given.every, chance=random.Random(given.seed))
    with tempfile.TemporaryDirectory(prefix="s-", dir="/tmp") as folder:
        home = Home(folder=Path(folder))
        backlog = make_backlog(home)
        wanted = undisturbed(home, backlog)
        os.environ.update(FORGET)  # Ray's processes inherit it
        with open_nodes() as nodes:
            nodes.fill(NODES)
            wrong, rounds = soak(home, backlog, nodes, killer, wanted, 60 * given.minutes)
    done = f"{rounds.count * len(backlog.jobs)} jobs in {rounds.count} rounds"
    say(f"{done}, {killer.kills} workers killed, {len(wrong)} faults")
    lines, growing = rounds.table()
    say(*lines, *wrong)
    return int(bool(wrong or growing))


def undisturbed(home: Home, backlog: Backlog) -> dict[str, str]:
    """The digests of a run without a cluster, in a cache of its own."""
    out, cache = home.folder / "alone", home.folder / "alone-cache"
    manifest = backlog.write(home.inputs / "backlog.jsonl")
    words = (f"manifest={manifest}", f"out_dir={out}", "ray.cluster=none", f"cache.dir={cache}", *COMMON)
    driver = home.start("batch", *words)
    status = driver.code()
    wrong = faults(backlog, out, {})
    if status != 2 or wrong:
        raise SystemExit("\n".join([f"the undisturbed run ended with {status}", *wrong, driver.log]))
    found = digests(out, [name for name in backlog.jobs if name not in backlog.refused])
    shutil.rmtree(out)
    shutil.rmtree(cache)
    return found


def soak(
    home: Home, backlog: Backlog, nodes: Nodes, killer: Killer, wanted: dict[str, str], seconds: float
) -> tuple[list[str], Rounds]:
    """Rounds for so long; what was wrong, and what was held after each."""
    rounds, wrong, end = Rounds(), [], time.monotonic() + seconds
    while time.monotonic() < end or rounds.count < WARM_UP + FEWEST:
        out = home.out / f"{rounds.count:04d}"
        words = (f"manifest={home.inputs / 'backlog.jsonl'}", f"out_dir={out}", "ray.cluster=auto", *COMMON)
        begin = time.monotonic()
        driver = home.start("batch", *words, "chunk.max_attempts=6", **nodes.environment())
        peaks, status = attend(driver, Events(path=out / "events.jsonl"), killer)
        found = faults(backlog, out, wanted) + ([] if status == 2 else [f"status {status}: {driver.log}"])
        wrong += [f"round {out.name}: {fault}" for fault in found]
        shutil.rmtree(out)
        nodes.age()  # the next round removes what killed workers of this one have left
        rounds.add(peaks, ray_processes(nodes), home.cache, (home.tmp, nodes.tmp))
        took = f"{time.monotonic() - begin:.0f} s, {killer.kills} kills so far"
        say(f"round {out.name}: {took}, {len(found)} faults")
    return wrong, rounds


def attend(driver: Driver, events: Events, killer: Killer) -> tuple[Peaks, int]:
    """Look at a run, and disturb it, until it ends; what it held, and its exit status."""
    peaks = Peaks()
    while driver.running():
        workers = running_workers(events)
        peaks.look(driver.pid, workers)
        killer.act(workers)
        time.sleep(LOOK_S)
    return peaks, driver.code()


def running_workers(events: Events) -> list[int]:
    """Process ids of the run's workers that live."""
    return [event["pid"] for event in events.of("worker_started") if is_worker(event["pid"])]


def is_worker(pid: int) -> bool:
    """Whether a process is one of Ray's workers still: its number may be another's by now."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"ray::")
    except OSError:
        return False


def ray_processes(nodes: Nodes) -> Ray:
    """The cluster's."""
    head, *others = (node.all_processes for node in (nodes.cluster.head_node, *nodes.workers))
    raylets = [kinds["raylet"][0].process.pid for kinds in (head, *others)]
    return Ray(gcs=head["gcs_server"][0].process.pid, raylets=raylets)


def say(*lines: str) -> None:
    """To whoever watches."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
