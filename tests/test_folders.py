from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from lipsync_ray.folders import private_folder


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder of this test's own."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_a_private_folder_is_empty_closed_to_others_and_goes(base: Path) -> None:
    with private_folder() as folder:
        assert folder.is_relative_to(base)
        assert folder.parent.stat().st_mode & 0o777 == 0o700
        assert not list(folder.iterdir())
        (folder / "file").touch()
    assert not list(base.iterdir())


def test_a_path_that_would_be_too_long_is_made_elsewhere(base: Path) -> None:
    with private_folder(longest=30) as folder:
        assert len(str(folder)) <= 30
        assert not list(base.iterdir())
    assert not folder.exists()


def test_what_a_killed_process_left_goes_but_not_what_is_in_use(base: Path) -> None:
    script = "from lipsync_ray.folders import private_folder\n"
    script += "with private_folder() as folder: print(folder, flush=True); input()"
    command = [sys.executable, "-c", script]
    environment = {**os.environ, "TMPDIR": str(base)}
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=environment, **pipes) as process:
        assert process.stdout is not None
        left = Path(process.stdout.readline().strip())
        long_ago = time.time() - 1000
        os.utime(left.parent, (long_ago, long_ago))
        with private_folder():
            assert left.exists()  # its process lives
        process.send_signal(signal.SIGKILL)
        process.wait()
    with private_folder():
        assert not left.parent.exists()


def test_of_folders_without_a_lock_only_what_is_old_and_empty_goes(base: Path) -> None:
    left, young, used = (base / f"lsr-{name}" for name in ("left", "young", "used"))
    for folder in (left, young, used):
        folder.mkdir()
    (used / "file").touch()  # not of this program: it puts nothing into a folder that it has not locked
    long_ago = time.time() - 1000
    for folder in (left, used):
        os.utime(folder, (long_ago, long_ago))
    with private_folder():
        assert not left.exists()
        assert young.exists()  # its process may be about to lock it
        assert (used / "file").exists()


def test_the_lock_of_a_folder_goes_last(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is killed while removing a folder leaves one that others remove."""
    left: list[list[str]] = []
    rmtree = shutil.rmtree

    def watched(path: Path, **options: Any) -> None:
        rmtree(path, **options)
        left.append(sorted(inside.name for inside in base.glob("lsr-*/*")))

    monkeypatch.setattr(shutil, "rmtree", watched)
    with private_folder() as folder:
        (folder / "file").touch()
    assert left == [["in-use.lock"], []]
