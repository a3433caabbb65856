"""The dispatcher's decisions, on a pool whose workers fail by script."""

from __future__ import annotations

from collections import deque
from typing import Any

import pytest

from lipsync_ray.distributed.dispatcher import Dispatcher, dispatch
from lipsync_ray.distributed.events import Event
from lipsync_ray.distributed.local_pool import Held, LocalPool
from lipsync_ray.distributed.pool import Alive, Finished, Lost, Ready, Report, SetupFailed
from lipsync_ray.distributed.settings import DispatchSettings
from lipsync_ray.distributed.tasks import Failure, Task
from lipsync_ray.errors import WorkerSetupFailed
from tests.distributed.runners import Order, Squares, fail_setup

DEAD = Failure(code="WORKER_DIED", message="gone")


class ScriptedPool:
    """Workers that echo their payload, or do what the script says when a task reaches them.

    ``script[key]`` is a list of fates, one per attempt: "die", "preempted", "suspect", "silent".
    """

    def __init__(self, size: int, script: dict[str, list[str]] | None = None, answers: bool = True) -> None:
        self.size = size
        self.script = script or {}
        self.answers = answers
        self.queues: dict[int, deque[tuple[str, Any]]] = {}
        self.reports: list[Report] = []
        self.began: list[str] = []
        self.deepest = 0
        self.killed: list[int] = []
        self.silent: set[int] = set()

    def lanes(self) -> dict[str, int]:
        return {"cpu": self.size}

    def share(self, value: Any) -> Held:
        return Held(value=value)

    def start(self, lane: str) -> int:
        worker = len(self.queues)
        self.queues[worker] = deque()
        self.reports += [Alive(worker=worker, pid=worker, node="here"), Ready(worker=worker)]
        return worker

    def submit(self, worker: int, key: str, payload: Any) -> None:
        self.queues[worker].append((key, payload))
        self.deepest = max(self.deepest, len(self.queues[worker]))

    def probe(self, worker: int) -> None:
        if self.answers:
            self.reports.append(Ready(worker=worker))

    def kill(self, worker: int) -> None:
        self.killed.append(worker)
        self.queues[worker].clear()

    def wait(self, timeout_s: float | None) -> list[Report]:
        if not self.reports:
            for worker, queue in self.queues.items():
                if queue:
                    self._work(worker, queue)
        reports, self.reports = self.reports, []
        return reports

    def _work(self, worker: int, queue: deque[tuple[str, Any]]) -> None:
        key, payload = queue[0]
        fates = self.script.get(key, [])
        fate = fates.pop(0) if fates else "echo"
        if fate == "silent":
            self.silent.add(worker)
        if worker in self.silent:
            return
        self.began.append(key)
        if fate == "echo":
            queue.popleft()
            self.reports.append(Finished(worker=worker, key=key, result=payload))
            return
        queue.clear()
        self.reports.append(
            Lost(worker=worker, failure=DEAD, preempted=fate == "preempted", suspect=fate == "suspect")
        )


def tasks(*numbers: int) -> list[Task]:
    return [Task(key=str(n), payload=n, cost=n) for n in numbers]


def test_costliest_task_goes_first_and_equal_ones_in_order() -> None:
    pool = ScriptedPool(1)
    dispatch([*tasks(1, 5, 3), Task(key="also 3", payload=0, cost=3)], pool)
    assert pool.began == ["5", "3", "also 3", "1"]


def test_a_worker_holds_one_running_and_one_waiting_task() -> None:
    pool = ScriptedPool(2)
    dispatch(tasks(*range(20)), pool)
    assert pool.deepest == 2


def test_last_tasks_are_not_queued_behind_others() -> None:
    pool = ScriptedPool(3)
    dispatch(tasks(1, 2, 3), pool)
    assert pool.deepest == 1


def test_no_more_workers_than_tasks() -> None:
    pool = ScriptedPool(8)
    dispatch(tasks(1, 2), pool)
    assert len(pool.queues) == 2


def test_death_counts_against_the_running_task_alone() -> None:
    pool = ScriptedPool(1, {"9": ["die"]})
    outcomes = dispatch(tasks(*range(10)), pool)
    assert {key: outcome.result for key, outcome in outcomes.items()} == {str(n): n for n in range(10)}
    assert {key for key, outcome in outcomes.items() if outcome.attempts > 1} == {"9"}


def test_preemption_is_free() -> None:
    outcomes = dispatch(tasks(1), ScriptedPool(1, {"1": ["preempted"] * 10}))
    assert outcomes["1"].ok
    assert outcomes["1"].attempts == 1


