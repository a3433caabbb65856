"""Memory that was freed, back to the system."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import cache


def give_back() -> None:
    """Return to the system what this process has freed, where its C library or Arrow keeps that.

    glibc does, below whatever was allocated later and is still held, and Arrow's own allocator for all of it:
    what one stage took for arrays as long as the video would count for all stages after it.
    """
    trim = _trim()
    if trim is not None:
        trim(0)
    arrow = sys.modules.get("pyarrow")  # who has not loaded it has nothing there
    if arrow is not None:
        arrow.default_memory_pool().release_unused()


@cache
def _trim() -> Callable[[int], int] | None:
    found: Callable[[int], int] | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return found
