"""The modules of the folder above: the benchmarks are scripts, not a package."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

import articulation
import measures
import mouths
import steady

__all__ = ["articulation", "measures", "mouths", "steady"]
