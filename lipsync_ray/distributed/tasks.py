"""What the dispatcher moves: tasks, the outcome of each, and failures as plain data.

A failure crosses processes as text and flags, never as an exception object: an exception may not be
picklable, and unpickling one would run its constructor.
"""

from __future__ import annotations

import errno
import traceback
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from lipsync_ray.errors import LipsyncError, OutOfMemory, TaskFailed

_CV_NO_MEMORY = -4  # cv::Error::StsNoMem


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One unit of work, done by any worker of its lane; ``key`` is unique among the open ones.

    ``payload`` is what the worker's ``Runner.run`` receives: small and picklable (a name, a range); heavy
    inputs that tasks share belong in the pool's ``shared``, or go through ``Pool.share``.
    """

    key: str
    payload: Any
    cost: float = 1.0  # how much work it is, against others of its kind
    kind: str = "task"  # tasks of one kind take time in proportion to their cost
    lane: str = "cpu"  # which workers do it; those of "cpu", where the pool has no such lane
    order: tuple[float, ...] = ()  # smaller goes first; among equal ones the costliest


@runtime_checkable
class Divisible(Protocol):
    """A payload that can be done in smaller portions, where memory was too short."""

    def lighter(self) -> Any | None:
        """The same work with about half the memory; None: it is as light as it gets."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why an attempt failed: a stable code, one line of text, and whether trying again can help."""

    code: str
    message: str
    retriable: bool = True
    trace: str = ""

    @classmethod
    def of(cls, error: BaseException) -> Failure:
        """Describe an exception; its class says by ``retriable`` whether it may pass (default: yes)."""
        code = getattr(error, "code", None)
        if _lacks_memory(error):
            code = OutOfMemory.code
        text = " ".join(str(error).split())
        if not isinstance(error, LipsyncError):
            text = f"{type(error).__name__}: {text}" if text else type(error).__name__
        return cls(
            code=code if isinstance(code, str) else type(error).__name__,
            message=text,
            retriable=bool(getattr(error, "retriable", True)),
            trace="".join(traceback.format_exception(error)),
        )

    def to_error(self) -> LipsyncError:
        """The error of this code, or ``TaskFailed`` for a code that is not one of the project's."""
        kind = _error_classes().get(self.code)
        if kind is None:
            return TaskFailed(
                f"{self.code}: {self.message}" if self.code not in self.message else self.message
            )
        # Constructors of errors take facts, not text: only the text has travelled, so they are by-passed.
        error = kind.__new__(kind)
        error.args = (self.message,)
        return error


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a task ended: with a result, or with the failure of its last attempt."""

    key: str
    result: Any = None
    failure: Failure | None = None
    attempts: int  # counted attempts, the successful one included
    seconds: float  # wall time of the last attempt, as the driver saw it
    lane: str = "cpu"  # of the worker that did it
    node: str = ""  # its machine

    @property
    def ok(self) -> bool:
        """Whether there is a result."""
        return self.failure is None


def _lacks_memory(error: BaseException) -> bool:
    """Whether the system gave no more memory; FFmpeg and OpenCV have errors of their own for it."""
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return True
    return type(error).__module__.startswith("cv2") and getattr(error, "code", None) == _CV_NO_MEMORY


def _error_classes() -> dict[str, type[LipsyncError]]:
    found: dict[str, type[LipsyncError]] = {}
    waiting: list[type[LipsyncError]] = [LipsyncError]
    while waiting:
        kind = waiting.pop()
        found.setdefault(kind.code, kind)
        waiting += kind.__subclasses__()
    return found
