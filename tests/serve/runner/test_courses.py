"""In which order workers get the pieces of jobs that run beside each other."""

from __future__ import annotations

from lipsync_ray.jobs.course import EXAMINE, FINISH, RENDER, SCAN
from lipsync_ray.progress import NullProgress
from lipsync_ray.serve.courses import ServedCourse
from lipsync_ray.serve.told import Told


def course(begin: int = 0, tier: int = 1) -> ServedCourse:
    return ServedCourse(None, None, NullProgress(), told=Told(), tier=tier, begin=begin)  # type: ignore[arg-type]


def test_a_job_that_comes_later_shares_the_workers_with_one_that_is_long() -> None:
    long, late = course(), course(begin=2)
    orders = [(long.order(RENDER), f"long {number}") for number in range(6)]
    orders += [(late.order(SCAN), "late scan")]
    orders += [(late.order(RENDER), f"late {number}") for number in range(2)]
    names = [name for _, name in sorted(orders)]
    between = ["late 0", "long 2", "late scan", "late 1"]
    assert names == ["long 0", "long 1", *between, "long 3", "long 4", "long 5"]


def test_what_ends_a_job_waits_for_no_pieces_of_others() -> None:
    long, late = course(), course()
    for _ in range(50):
        long.order(RENDER)
    assert long.order(FINISH) < late.order(RENDER)


def test_what_people_wait_for_comes_before_dubs() -> None:
    assert course(begin=9, tier=0).order(EXAMINE) < course().order(FINISH)
