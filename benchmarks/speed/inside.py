"""How much CPU time is spent inside torch's networks."""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from torch import nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook

from lipsync_ray.logs import names_of, task_of


@dataclass(slots=True)
class Networks:
    """CPU seconds of the threads that called networks, between the beginning and the end of each call.

    True where torch computes in the calling thread alone (``torch.set_num_threads(1)``). Networks that
    prepare a dub are not part of drawing it: seconds are kept by kind of task:
    "chunk" for drawing, "" for none.
    """

    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    _depth: threading.local = field(default_factory=threading.local)

    def enter(self, module: nn.Module, inputs: object) -> None:
        """A module is called: of a network the whole, or a part of it, which counts with the whole."""
        begins = self._begins()
        begins.append(time.thread_time())

    def leave(self, module: nn.Module, inputs: object, output: object) -> None:
        """Its call has ended, well or not."""
        begins = self._begins()
        begin = begins.pop()
        if not begins:
            task = task_of(logging.makeLogRecord({}))
            kind = names_of(task).get("piece", "").partition("-")[0]
            self.seconds[kind] += time.thread_time() - begin

    def _begins(self) -> list[float]:
        if not hasattr(self._depth, "begins"):
            self._depth.begins = []
        return self._depth.begins


@contextmanager
def networks_timed() -> Iterator[Networks]:
    """Count what is spent in networks while the context lasts."""
    networks = Networks()
    hooks = (
        register_module_forward_pre_hook(networks.enter),
        register_module_forward_hook(networks.leave, always_call=True),
    )
    try:
        yield networks
    finally:
        for hook in hooks:
            hook.remove()
