"""Two small pipes between threads, so that decoding, computing and encoding overlap.

With a depth of 0 they are no pipes: everything happens in the one thread that uses them. Libraries are kept
from having threads of their own beside these.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import copy_context
from queue import Empty, Full, Queue
from typing import Generic, TypeVar

import cv2
from threadpoolctl import threadpool_limits

T = TypeVar("T")
_POLL_S = 0.1  # how soon a blocked side notices that the other one is gone
_AHEAD = 8  # items between two threads: hides a slow one, stays small beside a batch


def ahead_of(threads: int) -> int:
    """Depth of a pipe where so many threads may be busy: on one, nothing runs beside anything else."""
    return _AHEAD if threads > 1 else 0


def decoder_share(threads: int) -> int:
    """Of so many threads those of a decoder at whose side others compute.

    A decoder that runs on several takes a sixth more CPU for the same frames, and waits for the others.
    """
    return max(1, threads // 2)


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Keep OpenCV and the libraries for matrices to one thread each, in the whole process, within the block.

    A product of matrices split over other numbers of threads differs in its last bits: pictures must not
    depend on how many CPUs a worker has. OpenCV's threads wait awake between its short calls, which cost a
    twelfth of a dub's CPU on two cores and saved no time.
    """
    usual = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        with threadpool_limits(1, user_api="blas"):
            yield
    finally:
        cv2.setNumThreads(usual)


class Prefetch(Generic[T]):
    """Runs an iterator in a daemon thread, at most ``depth`` items ahead; ``seconds`` it was busy.

    Use as a context manager: leaving it stops the thread, also when items are left.
    """

    def __init__(self, items: Iterable[T], depth: int) -> None:
        self.seconds = 0.0
        self._items = items
        self._depth = depth
        self._queue: Queue[tuple[str, T | BaseException | None]] = Queue(depth)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=copy_context().run, args=(self._work,), daemon=True)

    def __enter__(self) -> Iterator[T]:
        if self._depth == 0:
            return self._timed()
        self._thread.start()
        return self._drain()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        while self._thread.is_alive():
            with suppress(Empty):
                self._queue.get(timeout=_POLL_S)
            self._thread.join(timeout=_POLL_S)

    def _drain(self) -> Iterator[T]:
        while True:
            kind, value = self._queue.get()
            if kind == "end":
                return
            try:
                if isinstance(value, BaseException):
                    raise value
                yield value  # type: ignore[misc]
            finally:
                del value  # an error that its own traceback holds would keep all that those frames hold

    def _work(self) -> None:
        try:
            for item in self._timed():
                self._put(("item", item))
                if self._stop.is_set():
                    break
            self._put(("end", None))
        except BaseException as error:  # handed to the consumer, which raises it
            self._put(("error", error))

    def _timed(self) -> Iterator[T]:
        iterator = iter(self._items)
        while True:
            begin = time.perf_counter()
            try:
                item = next(iterator)
            except StopIteration:
                return
            finally:
                self.seconds += time.perf_counter() - begin
            yield item

    def _put(self, entry: tuple[str, T | BaseException | None]) -> None:
        while not self._stop.is_set():
            with suppress(Full):
                self._queue.put(entry, timeout=_POLL_S)
                return


class Sink(Generic[T]):
    """Feeds a function in a daemon thread, at most ``depth`` items behind; ``seconds`` it was busy.

    Leaving the context waits for the last item and raises what the function raised.
    """

    def __init__(self, consume: Callable[[T], None], depth: int) -> None:
        self.seconds = 0.0
        self._consume = consume
        self._depth = depth
        self._queue: Queue[tuple[bool, T | None]] = Queue(depth)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=copy_context().run, args=(self._work,), daemon=True)

    def __enter__(self) -> Callable[[T], None]:
        if self._depth == 0:
            return self._timed
        self._thread.start()
        return self._put

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._depth == 0:
            return
        self._queue.put((False, None))
        self._thread.join()
        if kind is None and self._error is not None:
            raise self._error

    def _put(self, item: T) -> None:
        if self._error is not None:
            raise self._error
        self._queue.put((True, item))

    def _work(self) -> None:
        while True:
            alive, item = self._queue.get()
            if not alive:
                return
            if self._error is not None:
                continue
            try:
                self._timed(item)  # type: ignore[arg-type]
            except BaseException as error:  # raised by the producer's next put, or on leaving
                self._error = error

    def _timed(self, item: T) -> None:
        begin = time.perf_counter()
        try:
            self._consume(item)
        finally:
            self.seconds += time.perf_counter() - begin
