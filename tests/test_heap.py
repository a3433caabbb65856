from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

_SCRIPT = """
from lipsync_ray.heap import give_back

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

held = [(bytearray(60_000), bytearray(100)) for _ in range(1000)]
whole = resident()
held = [small for _, small in held]
give_back()
print(whole - resident())
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="the C library keeps nothing")
def test_what_lies_between_things_that_are_held_is_given_back() -> None:
    done = subprocess.run([sys.executable, "-c", _SCRIPT], capture_output=True, text=True, check=True)
    assert int(done.stdout) > 40_000_000
