"""What the CPU time of a render worker goes to: networks, the encoder, the decoder, loading, and the rest."""

from __future__ import annotations

import importlib
import logging
import os
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property, wraps
from typing import Any
from unittest.mock import patch

from torch import nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook

from lipsync_ray.engines.registry import ENGINES
from lipsync_ray.logs import names_of, task_of
from lipsync_ray.media.ordered_reader import OrderedReader
from lipsync_ray.media.writer import SegmentWriter

NETWORKS, ENCODER, DECODER, LOADING = "networks", "encoder", "decoder", "loading"
_DRAWING = ("lipsync_ray.engines.", "lipsync_ray.enhance.")


@dataclass(slots=True)
class Account:
    """CPU seconds of the threads that did a part of the work, between its beginning and its end.

    A part inside another counts for itself alone. True where nothing is handed to other threads: torch with
    one thread (``torch.set_num_threads(1)``), a worker with one CPU (``one_cpu``). By kind of task: "chunk"
    for drawing, "" for none: networks that prepare a dub are not part of drawing it.
    """

    seconds: dict[str, dict[str, float]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(float))
    )
    _own: threading.local = field(default_factory=threading.local)

    def enter(self, part: str) -> None:
        """A part begins in this thread."""
        stack = self._stack()
        if not stack or stack[-1] != part:
            self._charge(stack)
        stack.append(part)

    def leave(self) -> None:
        """The part that began last has ended."""
        stack = self._stack()
        if stack[-2:-1] != stack[-1:]:
            self._charge(stack)
        stack.pop()

    def counted(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, whose time is the part's."""

        @wraps(function)
        def run(*given: Any, **named: Any) -> Any:
            self.enter(part)
            try:
                return function(*given, **named)
            finally:
                self.leave()

        return run

    def counted_items(
        self, part: str, function: Callable[..., Iterator[Any]]
    ) -> Callable[..., Iterator[Any]]:
        """A function that gives an iterator, whose time is the part's."""

        @wraps(function)
        def run(*given: Any, **named: Any) -> Iterator[Any]:
            items = function(*given, **named)
            following = self.counted(part, lambda: next(items, items))
            while (item := following()) is not items:
                yield item

        return run

    def _stack(self) -> list[str]:
        if not hasattr(self._own, "stack"):
            self._own.stack = []
        return self._own.stack

    def _charge(self, stack: list[str]) -> None:
        now = time.thread_time()
        if stack:
            piece = names_of(task_of(logging.makeLogRecord({}))).get("piece", "")
            self.seconds[piece.partition("-")[0]][stack[-1]] += now - self._own.since
        self._own.since = now


@contextmanager
def accounted(engine: str) -> Iterator[Account]:
    """Count while the context lasts what drawing with an engine of ``ENGINES`` takes."""
    importlib.import_module(ENGINES[engine].partition(":")[0])
    account = Account()

    def begin(module: nn.Module, inputs: object) -> None:
        account.enter(NETWORKS)

    def end(module: nn.Module, inputs: object, output: object) -> None:
        account.leave()

    with ExitStack() as stack:
        for name in ("__init__", "write", "close"):
            stack.enter_context(_replaced(SegmentWriter, name, account.counted, ENCODER))
        stack.enter_context(_replaced(OrderedReader, "frames", account.counted_items, DECODER))
        for made_once in _made_once():
            stack.enter_context(_replaced(made_once, "func", account.counted, LOADING))
        stack.callback(register_module_forward_pre_hook(begin).remove)
        stack.callback(register_module_forward_hook(end, always_call=True).remove)
        yield account


@contextmanager
def one_cpu() -> Iterator[None]:
    """Be like a worker with one CPU, where the system can do that: all in the one thread that draws."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _replaced(owner: Any, name: str, how: Callable[[str, Any], Any], part: str) -> Any:
    return patch.object(owner, name, how(part, getattr(owner, name)))


def _made_once() -> list[cached_property[Any]]:
    """What engines and restorers make when they first need it: networks, with their weights."""
    modules = [module for name, module in sys.modules.items() if name.startswith(_DRAWING)]
    kinds = {kind for module in modules for kind in vars(module).values() if isinstance(kind, type)}
    return [value for kind in kinds for value in vars(kind).values() if isinstance(value, cached_property)]
