"""A worker that takes more than it may ends its work with one line that names the limit."""

from __future__ import annotations

import os
import resource
from pathlib import Path

from lipsync_ray.distributed.session import LocalSession, Session
from lipsync_ray.distributed.tasks import Outcome, Task
from lipsync_ray.limits import LimitsSettings
from tests.distributed.driver import dispatch
from tests.distributed.takers import Taker


def taken(session: Session, folder: Path, limits: LimitsSettings, *whats: str) -> dict[str, Outcome]:
    tasks = [Task(key=what, payload=what, order=(number,)) for number, what in enumerate(whats)]
    with session.pool(Taker, shared=str(folder), limits=limits) as pool:
        return dispatch(tasks, pool)


def test_a_worker_ends_work_that_takes_more_than_it_may(two_workers: Session, tmp_path: Path) -> None:
    limits = LimitsSettings(memory_gb=1.5, cpu_s=1.0, file_gb=0.02)
    found = taken(two_workers, tmp_path, limits, "time", "quiet_time", "file", "encoded", "little")
    told = {what: (one.failure.code, one.failure.message) for what, one in found.items() if one.failure}
    assert told == {
        "time": (
            "LIMIT",
            "time took more than limits.cpu_s=1 s of CPU time; a smaller chunk.seconds takes less",
        ),
        "file": ("LIMIT", "file would write a file of more than limits.file_gb=0.02"),
        "encoded": ("LIMIT", "encoded would write a file of more than limits.file_gb=0.02"),
    }
    assert all(one.attempts == 1 for one in found.values() if one.failure)
    assert sorted(os.listdir(tmp_path)) == ["little"]  # nothing half written


def test_a_worker_has_no_more_memory_than_it_may(two_workers: Session, tmp_path: Path) -> None:
    found = taken(two_workers, tmp_path, LimitsSettings(memory_gb=1.5), "arrays", "pictures", "little")
    assert {what: one.failure and one.failure.code for what, one in found.items()} == {
        "arrays": "OUT_OF_MEMORY",
        "pictures": "OUT_OF_MEMORY",
        "little": None,
    }


def test_the_drivers_own_process_is_left_as_it_is(tmp_path: Path) -> None:
    kinds = (resource.RLIMIT_DATA, resource.RLIMIT_CPU, resource.RLIMIT_FSIZE)
    before = [resource.getrlimit(kind) for kind in kinds]
    found = taken(LocalSession(), tmp_path, LimitsSettings(memory_gb=1.0, cpu_s=1.0, file_gb=0.1), "little")
    assert found["little"].ok
    assert [resource.getrlimit(kind) for kind in kinds] == before
