"""What is old is removed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from lipsync_ray.config import CacheSettings
from lipsync_ray.serve.keeper import EVERY_S, Keeper
from tests.serve.runner.conftest import Works

DAY_S = 86_400.0


@dataclass
class Clock:
    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def folders(works: Works) -> set[str]:
    return {path.name for path in works.places.jobs().iterdir()}


def test_ended_jobs_go_with_their_files_when_they_are_old(works: Works) -> None:
    clock = Clock()
    old, fresh, waiting = (works.job() for _ in range(3))
    works.store.change(old, state="done", finished=clock.now - 31 * DAY_S)
    works.store.change(fresh, state="failed", finished=clock.now - 29 * DAY_S)
    keeper = Keeper(works.store, works.places, works.settings, CacheSettings(enabled=False), clock)
    keeper.tidy()
    assert folders(works) == {fresh, waiting}
    assert works.store.get(old) is None
    clock.now += 2 * DAY_S
    works.store.change(waiting, state="cancelled", finished=clock.now - 40 * DAY_S)
    keeper.tidy()
    assert folders(works) == set()
    again = works.job()
    works.store.change(again, state="done", finished=1.0)
    clock.now += EVERY_S - 1
    keeper.tidy()
    assert folders(works) == {again}


def test_folders_without_a_job_go_unless_one_may_just_be_made(works: Works) -> None:
    clock = Clock()
    job = works.job()
    lost, coming = works.places.job("lost"), works.places.job("coming")
    for folder, age_s in ((lost, 2 * DAY_S), (coming, 60.0), (works.places.job(job), 9 * DAY_S)):
        folder.mkdir(exist_ok=True)
        os.utime(folder, (clock.now - age_s,) * 2)
    Keeper(works.store, works.places, works.settings, CacheSettings(enabled=False), clock).tidy()
    assert folders(works) == {job, "coming"}


def test_pieces_that_nobody_took_up_go(works: Works, tmp_path: Path) -> None:
    cache = CacheSettings(dir=str(tmp_path / "cache"))
    kept, gone = tmp_path / "cache" / "jobs" / "new", tmp_path / "cache" / "scans" / "old"
    for folder in (kept, gone):
        folder.mkdir(parents=True)
    os.utime(gone, (1, 1))
    Keeper(works.store, works.places, works.settings, cache).tidy()
    assert kept.is_dir()
    assert not gone.exists()
