"""A driver that is killed together with the Ray that it has started."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.faults.conftest import Talk
from tests.faults.files import AT_ONCE, Home
from tests.faults.test_driver_killed import age, check_done, finished

GONE_S = 180.0


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


@pytest.fixture(scope="session")
def killed(talk: Talk) -> Iterator[Home]:
    """Folders of a driver that was killed with two chunks done, together with the Ray that it had started."""
    with tempfile.TemporaryDirectory(prefix="k-", dir="/tmp") as folder:
        home = Home(folder=Path(folder))
        shutil.copytree(talk.scans, home.cache / "scans")
        command = [
            *words(home, talk),
            f"cache.dir={home.cache}",
            "encode.preset=ultrafast",
            "quality.enabled=false",
        ]
        environment = {**os.environ, "TMPDIR": str(home.tmp), "OMP_NUM_THREADS": "1"}
        with subprocess.Popen(
            [sys.executable, "-m", "lipsync_ray", *command], cwd=ROOT, env=environment
        ) as driver:
            while len(finished(home)) < 2:
                assert driver.poll() is None, "it ended before it could be killed"
                time.sleep(0.01)
            assert len(processes_with(home.tmp)) > 3
            driver.kill()
        yield home


def words(home: Home, talk: Talk) -> tuple[str, ...]:
    return ("run", *talk.words(0), f"out={home.out / 'talk.mp4'}", "ray.workers=2", "ray.cluster=local")


def wait_until_none(home: Home, kept: str) -> None:
    """Wait for the end of all processes but those whose title holds this."""
    limit = time.monotonic() + GONE_S
    while left := [title for title in processes_with(home.tmp) if not kept or kept not in title]:
        assert time.monotonic() < limit, left
        time.sleep(0.1)


def test_chunks_of_a_killed_driver_are_taken(killed: Home, talk: Talk) -> None:
    wait_until_none(killed, kept="Agent")
    out = killed.out / "talk.mp4"
    assert not out.exists()
    known = finished(killed)
    assert len(known) < talk.pieces
    age(killed)
    again = killed.start(*words(killed, talk), **AT_ONCE)
    assert again.code() == 0, again.log
    check_done(killed, out, talk, known)


@pytest.mark.late  # agents see the end of their node soon, but may try for 60 s to report it
def test_a_killed_driver_leaves_no_ray(killed: Home) -> None:
    wait_until_none(killed, kept="")
