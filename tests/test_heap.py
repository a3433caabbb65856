from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

_RESIDENT = """
from lipsync_ray.heap import give_back

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096
"""
_BETWEEN = """
held = [(bytearray(60_000), bytearray(100)) for _ in range(1000)]
whole = resident()
held = [small for _, small in held]
give_back()
print(whole - resident())
"""
_ARROWS = """
import pyarrow

# The one of newer releases; that of older ones gives back by itself, a second later.
pyarrow.set_memory_pool(pyarrow.mimalloc_memory_pool())
held = [pyarrow.allocate_buffer(60_000, resizable=True) for _ in range(1000)]
for buffer in held:
    memoryview(buffer).cast("B")[:] = bytes(60_000)
whole = resident()
held, buffer = [], None
give_back()
print(whole - resident())
"""


def _given_back(script: str) -> int:
    words = [sys.executable, "-c", _RESIDENT + script]
    return int(subprocess.run(words, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="the C library keeps nothing")
def test_what_lies_between_things_that_are_held_is_given_back() -> None:
    assert _given_back(_BETWEEN) > 40_000_000


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the resident set is read from /proc")
def test_what_arrow_has_freed_is_given_back() -> None:
    assert _given_back(_ARROWS) > 40_000_000
