"""The benchmarks are scripts, not a package: their folders join the path."""

from __future__ import annotations

import sys
from pathlib import Path

for folder in ("benchmarks", "benchmarks/sync", "benchmarks/scale"):
    sys.path.append(str(Path(__file__).resolve().parents[2] / folder))
