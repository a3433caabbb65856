"""What a worker process may take of its machine: limits of the operating system, set inside the process.

They are set in workers alone. The driver, or a program that imports this one, is somebody else's process.
"""

from __future__ import annotations

import errno
import math
import os
import resource
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from lipsync_ray.errors import LimitExceeded
from lipsync_ray.limits import LimitsSettings

GRACE = 10  # seconds of CPU for which a piece that was told to end may go on


class Bounds:
    """The limits of one worker process; made once in it, in its main thread."""

    def __init__(self, limits: LimitsSettings) -> None:
        self._limits = limits
        self._signals = 0
        self._task = ""
        if limits.memory_gb is not None:
            # Not the address space: Ray maps its store of objects, and threads reserve more than they use.
            _set(resource.RLIMIT_DATA, limits.memory_gb * 1e9)
        if limits.file_gb is not None:
            _set(resource.RLIMIT_FSIZE, limits.file_gb * 1e9)  # Python ignores the signal: writing fails
        if limits.cpu_s is not None and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGXCPU, self._over)

    @contextmanager
    def piece(self, task: str) -> Iterator[None]:
        """Hold the piece of work ``task`` to its limits.

        A piece that goes on for ``GRACE`` seconds of CPU after it was told to end takes the process with it.

        Raises:
            LimitExceeded: inside, as soon as Python has control; or after it, of a file that grew too large.
        """
        self._signals, self._task = 0, task
        try:
            self._wind()
            yield
        except Exception as error:
            if self._limits.file_gb is not None and _is_too_large(error):
                raise LimitExceeded(
                    f"{task} would write a file of more than limits.file_gb={self._limits.file_gb:g}"
                ) from error
            raise
        finally:
            self._task = ""
            if self._limits.cpu_s is not None:
                _set(resource.RLIMIT_CPU, resource.RLIM_INFINITY)

    def _wind(self) -> None:
        """Let the clock of the processor run out when this piece has had its time."""
        if self._limits.cpu_s is not None:
            used = resource.getrusage(resource.RUSAGE_SELF)
            _set(resource.RLIMIT_CPU, math.ceil(used.ru_utime + used.ru_stime + self._limits.cpu_s))

    def _over(self, number: int, frame: FrameType | None) -> None:
        """Told once a second of CPU from the limit on."""
        del number, frame
        if not self._task:
            return
        self._signals += 1
        if self._signals == 1:  # once: what ends the piece must not be ended itself
            raise LimitExceeded(
                f"{self._task} took more than limits.cpu_s={self._limits.cpu_s:g} s of CPU time; a smaller "
                "chunk.seconds takes less"
            )
        if self._signals > GRACE:
            os._exit(1)


def _set(what: int, most: float) -> None:
    """Set a soft limit, as far as the hard one allows; that one could not be raised again."""
    hard = resource.getrlimit(what)[1]
    wanted = resource.RLIM_INFINITY if most == resource.RLIM_INFINITY else int(most)
    unlimited = wanted == resource.RLIM_INFINITY
    soft = hard if unlimited else wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(what, (soft, hard))


def _is_too_large(error: BaseException | None) -> bool:
    """Whether the system refused to let a file grow; an encoder's error tells by its cause."""
    while error is not None:
        if isinstance(error, OSError) and error.errno == errno.EFBIG:
            return True
        error = error.__cause__ or error.__context__
    return False
