"""The folders of jobs' artifacts, in the hands of a run."""

from __future__ import annotations

from pathlib import Path

import pytest
from filelock import FileLock

from lipsync_ray.distributed.local_pool import LocalPool
from lipsync_ray.jobs.site import Site, SiteSpec
from lipsync_ray.jobs.yard import RunYard
from tests.distributed.runners import Squares


@pytest.fixture
def yard(tmp_path: Path) -> RunYard:
    site = Site(SiteSpec(root=str(tmp_path), home="here"), driver=True)
    return RunYard(LocalPool(Squares), site, lambda key: False)


def kept(root: Path) -> dict[str, list[str]]:
    return {
        folder.name: sorted(path.name for path in folder.iterdir())
        for folder in (root / "jobs").iterdir()
        if folder.is_dir()
    }


def test_a_failed_try_leaves_its_artifacts_to_the_next_one(yard: RunYard, tmp_path: Path) -> None:
    folder = tmp_path / yard.hold("ann", "k")
    (folder / "chunk.nut").touch()
    yard.release("ann", done=False)
    assert tmp_path / yard.hold("ann", "k") == folder
    assert (folder / "chunk.nut").exists()
    yard.release("ann", done=True)
    assert kept(tmp_path) == {}


def test_two_jobs_with_the_same_work_that_fail_let_go_of_both_their_folders(
    yard: RunYard, tmp_path: Path
) -> None:
    first, second = (tmp_path / yard.hold(job, "k") for job in ("ann", "bob"))
    assert first != second
    (first / "chunk.nut").touch()
    for job in ("ann", "bob"):
        yard.release(job, done=False)
    assert len(list((tmp_path / "jobs").glob("*.lock"))) == 2  # workers may still be writing
    yard.close()
    assert kept(tmp_path) == {"k": ["chunk.nut"]}


def test_what_a_slow_worker_writes_after_the_end_of_its_job_goes_with_the_run(
    yard: RunYard, tmp_path: Path
) -> None:
    jobs = {job: yard.hold(job, key) for job, key in (("ann", "k"), ("bob", "k"), ("cid", "l"), ("dan", "m"))}
    for job in ("ann", "bob", "cid", "dan"):
        (tmp_path / jobs[job] / "chunk.nut").touch()
        yard.release(job, done=job != "dan")
    for job in ("ann", "bob", "cid"):
        (tmp_path / jobs[job]).mkdir()
        (tmp_path / jobs[job] / "late.nut").touch()
    with FileLock(tmp_path / f"{jobs['cid']}.lock"):  # another run has begun the same work
        yard.close()
    assert kept(tmp_path) == {"l": ["late.nut"], "m": ["chunk.nut"]}


def test_a_folder_is_held_until_no_worker_writes_in_it_any_more(yard: RunYard, tmp_path: Path) -> None:
    failed, done = (tmp_path / yard.hold(job, job) for job in ("ann", "bob"))
    (failed / "chunk.nut").touch()
    yard.release("ann", done=False)
    yard.release("bob", done=True)
    done.mkdir()
    (done / "late.nut").touch()
    yard.settle(lambda prefix: prefix in ("ann/", "bob/"))
    assert kept(tmp_path) == {"ann": ["chunk.nut"], "bob": ["late.nut"]}
    assert (tmp_path / "jobs" / "ann.lock").exists()
    yard.settle(lambda prefix: False)
    assert kept(tmp_path) == {"ann": ["chunk.nut"]}
    assert not (tmp_path / "jobs" / "ann.lock").exists()
