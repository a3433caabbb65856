"""What a fuzzing target is, and how one input is fed to it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lipsync_ray.errors import LipsyncError

LONGEST_S = 20.0  # for one input; what the slowest machine of CI takes for a usual one is under a second


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A way into the program for bytes of strangers.

    ``feed`` gives a value, or raises a ``LipsyncError``; anything else is a finding.
    """

    name: str
    feed: Callable[[bytes, Path], object]  # the input, and an empty folder of the run to keep files in
    seeds: Callable[[Path], list[bytes]]  # inputs that are right, made in a folder
    tokens: tuple[bytes, ...] = ()  # words of the format, which chance would not find


def feed(target: Target, data: bytes, folder: Path) -> None:
    """One input. Raises what the target must not raise, and AssertionError where it took too long."""
    begin = time.monotonic()
    with suppress(LipsyncError):
        target.feed(data, folder)
    took = time.monotonic() - begin
    assert took < LONGEST_S, f"{target.name} took {took:.1f} s for {len(data)} bytes"