def test_task_that_kills_its_workers_is_given_up_and_the_others_finish() -> None:
    outcomes = dispatch(tasks(*range(6)), ScriptedPool(2, {"4": ["die"] * 9}))
    assert [key for key, outcome in outcomes.items() if not outcome.ok] == ["4"]
    assert outcomes["4"].attempts == 3
    assert outcomes["4"].failure == DEAD
    assert len(outcomes) == 6


def test_suspect_that_answers_is_used_again() -> None:
    pool = ScriptedPool(1, {"1": ["suspect"]})
    outcomes = dispatch(tasks(1, 2), pool)
    assert all(outcome.ok for outcome in outcomes.values())
    assert len(pool.queues) == 1


def test_suspect_that_stays_silent_is_replaced() -> None:
    pool = ScriptedPool(1, {"1": ["suspect"]}, answers=False)
    assert dispatch(tasks(1), pool, DispatchSettings(quarantine_s=0.05))["1"].ok
    assert pool.killed == [0]


def test_stuck_task_is_moved_to_a_new_worker() -> None:
    pool = ScriptedPool(1, {"1": ["silent"]})
    outcome = dispatch(tasks(1), pool, DispatchSettings(timeout_s=0.05))["1"]
    assert (outcome.ok, outcome.attempts, pool.killed) == (True, 2, [0])


def test_events_tell_the_story_of_a_task_in_order() -> None:
    events: list[Event] = []
    dispatch(tasks(1), ScriptedPool(1, {"1": ["die"]}), on_event=events.append)
    assert [event.kind for event in events] == [
        "worker_starting", "worker_started", "started", "worker_died", "requeued",
        "worker_starting", "worker_started", "started", "done",
    ]  # fmt: skip
    assert [event.attempt for event in events if event.kind == "started"] == [1, 2]
    assert events[3].as_dict().keys() == {"kind", "time", "worker", "code", "message"}
    assert sorted(event.time for event in events) == [event.time for event in events]


def test_tasks_may_be_added_on_the_way_and_workers_stay_for_the_next_run() -> None:
    pool = ScriptedPool(1)
    dispatcher = Dispatcher(pool)
    seen = []
    for outcome in dispatcher.run(tasks(1)):
        seen.append(outcome.key)
        if outcome.key == "1":
            dispatcher.add(tasks(2))
    assert seen == ["1", "2"]
    assert [outcome.key for outcome in dispatcher.run(tasks(3))] == ["3"]
    assert len(pool.queues) == 1


def test_two_tasks_of_one_key_are_refused() -> None:
    with pytest.raises(ValueError, match="two tasks have the key '1'"):
        dispatch(tasks(1, 1), ScriptedPool(1))


def test_broken_off_run_leaves_no_busy_worker_and_no_task() -> None:
    pool = ScriptedPool(1)
    dispatcher = Dispatcher(pool)
    outcomes = dispatcher.run(tasks(*range(9)))
    next(outcomes)
    outcomes.close()
    assert not pool.queues[0]
    assert [outcome.key for outcome in dispatcher.run(tasks(3))] == ["3"]


class TestSetup:
    class Pool(ScriptedPool):
        """Its first ``bad`` workers fail to start."""

        bad = 0

        def start(self, lane: str) -> int:
            worker = super().start(lane)
            if worker < self.bad:
                self.reports[-1] = SetupFailed(worker=worker, failure=self.failure)
            return worker

        failure = Failure(code="CUDA", message="no memory on the device")

    def test_failed_starts_are_repeated(self) -> None:
        pool = self.Pool(1)
        pool.bad = 2
        assert dispatch(tasks(1), pool)["1"].ok

    def test_the_others_go_on_without_a_place_that_never_starts(self) -> None:
        pool = self.Pool(2)
        pool.bad = 3
        outcomes = dispatch(tasks(*range(9)), pool)
        assert all(outcome.ok for outcome in outcomes.values())

    def test_no_worker_at_all_is_an_error_with_its_cause(self) -> None:
        pool = self.Pool(2)
        pool.bad = 99
        with pytest.raises(WorkerSetupFailed, match="no worker can start: CUDA: no memory on the device"):
            dispatch(tasks(1, 2), pool)
        assert len(pool.queues) == 4

    def test_what_cannot_get_better_is_not_repeated(self) -> None:
        with (
            LocalPool(fail_setup) as pool,
            pytest.raises(WorkerSetupFailed, match="WEIGHTS_MISSING: face_mesh"),
        ):
            dispatch(tasks(1), pool)


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
            def __init__(self, shared: Any) -> None:
                pass

            def run(self, payload: Any) -> None:
                raise KeyboardInterrupt

        with LocalPool(Interrupts) as pool, pytest.raises(KeyboardInterrupt):
            dispatch(tasks(1, 2), pool)
