"""What is late is done a second time, and what is stuck is ended; all on virtual time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import pytest

from lipsync_ray.distributed.crew import Member
from lipsync_ray.distributed.dispatcher import Dispatcher
from lipsync_ray.distributed.events import Event
from lipsync_ray.distributed.lateness import Lateness
from lipsync_ray.distributed.pace import Pace
from lipsync_ray.distributed.settings import DispatchSettings
from lipsync_ray.distributed.tasks import Task
from lipsync_ray.distributed.work import Work
from tests.distributed.scripted import ScriptedPool, run

NEVER_STUCK = DispatchSettings(stuck_factor=None)


def of_one_second(count: int) -> list[Task]:
    return [Task(key=str(n), payload=n) for n in range(count)]


def slow(key: str, seconds: float) -> Callable[[int, str], float]:
    """Every task takes a second, but ``key`` this long on the worker that has it first."""
    first: list[int] = []

    def tell(worker: int, name: str) -> float:
        if name == key:
            first.append(worker)
        return seconds if name == key and worker == first[0] else 1.0

    return tell


def in_turn(key: str, *seconds: float) -> Callable[[int, str], float]:
    """Every task takes a second, but ``key`` these, attempt by attempt."""
    times = iter(seconds)
    return lambda worker, name: next(times) if name == key else 1.0


def member(
    worker: int, *, node: str, since: float, lane: str = "cpu", holders: int = 1, ended: bool = False
) -> Member:
    task = Task(key=str(worker), payload=worker)
    work = Work(task=task, lane=lane, number=worker, holders=holders, ended=ended)
    return Member(worker=worker, lane=lane, since=since, state="ready", jobs=deque([work]), node=node)


class TestStragglers:
    def test_an_idle_worker_tries_the_late_task_as_well_and_the_first_result_counts(self) -> None:
        pool, events = ScriptedPool(2, seconds=slow("9", 50.0)), list[Event]()
        outcomes = run(of_one_second(10), pool, NEVER_STUCK, events.append)
        assert all(outcome.ok and outcome.attempts == 1 for outcome in outcomes.values())
        assert [event.task for event in events if event.kind == "doubled"] == ["9"]
        assert pool.now < 20.0
        assert len({worker for key, worker in pool.began if key == "9"}) == 2

    @pytest.mark.parametrize(
        ("settings", "seconds"),
        [
            (DispatchSettings(straggler_factor=None), 50.0),
            (DispatchSettings(straggler_factor=100.0), 50.0),
            (DispatchSettings(straggler_least_s=60.0), 50.0),
            (DispatchSettings(), 4.9),
        ],
    )
    def test_nothing_is_done_twice_before_its_time(self, settings: DispatchSettings, seconds: float) -> None:
        pool = ScriptedPool(2, seconds=slow("9", seconds))
        run(of_one_second(10), pool, settings)
        assert len(pool.began) == 10

    def test_nothing_is_done_twice_while_something_waits(self) -> None:
        pool, events = ScriptedPool(2, seconds=slow("0", 30.0)), list[Event]()
        run(of_one_second(26), pool, DispatchSettings(in_flight=1, stuck_factor=None), events.append)
        kinds = [(event.kind, event.task) for event in events if event.kind in ("doubled", "started")]
        assert ("doubled", "0") in kinds
        assert len({task for _, task in kinds[: kinds.index(("doubled", "0"))]}) == 26

    def test_nothing_is_late_before_it_is_known_how_long_its_kind_takes(self) -> None:
        pool = ScriptedPool(2, seconds=lambda worker, key: 500.0 if key == "0" else 1.0)
        run(of_one_second(3), pool)
        assert len(pool.began) == 3

    @pytest.mark.parametrize("fate", ["error", "die", "preempted", "suspect", "hopeless", "memory"])
    def test_what_becomes_of_the_late_one_is_ignored(self, fate: str) -> None:
        pool = ScriptedPool(3, {"9": [fate]}, seconds=slow("9", 8.0))
        outcomes = {}
        events: list[Event] = []
        dispatcher = Dispatcher(pool, NEVER_STUCK, events.append, clock=pool.clock)
        dispatcher.add(of_one_second(10))
        for outcome in dispatcher.outcomes():
            outcomes[outcome.key] = outcome
            if outcome.key == "9":  # its twin's: there is more to do while the late one still runs
                dispatcher.add([Task(key=f"more {n}", payload=n) for n in range(20)])
        assert all(outcome.ok and outcome.attempts == 1 for outcome in outcomes.values())
        assert len(outcomes) == 30
        assert len([key for key, _ in pool.began if key == "9"]) == 2
        assert not [event for event in events if event.kind == "requeued"]

    @pytest.mark.parametrize("fate", ["error", "die", "suspect", "memory", "preempted"])
    def test_a_failure_counts_nothing_while_the_twin_runs(self, fate: str) -> None:
        pool, events = ScriptedPool(2, {"9": [fate, "echo"]}, seconds=in_turn("9", 8.0, 4.0)), list[Event]()
        outcome = run(of_one_second(10), pool, NEVER_STUCK, events.append)["9"]
        assert (outcome.ok, outcome.attempts) == (True, 1)
        assert [key for key, _ in pool.began].count("9") == 2
        assert not [event for event in events if event.kind == "requeued"]

    def test_when_both_fail_one_attempt_counts_and_it_is_done_again(self) -> None:
        pool = ScriptedPool(2, {"9": ["error", "error"]}, seconds=in_turn("9", 8.0, 4.0, 1.0))
        outcome = run(of_one_second(10), pool, NEVER_STUCK)["9"]
        assert (outcome.ok, outcome.attempts) == (True, 2)

    def test_what_is_done_is_not_done_again_though_its_late_worker_still_runs(self) -> None:
        took = {"8": iter([200.0, 1.0]), "9": iter([100.0, 100.0])}
        pool = ScriptedPool(3, seconds=lambda worker, key: next(took[key]) if key in took else 1.0)
        outcomes = run(of_one_second(10), pool, NEVER_STUCK)
        assert all(outcome.ok for outcome in outcomes.values())
        assert len([key for key, _ in pool.began if key == "8"]) == 2

    def test_a_task_that_waits_behind_the_late_one_is_done_elsewhere(self) -> None:
        pool = ScriptedPool(2, seconds=slow("0", 5000.0))
        outcomes = run(of_one_second(10), pool, NEVER_STUCK)
        assert len(outcomes) == 10
        assert pool.deepest == 2
        assert pool.now < 60.0

    def test_the_latest_comes_first_and_before_it_who_is_on_another_machine(self) -> None:
        pace = Pace()
        for _ in range(3):
            pace.note(Task(key="before", payload=0), 1.0)
        lateness = Lateness(DispatchSettings(), pace, clock=lambda: 100.0)
        members = [
            member(0, node="a", since=80.0),
            member(1, node="b", since=92.0),
            member(2, node="b", since=90.0),
            member(3, node="b", since=70.0, lane="gpu"),
            member(4, node="b", since=60.0, holders=2),
            member(5, node="b", since=50.0, ended=True),
            Member(worker=6, lane="cpu", since=0.0, state="ready"),
        ]

        def straggler(node: str) -> int:
            late = lateness.straggler(members, "cpu", node)
            assert late is not None
            return late[0].worker

        assert [straggler("a"), straggler("b"), straggler("c")] == [2, 0, 0]
        assert lateness.straggler(members[3:], "cpu", "a") is None


class TestStuck:
    def test_a_stuck_task_is_ended_after_the_least_time_and_counts(self) -> None:
        pool, events = ScriptedPool(1, {"9": ["silent"]}), list[Event]()
        outcome = run(of_one_second(10), pool, DispatchSettings(), events.append)["9"]
        assert (outcome.ok, outcome.attempts) == (True, 2)
        assert [event.task for event in events if event.kind == "requeued"] == ["9"]
        assert pool.now == 9.0 + 300.0 + 1.0

    def test_long_tasks_are_given_their_factor(self) -> None:
        pool = ScriptedPool(1, {"9": ["silent"]}, seconds=lambda worker, key: 100.0)
        run(of_one_second(10), pool, DispatchSettings(stuck_factor=7.0))
        assert pool.now == 900.0 + 700.0 + 100.0

    def test_one_that_is_always_stuck_is_given_up(self) -> None:
        outcome = run(of_one_second(10), ScriptedPool(1, {"9": ["silent"] * 3}))["9"]
        assert outcome.failure is not None
        assert (outcome.attempts, outcome.failure.code) == (3, "TIMEOUT")
        assert outcome.failure.message == "task 9 still runs after 300 s"

    def test_what_waits_behind_a_stuck_one_counts_nothing(self) -> None:
        pool = ScriptedPool(1, {"5": ["silent"]})
        outcomes = run(of_one_second(10), pool)
        assert {key for key, outcome in outcomes.items() if outcome.attempts > 1} == {"5"}

    @pytest.mark.parametrize(("seconds", "deepest"), [(4.0, 2), (6.0, 1)])
    def test_nothing_is_queued_behind_a_long_task(self, seconds: float, deepest: int) -> None:
        pool = ScriptedPool(1, seconds=lambda worker, key: seconds)
        dispatcher = Dispatcher(pool, clock=pool.clock)
        for outcome in dispatcher.run(of_one_second(20)):
            if outcome.key == "5":
                pool.deepest = 0
        assert pool.deepest == deepest

    def test_a_time_limit_holds_for_every_attempt(self) -> None:
        pool = ScriptedPool(1, {"1": ["silent"]})
        outcome = run([Task(key="1", payload=1)], pool, DispatchSettings(timeout_s=30.0))["1"]
        assert (outcome.ok, outcome.attempts, pool.killed, pool.now) == (True, 2, [0], 31.0)
