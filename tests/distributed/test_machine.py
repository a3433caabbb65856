from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from lipsync_ray.distributed.machine import (
    LONGEST_FOLDER,
    STORE_BYTES,
    available_cpus,
    object_store_bytes,
    private_folder,
)
from lipsync_ray.distributed.settings import DispatchSettings, RaySettings
from lipsync_ray.errors import ConfigError


def test_at_least_one_cpu_and_a_bounded_store() -> None:
    assert 1 <= available_cpus() <= (os.cpu_count() or 1)
    assert STORE_BYTES[0] <= object_store_bytes() <= STORE_BYTES[1]


def test_private_folder_is_closed_to_others_and_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with private_folder() as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        assert len(str(folder)) <= LONGEST_FOLDER
    assert not folder.exists()


def test_leftovers_go_but_not_folders_in_use(tmp_path_factory: pytest.TempPathFactory) -> None:
    base = Path("/tmp") / f"t{os.getpid()}"
    base.mkdir()
    old = time.time() - 1000
    try:
        left = base / "lsr-dead"
        left.mkdir()
        (left / "in-use.lock").touch()
        os.utime(left, (old, old))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("tempfile.tempdir", str(base))
            with private_folder() as used:
                os.utime(used, (old, old))
                with private_folder():
                    assert used.exists()
                    assert not left.exists()
    finally:
        base.rmdir()


@pytest.mark.parametrize(
    "options",
    [{"cluster": "everywhere"}, {"workers": 0}, {"num_cpus": 0}, {"num_gpus": -1}, {"num_gpus": 1.5}],
)
def test_impossible_workers_are_refused(options: dict) -> None:
    with pytest.raises(ConfigError, match=f"ray.{next(iter(options))}="):
        RaySettings(**options)


@pytest.mark.parametrize("options", [{"max_attempts": 0}, {"timeout_s": 0}, {"in_flight": 0}])
def test_impossible_limits_are_refused(options: dict) -> None:
    with pytest.raises(ConfigError, match=next(iter(options))):
        DispatchSettings(**options)
