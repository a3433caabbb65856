"""A driver that is killed together with the Ray that it has started."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from tests.conftest import ROOT
from tests.faults.conftest import Talk
from tests.faults.files import Home
from tests.faults.test_driver_killed import age, check_done, finished

GONE_S = 180.0  # an agent of Ray sees the end of its node after 10 s, then tries for 60 s to report it


def processes_with(folder: Path) -> list[str]:
    """Processes that have this temporary folder, but for zombies."""
    mine, found = f"TMPDIR={folder}\0".encode(), []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and mine in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


def test_a_killed_driver_leaves_no_ray_and_its_chunks_are_taken(scanned: Home, talk: Talk) -> None:
    out = scanned.out / "talk.mp4"
    words = ("run", *talk.words(0), f"out={out}", "ray.workers=2")
    command = [
        *words,
        "ray.cluster=local",
        f"cache.dir={scanned.cache}",
        "encode.preset=ultrafast",
        "quality.enabled=false",
    ]
    environment = {**os.environ, "TMPDIR": str(scanned.tmp), "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        [sys.executable, "-m", "lipsync_ray", *command], cwd=ROOT, env=environment
    ) as driver:
        while len(finished(scanned)) < 2:
            assert driver.poll() is None, "it ended before it could be killed"
            time.sleep(0.01)
        assert len(processes_with(scanned.tmp)) > 3
        driver.kill()
    limit = time.monotonic() + GONE_S
    while processes_with(scanned.tmp) and time.monotonic() < limit:
        time.sleep(0.1)
    assert processes_with(scanned.tmp) == []
    assert not out.exists()
    known = finished(scanned)
    assert len(known) < talk.pieces
    age(scanned)
    again = scanned.start(*words, "ray.cluster=local")
    assert again.code() == 0, again.log
    check_done(scanned, out, talk, known)
