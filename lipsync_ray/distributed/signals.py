"""SIGINT and SIGTERM while Ray is up: leave through the ordinary way out, and do not break off a shutdown."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any

Handler = Any  # what signal.getsignal returns: a function, SIG_DFL, SIG_IGN, or None for one not of Python

_STOPPING = (signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else []))


@contextmanager
def deaf() -> Iterator[None]:
    """Ignore both signals for a moment: a half-done shutdown would leave processes behind."""
    if not _in_main_thread():
        yield
        return
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in handlers:
        signal.signal(number, signal.SIG_IGN)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


@contextmanager
def draining_first(drain: Callable[[str], None]) -> Iterator[None]:
    """Let the first signal to stop only ask for it: ``drain`` is told its name. The second acts as before."""
    if not _in_main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _STOPPING}

    def first(number: int, frame: FrameType | None) -> None:
        drain(signal.Signals(number).name)
        _install(before)

    _install({number: first for number, handler in before.items() if handler is not signal.SIG_IGN})
    try:
        yield
    finally:
        _install(before)


def _install(handlers: Mapping[signal.Signals, Handler]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, signal.SIG_DFL if handler is None else handler)


def sigterm_handler() -> Handler:
    """The present handler, for ``give_sigterm_to``."""
    return signal.getsignal(signal.SIGTERM)


def give_sigterm_to(handler: Handler) -> None:
    """Take SIGTERM back from Ray, whose core prints a stack and aborts the process three seconds later.

    Whatever the caller's handler raises arrives as KeyboardInterrupt, and so does the signal itself where
    there is no handler: it is the one exception that gets out of Ray's waits, which swallow all others.
    """
    if not _in_main_thread():
        return
    if handler is signal.SIG_IGN:
        signal.signal(signal.SIGTERM, handler)
        return

    def stop(number: int, frame: FrameType | None) -> None:
        if not callable(handler):
            raise KeyboardInterrupt(signal.Signals(number).name)
        try:
            handler(number, frame)
        except BaseException as error:
            raise KeyboardInterrupt(str(error)) from error

    signal.signal(signal.SIGTERM, stop)


def restore_sigterm(handler: Handler) -> None:
    """As it was before Ray."""
    if _in_main_thread():
        signal.signal(signal.SIGTERM, signal.SIG_DFL if handler is None else handler)


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
