from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from filelock import FileLock

from lipsync_ray.config import CacheSettings
from lipsync_ray.workspace import job_folder, open_root, prune


def test_a_job_that_fails_keeps_its_folder_and_one_that_succeeds_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with job_folder(tmp_path / "jobs", "a") as folder:
            (folder / "done.nut").touch()
            (folder / ".partial").touch()
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        fail()
    assert [path.name for path in (tmp_path / "jobs" / "a").iterdir()] == ["done.nut"]
    with job_folder(tmp_path / "jobs", "a") as folder:
        assert (folder / "done.nut").exists()
    assert not list((tmp_path / "jobs").iterdir())


def test_what_a_killed_run_left_half_written_goes_when_its_job_goes_on(tmp_path: Path) -> None:
    (tmp_path / "jobs" / "a").mkdir(parents=True)
    for name in (".00001-ab.0123456789ab.nut", "00000-cd.nut"):
        (tmp_path / "jobs" / "a" / name).touch()
    (tmp_path / "jobs" / "a.lock").touch()  # a lock is the system's, not the file's
    with job_folder(tmp_path / "jobs", "a") as folder:
        assert [path.name for path in folder.iterdir()] == ["00000-cd.nut"]


def test_two_runs_of_one_job_do_not_share_a_folder(tmp_path: Path) -> None:
    with job_folder(tmp_path, "a") as first, job_folder(tmp_path, "a") as second:
        assert first != second
        (second / "x").touch()
    assert not second.exists()


def test_without_a_cache_nothing_stays(tmp_path: Path) -> None:
    settings = CacheSettings(enabled=False, dir=str(tmp_path))
    with open_root(settings) as root:
        assert Path(root).is_dir()
    assert not Path(root).exists()
    assert not list(tmp_path.iterdir())


def test_what_nobody_uses_is_forgotten_but_not_what_a_run_holds(tmp_path: Path) -> None:
    for name in ("old", "held", "new"):
        (tmp_path / name).mkdir()
    for name in ("old", "held"):
        os.utime(tmp_path / name, (0, time.time() - 20 * 86_400))
    with FileLock(tmp_path / "held.lock"):
        prune(tmp_path, 14)
        assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == ["held", "new"]
