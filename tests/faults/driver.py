"""A command of the project in a process of its own, which can be killed like any other."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conftest import ROOT

# Processes forked from one that has imported everything: what takes seconds in a shell takes none here.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    ["lipsync_ray.batch.run", "lipsync_ray.batch.verbs", "lipsync_ray.verbs", "tests.faults.engines"]
)
LONGEST_S = 240.0  # nothing here takes so long, unless it hangs


class Driver:
    """Runs ``python -m lipsync_ray WORDS``, its output in a file.

    Args:
        words: the command line, after the program's name.
        home: the folder for temporary files, and of the output's file.
        environment: what the process has besides the environment of this one.
    """

    def __init__(self, words: list[str], *, home: Path, environment: Mapping[str, str] | None = None) -> None:
        self.words = words
        self._log = home / "log.txt"
        self._log.unlink(missing_ok=True)
        own = {"TMPDIR": str(home), "OMP_NUM_THREADS": "1", **(environment or {})}
        self._process = FORKS.Process(target=_main, args=(words, own, str(self._log)))
        self._process.start()

    @property
    def pid(self) -> int:
        """Its number."""
        assert self._process.pid
        return self._process.pid

    @property
    def log(self) -> str:
        """What it has written so far."""
        return self._log.read_text() if self._log.exists() else ""

    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.is_alive()

    def send(self, number: signal.Signals) -> None:
        """A signal, which has arrived when this returns: two on their way at once are one."""
        os.kill(self.pid, number)
        mask = 1 << (number - 1)
        status = Path(f"/proc/{self.pid}/status")
        while self.running() and int(re.findall(r"ShdPnd:\s+(\w+)", status.read_text())[0], 16) & mask:
            time.sleep(0.01)
        time.sleep(0.3)  # for the handler

    def kill(self) -> None:
        """Give it no chance."""
        self._process.kill()
        self._process.join()

    def code(self) -> int:
        """The exit status, once it has ended."""
        self._process.join(LONGEST_S)
        if self._process.exitcode is None:
            self.kill()
            raise AssertionError(f"it hangs: {self.words}\n{self.log}")
        return self._process.exitcode

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something that must happen before it ends."""
        limit = time.monotonic() + LONGEST_S
        while not condition():
            assert self.running(), f"it ended too early, with {self.code()}: {self.log}"
            assert time.monotonic() < limit, f"it did not happen: {self.log}"
            time.sleep(0.01)


def _main(words: list[str], environment: dict[str, str], log: str) -> None:
    from lipsync_ray.cli import main

    os.environ.update(environment)
    os.chdir(ROOT)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for number in (1, 2):
        os.dup2(file, number)
    code = main(words)
    sys.stdout.flush()
    sys.exit(code)


@dataclass(kw_only=True)
class Events:
    """What a batch has told in its ``events.jsonl`` since this was made."""

    path: Path
    _from: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self._from = len(self.all())

    def all(self) -> list[dict[str, Any]]:
        """Everything, also from before."""
        if not self.path.exists():
            return []
        lines = self.path.read_text().split("\n")[:-1]  # the last is empty, or not whole yet
        return [json.loads(line) for line in lines]

    def of(self, kind: str, piece: str = "") -> list[dict[str, Any]]:
        """New events of a kind, of tasks whose piece is named so in the beginning."""
        new = self.all()[self._from :]
        return [event for event in new if event["kind"] == kind and event.get("piece", "").startswith(piece)]
