from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipsync_ray.distributed.tasks import Failure, Task
from lipsync_ray.distributed.work import Queues, Work


@dataclass(frozen=True, slots=True)
class Batch:
    size: int

    def lighter(self) -> Batch | None:
        return Batch(self.size // 2) if self.size > 1 else None


def work(number: int, *, order: tuple[float, ...] = (), cost: float = 1.0, lane: str = "cpu") -> Work:
    return Work(task=Task(key=str(number), payload=0, cost=cost, order=order), lane=lane, number=number)


keys = st.tuples(st.lists(st.floats(-3, 3), max_size=2).map(tuple), st.floats(0, 9))


@given(st.lists(keys, max_size=30))
def test_work_goes_by_order_then_the_costliest_then_the_first(rows: list[tuple]) -> None:
    queues = Queues()
    for number, (order, cost) in enumerate(rows):
        queues.put(work(number, order=order, cost=cost))
    taken = [queues.take("cpu") for _ in rows]
    assert [item.number for item in taken] == sorted(
        range(len(rows)), key=lambda n: (rows[n][0], -rows[n][1], n)
    )


def test_lanes_wait_apart() -> None:
    queues = Queues()
    queues.put(work(1, lane="gpu"))
    assert (queues.waiting("cpu"), queues.waiting("gpu")) == (0, 1)
    with pytest.raises(IndexError):
        queues.take("cpu")
    assert queues.take("gpu").number == 1


@given(st.lists(st.floats(0, 9), min_size=1, max_size=20), st.data())
def test_discarded_work_leaves_the_others_in_order(costs: list[float], data: st.DataObject) -> None:
    queues, items = Queues(), [work(number, cost=cost) for number, cost in enumerate(costs)]
    for item in items:
        queues.put(item)
    gone = data.draw(st.sampled_from(items))
    queues.discard(gone)
    queues.discard(gone)
    taken = [queues.take("cpu") for _ in range(len(items) - 1)]
    assert taken == sorted(item for item in items if item is not gone)
    assert queues.waiting("cpu") == 0


def test_memory_halves_what_is_divisible_until_it_is_as_light_as_it_gets() -> None:
    item = Work(task=Task(key="a", payload=Batch(4), cost=7.0), lane="gpu", number=0)
    short = Failure(code="OUT_OF_MEMORY", message="")
    assert [item.lighten(short) for _ in range(3)] == [True, True, False]
    assert item.task == Task(key="a", payload=Batch(1), cost=7.0)


@pytest.mark.parametrize(("code", "payload"), [("WORKER_DIED", Batch(4)), ("OUT_OF_MEMORY", 4)])
def test_nothing_else_is_halved(code: str, payload: object) -> None:
    item = Work(task=Task(key="a", payload=payload), lane="cpu", number=0)
    assert not item.lighten(Failure(code=code, message=""))
    assert item.task.payload == payload


def test_the_attempt_that_succeeds_counts_in_the_outcome() -> None:
    item = Work(task=Task(key="a", payload=0, lane="gpu"), lane="cpu", number=0, attempts=2)
    done = item.outcome(1.5, result=9, node="n")
    lost = item.outcome(2.5, failure=Failure(code="TIMEOUT", message=""))
    assert (done.attempts, done.result, done.seconds, done.lane, done.node) == (3, 9, 1.5, "cpu", "n")
    assert (lost.attempts, lost.ok) == (2, False)
