"""The dispatcher's decisions, on a pool whose workers fail by script."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipsync_ray.distributed.dispatcher import Dispatcher
from lipsync_ray.distributed.events import Event
from lipsync_ray.distributed.local_pool import LocalPool
from lipsync_ray.distributed.settings import DispatchSettings
from lipsync_ray.distributed.tasks import Task
from tests.distributed.driver import dispatch
from tests.distributed.runners import Order, Squares
from tests.distributed.scripted import DEAD, ScriptedPool, run, tasks


def test_costliest_task_goes_first_and_equal_ones_in_order() -> None:
    pool = ScriptedPool(1)
    run([*tasks(1, 5, 3), Task(key="also 3", payload=0, cost=3)], pool)
    assert [key for key, _ in pool.began] == ["5", "3", "also 3", "1"]


def test_a_worker_holds_one_running_and_one_waiting_task() -> None:
    pool = ScriptedPool(2)
    run(tasks(*range(20)), pool)
    assert pool.deepest == 2


def test_last_tasks_are_not_queued_behind_others() -> None:
    pool = ScriptedPool(3)
    run(tasks(1, 2, 3), pool)
    assert pool.deepest == 1


def test_every_lane_is_served_by_its_own_workers_and_an_unknown_one_by_cpu() -> None:
    pool = ScriptedPool({"cpu": 2, "gpu": 1})
    items = [
        Task(key=f"{lane} {n}", payload=n, lane=lane) for n in range(5) for lane in ("cpu", "gpu", "tpu")
    ]
    outcomes = run(items, pool)
    assert {(key.split()[0], pool.hands[worker].lane) for key, worker in pool.began} == {
        ("cpu", "cpu"), ("gpu", "gpu"), ("tpu", "cpu"),
    }  # fmt: skip
    assert {outcome.lane for outcome in outcomes.values()} == {"cpu", "gpu"}
    assert len(outcomes) == 15


def test_lanes_that_the_pool_lacks_are_counted_with_cpu() -> None:
    pool = ScriptedPool(3)
    dispatcher = Dispatcher(pool, clock=pool.clock)
    dispatcher.add([*tasks(1, 2), Task(key="draw", payload=0, lane="gpu")])
    assert (dispatcher.waiting("gpu"), dispatcher.places("gpu")) == (3, 3)


def test_order_comes_before_cost() -> None:
    pool = ScriptedPool(1)
    items = [
        Task(key="late", payload=0, cost=9, order=(2.0,)),
        Task(key="early", payload=0, cost=1, order=(1.0, 5.0)),
        Task(key="earlier", payload=0, cost=0.5, order=(1.0, 2.0)),
        Task(key="late but short", payload=0, cost=8, order=(2.0,)),
    ]
    run(items, pool)
    assert [key for key, _ in pool.began] == ["earlier", "early", "late", "late but short"]


def test_death_counts_against_the_running_task_alone() -> None:
    pool = ScriptedPool(1, {"9": ["die"]})
    outcomes = run(tasks(*range(10)), pool)
    assert {key: outcome.result for key, outcome in outcomes.items()} == {str(n): n for n in range(10)}
    assert {key for key, outcome in outcomes.items() if outcome.attempts > 1} == {"9"}


def test_preemption_is_free() -> None:
    outcomes = run(tasks(1), ScriptedPool(1, {"1": ["preempted"] * 10}))
    assert outcomes["1"].ok
    assert outcomes["1"].attempts == 1


def test_task_that_kills_its_workers_is_given_up_and_the_others_finish() -> None:
    outcomes = run(tasks(*range(6)), ScriptedPool(2, {"4": ["die"] * 9}))
    assert [key for key, outcome in outcomes.items() if not outcome.ok] == ["4"]
    assert outcomes["4"].attempts == 3
    assert outcomes["4"].failure == DEAD
    assert len(outcomes) == 6


def test_suspect_that_answers_is_used_again() -> None:
    pool = ScriptedPool(1, {"1": ["suspect"]})
    outcomes = run(tasks(1, 2), pool)
    assert all(outcome.ok for outcome in outcomes.values())
    assert len(pool.hands) == 1


def test_suspect_that_stays_silent_is_replaced() -> None:
    pool = ScriptedPool(1, {"1": ["suspect"]}, answers=False)
    assert run(tasks(1), pool, DispatchSettings(quarantine_s=60.0))["1"].ok
    assert pool.killed == [0]


def test_stuck_task_is_moved_to_a_new_worker() -> None:
    pool = ScriptedPool(1, {"1": ["silent"]})
    outcome = run(tasks(1), pool, DispatchSettings(timeout_s=30.0))["1"]
    assert (outcome.ok, outcome.attempts, pool.killed) == (True, 2, [0])


def test_events_tell_the_story_of_a_task_in_order() -> None:
    events: list[Event] = []
    run(tasks(1), ScriptedPool(1, {"1": ["die"]}), on_event=events.append)
    assert [event.kind for event in events] == [
        "worker_starting", "worker_started", "started", "worker_died", "requeued",
        "worker_starting", "worker_started", "started", "done",
    ]  # fmt: skip
    assert [event.attempt for event in events if event.kind == "started"] == [1, 2]
    assert events[3].as_dict().keys() == {"kind", "time", "worker", "code", "message"}
    assert sorted(event.time for event in events) == [event.time for event in events]


def test_tasks_may_be_added_on_the_way_and_workers_stay_for_the_next_run() -> None:
    pool = ScriptedPool(1)
    dispatcher = Dispatcher(pool, clock=pool.clock)
    seen = []
    for outcome in dispatcher.run(tasks(1)):
        seen.append(outcome.key)
        if outcome.key == "1":
            dispatcher.add(tasks(2))
    assert seen == ["1", "2"]
    assert [outcome.key for outcome in dispatcher.run(tasks(3))] == ["3"]
    assert len(pool.hands) == 1


def test_two_tasks_of_one_key_are_refused() -> None:
    with pytest.raises(ValueError, match="two tasks have the key '1'"):
        run(tasks(1, 1), ScriptedPool(1))


def test_broken_off_run_leaves_no_busy_worker_and_no_task() -> None:
    pool = ScriptedPool(1)
    dispatcher = Dispatcher(pool, clock=pool.clock)
    outcomes = dispatcher.run(tasks(*range(9)))
    next(outcomes)
    outcomes.close()
    assert not pool.hands[0].tasks
    assert [outcome.key for outcome in dispatcher.run(tasks(3))] == ["3"]


@dataclass(frozen=True, slots=True)
class Batch:
    size: int

    def lighter(self) -> Batch | None:
        return Batch(self.size // 2) if self.size > 1 else None


class TestLackOfMemory:
    def test_portions_are_halved_and_nothing_counts(self) -> None:
        pool = ScriptedPool(1, {"a": ["memory"] * 3})
        outcome = run([Task(key="a", payload=Batch(16))], pool)["a"]
        assert (outcome.result, outcome.attempts) == (Batch(2), 1)

    def test_what_cannot_be_lighter_counts(self) -> None:
        pool = ScriptedPool(1, {"a": ["memory"] * 99})
        outcome = run([Task(key="a", payload=Batch(16))], pool)["a"]
        assert outcome.failure is not None
        assert (outcome.failure.code, outcome.attempts, len(pool.began)) == ("OUT_OF_MEMORY", 3, 4 + 3)

    def test_other_failures_count_and_halve_nothing(self) -> None:
        outcome = run([Task(key="a", payload=Batch(16))], ScriptedPool(1, {"a": ["error", "die"]}))["a"]
        assert (outcome.result, outcome.attempts) == (Batch(16), 3)


class TestDraining:
    def test_what_runs_is_finished_and_nothing_else_is_begun(self) -> None:
        pool, events = ScriptedPool(2), list[Event]()
        dispatcher = Dispatcher(pool, DispatchSettings(), events.append, clock=pool.clock)
        dispatcher.add(tasks(*range(20)))
        seen = []
        for outcome in dispatcher.outcomes():
            seen.append(outcome.key)
            if len(seen) == 5:
                begun = len([event for event in events if event.kind == "started"])
                dispatcher.drain("SIGTERM")
        assert len(seen) == begun
        assert len([event for event in events if event.kind == "started"]) == begun
        assert [event.kind for event in events].count("draining") == 1
        assert all(not hand.tasks for hand in pool.hands.values())

    def test_an_attempt_that_fails_is_not_repeated(self) -> None:
        pool = ScriptedPool(1, {"1": ["error"]})
        dispatcher = Dispatcher(pool, clock=pool.clock, on_event=lambda event: drain_at_start(event))

        def drain_at_start(event: Event) -> None:
            if event.kind == "started":
                dispatcher.drain("SIGINT")

        assert list(dispatcher.run(tasks(1))) == []
        assert len(pool.began) == 1

    def test_a_late_twin_is_not_waited_for(self) -> None:
        pool = ScriptedPool(2, {"9": ["silent"]})
        dispatcher = Dispatcher(pool, DispatchSettings(stuck_factor=None), clock=pool.clock)
        dispatcher.add([Task(key=str(n), payload=n) for n in range(10)])
        for outcome in dispatcher.outcomes():
            if outcome.key == "9":
                dispatcher.add(tasks(100, 101))
                dispatcher.drain("SIGTERM")
        assert pool.now < 100.0

    def test_dropped_tasks_have_no_outcome_and_their_key_is_free(self) -> None:
        pool = ScriptedPool(1)
        dispatcher = Dispatcher(pool, clock=pool.clock)
        dispatcher.add(tasks(1, 2, 3))
        dispatcher.drop("2")
        assert not dispatcher.is_open("2")
        assert [outcome.key for outcome in dispatcher.outcomes()] == ["3", "1"]
        assert [outcome.key for outcome in dispatcher.run(tasks(2))] == ["2"]


fates = st.sampled_from(["echo", "error", "hopeless", "memory", "die", "preempted", "suspect", "silent"])


@settings(max_examples=150, deadline=None)
@given(
    scripts=st.lists(st.lists(fates, max_size=6), max_size=30),
    gpus=st.integers(0, 3),
    cpus=st.integers(1, 3),
    answers=st.booleans(),
    in_flight=st.integers(1, 3),
    recycle_after=st.sampled_from([None, 1, 4]),
    seconds=st.randoms(use_true_random=False),
)
def test_every_task_has_one_outcome_whatever_happens(
    scripts: list[list[str]],
    gpus: int,
    cpus: int,
    answers: bool,
    in_flight: int,
    recycle_after: int | None,
    seconds: Random,
) -> None:
    lanes = {"cpu": cpus, **({"gpu": gpus} if gpus else {})}
    script = {str(n): fates for n, fates in enumerate(scripts)}
    items = [Task(key=key, payload=Batch(4), lane=("cpu", "gpu")[int(key) % 2]) for key in script]
    pool = ScriptedPool(
        lanes, script, answers=answers, seconds=lambda worker, key: seconds.choice([0.1, 1.0, 1.0, 60.0])
    )
    limits = DispatchSettings(in_flight=in_flight, recycle_after=recycle_after, timeout_s=200.0)
    outcomes = run(items, pool, limits)
    assert outcomes.keys() == script.keys()
    for key, outcome in outcomes.items():
        assert 1 <= outcome.attempts <= 3
        if not set(script[key]) & {"error", "hopeless", "die", "suspect", "silent", "memory"}:
            assert outcome.ok
            assert outcome.attempts == 1


class TestInProcess:
    def test_error_that_passes_is_tried_again(self, tmp_path) -> None:
        order = Order(number=3, harm="raise", once=tmp_path / "done")
        with LocalPool(Squares) as pool:
            outcome = dispatch([Task(key="a", payload=order)], pool)["a"]
        assert (outcome.result, outcome.attempts) == (9, 2)

    def test_error_of_the_input_fails_at_once(self) -> None:
        with LocalPool(Squares) as pool:
            outcome = dispatch([Task(key="a", payload=Order(number=3, harm="input"))], pool)["a"]
        assert outcome.attempts == 1
        assert outcome.failure is not None
        assert outcome.failure.code == "VIDEO_UNREADABLE"
        assert str(outcome.failure.to_error()) == "no picture in talk.mp4"

    def test_failure_is_one_line_with_code_and_trace(self) -> None:
        with LocalPool(Squares) as pool:
            failure = dispatch([Task(key="a", payload=Order(number=3, harm="raise"))], pool)["a"].failure
        assert failure is not None
        assert (failure.code, failure.message) == ("ValueError", "ValueError: bad pixel in row 7")
        assert "do_harm" in failure.trace

    def test_interrupt_goes_through(self) -> None:
        class Interrupts:
            def __init__(self, shared: Any, threads: int) -> None:
                pass

            def run(self, payload: Any) -> None:
                raise KeyboardInterrupt

        with LocalPool(Interrupts) as pool, pytest.raises(KeyboardInterrupt):
            dispatch(tasks(1, 2), pool)
