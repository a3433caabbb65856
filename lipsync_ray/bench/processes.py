"""What a command takes, with all processes that it starts: wall clock, CPU, memory, and what it said when.

The tree of processes is read from /proc while the command runs; on systems without one, what the kernel tells
at its end has to do: the CPU of processes that it waited for, and the memory of the largest.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lipsync_ray.errors import BenchFailed

_PROC = Path("/proc")
PERIOD_S = 0.05  # a look costs about 1 ms: 2 % of one core, which no figure of the command holds


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a tree of processes had taken at one moment."""

    time: float  # s since the epoch
    cpu: float  # s, user and system, of all processes so far, also of those that have ended
    rss: int  # bytes resident, added up over processes; what several share counts for each of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A command that has ended well."""

    begun: float  # s since the epoch
    ended: float
    cpu: float  # s of the whole tree
    peak_rss: int  # bytes, see ``Look.rss``
    looks: tuple[Look, ...]  # in order of time
    lines: tuple[tuple[float, str], ...]  # of stderr, with the time at which each came
    noticed: float | None  # when ``notice`` first held

    @property
    def wall(self) -> float:
        """Seconds from start to end."""
        return self.ended - self.begun

    def cpu_until(self, moment: float) -> float:
        """CPU seconds that the tree had taken at a moment, between two looks on the line between them."""
        if moment >= self.ended:
            return self.cpu
        times = [self.begun, *(look.time for look in self.looks), self.ended]
        taken = [0.0, *(look.cpu for look in self.looks), self.cpu]
        after = min(max(1, bisect_right(times, moment)), len(times) - 1)
        span = times[after] - times[after - 1]
        part = min(1.0, max(0.0, (moment - times[after - 1]) / span)) if span > 0 else 1.0
        return taken[after - 1] + part * (taken[after] - taken[after - 1])


def watch(
    command: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    notice: Callable[[], bool] = lambda: False,
) -> Watched:
    """Run a command to its end.

    CPU is the larger of two lower bounds: what the kernel counted for the command and for the children that
    it waited for (exact, but without processes that were left to themselves), and what was last seen in /proc
    of each process of the tree (which misses what a process did after its last look).

    Args:
        command: its words.
        environment: added to this process's own.
        notice: asked at every look; the time of its first yes is kept.

    Raises:
        BenchFailed: it ended with another status than 0.
    """
    begun = time.time()
    process = _start(command, environment or {})
    ending, lines = _Ending(process.pid), _Lines(process)
    tree, looks, noticed = _Tree(process.pid), [], None
    try:
        while not ending.came(PERIOD_S):
            looks.append(tree.look())
            if noticed is None and notice():
                noticed = time.time()
    except BaseException:
        process.terminate()
        ending.came(None)
        raise
    process.returncode = ending.status  # known: nothing is left to wait for
    heard = lines.all()
    if ending.status:
        told = next((line for _, line in reversed(heard) if line.strip()), "")
        raise BenchFailed(f"{told} (status {ending.status} of: {shlex.join(command)})")
    return Watched(
        begun=begun,
        ended=ending.time,
        cpu=max([ending.cpu, *(look.cpu for look in looks)]),
        # The kernel's own peak holds that of the process which started it: for want of a better one.
        peak_rss=max(look.rss for look in looks) if any(look.rss for look in looks) else ending.peak_rss,
        looks=tuple(looks),
        lines=heard,
        noticed=noticed,
    )


def _start(command: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="backslashreplace",
        env={**os.environ, **environment},
    )


class _Lines:
    """What a process writes to stderr, read in a thread so that each line has its time."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stderr is not None
        self._stream = process.stderr
        self._heard: list[tuple[float, str]] = []
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def all(self) -> tuple[tuple[float, str], ...]:
        """The lines, once the process has ended; what it started may still hold the pipe open."""
        self._thread.join(timeout=5)
        return tuple(self._heard)

    def _read(self) -> None:
        with self._stream:
            for line in self._stream:
                self._heard.append((time.time(), line.rstrip("\n")))


class _Ending:
    """The end of a child process, waited for in a thread, so that its moment is exact."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._came = threading.Event()
        threading.Thread(target=self._wait, daemon=True).start()

    def came(self, seconds: float | None) -> bool:
        """Wait so long at most; whether it has ended."""
        return self._came.wait(seconds)

    @property
    def cpu(self) -> float:
        """Seconds of it, and of its children that it waited for."""
        return self.usage.ru_utime + self.usage.ru_stime

    @property
    def peak_rss(self) -> int:
        """Bytes, of the largest of these."""
        return self.usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)

    def _wait(self) -> None:
        _, status, self.usage = os.wait4(self._pid, 0)
        self.time, self.status = time.time(), os.waitstatus_to_exitcode(status)
        self._came.set()


@dataclass(slots=True)
class _Tree:
    """A process and all that it started, also what has been left to itself since."""

    root: int
    _seen: dict[tuple[int, int], float] = field(default_factory=dict)  # CPU s by pid and start

    def look(self) -> Look:
        now, stats = time.time(), _stats()
        known = {pid for pid, start in self._seen if pid in stats and stats[pid].start == start}
        members = known | {self.root}
        children: dict[int, list[int]] = {}
        for pid, stat in stats.items():
            children.setdefault(stat.parent, []).append(pid)
        waiting = list(members)
        while waiting:
            for pid in children.get(waiting.pop(), ()):
                if pid not in members:
                    members.add(pid)
                    waiting.append(pid)
        found = {pid: stats[pid] for pid in members if pid in stats}
        self._seen.update({(pid, stat.start): stat.cpu for pid, stat in found.items()})
        rss = sum(stat.rss for stat in found.values())
        return Look(time=now, cpu=sum(self._seen.values()), rss=rss)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stat:
    parent: int
    start: int  # clock ticks since the machine's start: with the pid, one process for good
    cpu: float
    rss: int


def _stats() -> dict[int, _Stat]:
    """Every process of the machine; empty without /proc."""
    tick, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
    found: dict[int, _Stat] = {}
    for name in os.listdir(_PROC) if _PROC.is_dir() else ():
        if not name.isdigit():
            continue
        try:
            text = (_PROC / name / "stat").read_text("utf-8", "replace")
        except OSError:  # it has ended
            continue
        fields = text[text.rindex(")") + 2 :].split()  # the name before may hold anything
        cpu = (int(fields[11]) + int(fields[12])) / tick
        found[int(name)] = _Stat(
            parent=int(fields[1]), start=int(fields[19]), cpu=cpu, rss=int(fields[21]) * page
        )
    return found
