"""What the workers of these tests do; a module of its own, as workers import it by name."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lipsync_ray.errors import VideoUnreadable, WeightsMissing
from lipsync_ray.jobs.bench import Bench

HANDED_OVER_S = 1.0  # a worker that dies at once may take the result of its task before with it


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A number to square, after ``harm`` is done; ``once``: only on the first attempt of all."""

    number: int
    harm: str = ""
    once: Path | None = None

    def due(self) -> bool:
        """Whether the harm is to be done; the first caller to create the file does it."""
        if self.once is None:
            return bool(self.harm)
        try:
            self.once.touch(exist_ok=False)
        except FileExistsError:
            return False
        return True


class Squares:
    """Squares numbers, unless told to misbehave."""

    def __init__(self, shared: Any, threads: int) -> None:
        self.shared = shared
        self.offset = 0 if shared is None else int(shared["offset"][0])

    def run(self, order: Order) -> int:
        if order.harm == "write":
            self.shared["offset"][0] = 0
        elif order.due():
            do_harm(order.harm)
        return order.number**2 + self.offset


def do_harm(kind: str) -> None:
    match kind:
        case "raise":
            raise ValueError("bad pixel\nin row 7")
        case "memory":
            raise MemoryError
        case "input":
            raise VideoUnreadable("no picture in talk.mp4")
        case "segfault":
            time.sleep(HANDED_OVER_S)
            ctypes.string_at(0)
        case "sigkill":
            time.sleep(HANDED_OVER_S)
            os.kill(os.getpid(), signal.SIGKILL)
        case "sleep":
            time.sleep(3600)
        case "hold_gil":
            ctypes.PyDLL(None).sleep(3600)
        case "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        case "unpicklable":
            raise Unpicklable(lambda: None)


class Unpicklable(Exception):
    pass


class Environment:
    """Reports what bounds its threads."""

    def __init__(self, shared: Any, threads: int) -> None:
        pass

    def run(self, payload: Any) -> tuple[str | None, int]:
        matrix = np.ones((600, 600))
        before = set(os.listdir("/proc/self/task"))  # some of Ray's own may end meanwhile
        _ = matrix @ matrix
        return (
            os.environ.get("OMP_NUM_THREADS"),
            len(set(os.listdir("/proc/self/task")) - before),
        )


class CountThreads:
    """A step that tells how many threads its worker may keep busy, and how many OpenCV has."""

    def run(self, bench: Bench) -> tuple[int, int]:
        import cv2

        return bench.threads, cv2.getNumThreads()


def fail_setup(shared: Any, threads: int) -> Squares:
    raise WeightsMissing("face_mesh.tflite is not in the store; run: lipsync-ray weights pull")


def crash_setup(shared: Any, threads: int) -> Squares:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def hang_setup(shared: Any, threads: int) -> Squares:
    time.sleep(3600)
    raise AssertionError


def flaky_setup(shared: Path, threads: int) -> Squares:
    do_harm("sigkill" if Order(number=0, harm="x", once=shared).due() else "")
    return Squares(None, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Nap:
    """Something that takes a while, with a result of ``size`` bytes beside it."""

    seconds: float = 0.0
    size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a task saw of the worker and machine that did it."""

    pid: int
    gpus: str | None
    ballast: bytes


class Naps:
    """Sleeps as long as it is told and says where."""

    def __init__(self, shared: Any, threads: int) -> None:
        pass

    def run(self, nap: Nap) -> Seen:
        time.sleep(nap.seconds)
        return Seen(
            pid=os.getpid(), gpus=os.environ.get("CUDA_VISIBLE_DEVICES"), ballast=os.urandom(nap.size)
        )
