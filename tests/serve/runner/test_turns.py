"""Owners take turns."""

from __future__ import annotations

from collections import Counter

from lipsync_ray.serve.job import ServedJob
from lipsync_ray.serve.turns import Turns
from tests.serve.runner.conftest import Works


def drained(works: Works, most: int) -> list[str]:
    """Owners in the order of their turns, with ``most`` jobs on their way at a time."""
    turns, running, order = Turns(), list[ServedJob](), list[str]()
    while waiting := works.store.first_of_owners(("dub",)):
        if len(running) == most:
            running.pop(0)
        job = turns.choose(waiting, [one.owner for one in running])
        works.store.change(job.id, state="running")
        running.append(job)
        order.append(job.owner)
    return order


def test_who_has_one_job_does_not_wait_for_all_of_who_has_many(works: Works) -> None:
    for number in range(6):
        works.job(owner="many", options={"encode.crf": number})
    works.job(owner="few")
    works.job(owner="other")
    works.job(owner="few")
    assert drained(works, 1) == ["many", "few", "other", "many", "few", *["many"] * 4]


def test_jobs_of_one_owner_come_in_their_order(works: Works) -> None:
    ids = [works.job() for _ in range(4)]
    taken = []
    while waiting := works.store.first_of_owners(("dub",)):
        taken.append(Turns().choose(waiting, []).id)
        works.store.change(taken[-1], state="running")
    assert taken == ids


def test_places_are_shared_between_owners(works: Works) -> None:
    for owner in ("a", "a", "a", "a", "b", "b"):
        works.job(owner=owner)
    assert Counter(drained(works, 2)[:4]) == {"a": 2, "b": 2}
