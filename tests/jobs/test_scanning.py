"""Scans that are used stay in the cache."""

from __future__ import annotations

import os
import time
from pathlib import Path

from tests.test_dub import run


def test_a_scan_that_is_used_again_is_kept_on(clip: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    run(clip, tmp_path / "first.mp4", cache)
    [scan] = (cache / "scans").iterdir()
    ten_days_ago = time.time() - 10 * 86_400
    os.utime(scan, (ten_days_ago, ten_days_ago))
    run(clip, tmp_path / "second.mp4", cache, "chunk.seconds=9")
    assert time.time() - scan.stat().st_mtime < 86_400
