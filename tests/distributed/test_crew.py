"""Workers that come, cannot start, are replaced, or find more places; all on virtual time."""

from __future__ import annotations

import pytest

from lipsync_ray.distributed.crew import AGAIN_S
from lipsync_ray.distributed.dispatcher import Dispatcher
from lipsync_ray.distributed.events import Event
from lipsync_ray.distributed.local_pool import LocalPool
from lipsync_ray.distributed.settings import DispatchSettings
from lipsync_ray.distributed.tasks import Failure, Task
from lipsync_ray.errors import WorkerSetupFailed
from tests.distributed.driver import dispatch
from tests.distributed.runners import Order, Squares, fail_setup
from tests.distributed.scripted import ScriptedPool, run, tasks

NO_DEVICE = Failure(code="CUDA", message="no memory on the device")


class TestSetup:
    def test_failed_starts_are_repeated(self) -> None:
        pool = ScriptedPool(1, starts=lambda worker: NO_DEVICE if worker < 2 else None)
        assert run(tasks(1), pool)["1"].ok

    def test_the_others_go_on_without_a_place_that_never_starts(self) -> None:
        pool = ScriptedPool(2, starts=lambda worker: NO_DEVICE if worker else None)
        assert all(outcome.ok for outcome in run(tasks(*range(9)), pool).values())
        assert len(pool.hands) == 1 + 3

    def test_no_worker_at_all_is_an_error_with_its_cause(self) -> None:
        pool = ScriptedPool(2, starts=lambda worker: NO_DEVICE)
        with pytest.raises(WorkerSetupFailed, match="no worker can start: CUDA: no memory on the device"):
            run(tasks(1, 2), pool)
        assert len(pool.hands) == 4

    def test_failures_are_counted_lane_by_lane(self) -> None:
        pool = ScriptedPool({"cpu": 2, "gpu": 2}, starts=lambda worker: NO_DEVICE if worker % 2 else None)
        items = [Task(key=f"{lane} {n}", payload=n, lane=lane) for n in range(6) for lane in ("cpu", "gpu")]
        assert all(outcome.ok for outcome in run(items, pool).values())

    def test_one_lane_that_cannot_work_ends_the_run(self) -> None:
        pool = ScriptedPool({"cpu": 1, "gpu": 1}, starts=lambda worker: NO_DEVICE if worker else None)
        with pytest.raises(WorkerSetupFailed, match="CUDA"):
            run([*tasks(1), Task(key="draw", payload=0, lane="gpu")], pool)

    def test_a_place_that_was_given_up_is_tried_again_later(self) -> None:
        pool = ScriptedPool(2, starts=lambda worker: NO_DEVICE if 0 < worker < 4 else None)
        dispatcher = Dispatcher(pool, clock=pool.clock)
        assert all(outcome.ok for outcome in dispatcher.run(tasks(*range(9))))
        assert (dispatcher.places("cpu"), len(pool.hands)) == (1, 4)
        pool.now += AGAIN_S
        assert all(outcome.ok for outcome in dispatcher.run(tasks(*range(9))))
        assert (dispatcher.places("cpu"), len(pool.hands)) == (2, 5)

    def test_machines_that_leave_after_a_place_was_given_up_do_not_end_the_run(self) -> None:
        pool = ScriptedPool(2, {"5": ["die"]}, starts=lambda worker: NO_DEVICE if 0 < worker < 4 else None)
        dispatcher, outcomes = Dispatcher(pool, clock=pool.clock), []
        for outcome in dispatcher.run([Task(key=str(n), payload=n) for n in range(9)]):
            outcomes.append(outcome)
            if outcome.key == "3":
                pool.places["cpu"] = 1
        assert [outcome.ok for outcome in outcomes] == [True] * 9
        assert dispatcher.places("cpu") == 1

    def test_what_cannot_get_better_is_not_repeated(self) -> None:
        with (
            LocalPool(fail_setup) as pool,
            pytest.raises(WorkerSetupFailed, match="WEIGHTS_MISSING: face_mesh"),
        ):
            dispatch(tasks(1), pool)


class TestRecycling:
    def test_workers_are_replaced_after_their_share_and_nothing_is_lost(self) -> None:
        pool, events = ScriptedPool(2), list[Event]()
        outcomes = run(tasks(*range(40)), pool, DispatchSettings(recycle_after=5), events.append)
        assert all(outcome.ok and outcome.attempts == 1 for outcome in outcomes.values())
        assert len(outcomes) == len(pool.began) == 40
        did = [sum(worker == other for _, other in pool.began) for worker in pool.hands]
        assert max(did) <= 6  # one may have been handed out in advance
        assert sum(event.kind == "worker_recycled" for event in events) == len(pool.hands) - 2

    def test_the_worker_in_process_is_replaced_as_well(self) -> None:
        built: list[int] = []

        def build(shared: object, threads: int) -> Squares:
            built.append(len(built))
            return Squares(None, 1)

        items = [Task(key=str(n), payload=Order(number=n)) for n in range(7)]
        with LocalPool(build) as pool:
            outcomes = dispatch(items, pool, DispatchSettings(recycle_after=2, in_flight=1))
        assert {key: outcome.result for key, outcome in outcomes.items()} == {str(n): n**2 for n in range(7)}
        assert len(built) == 4


class TestPlaces:
    def test_places_that_come_later_get_workers(self) -> None:
        pool = ScriptedPool(1)
        for outcome in Dispatcher(pool, clock=pool.clock).run(tasks(*range(20))):
            if outcome.key == "15":
                pool.places["cpu"] = 3
        assert {worker for _, worker in pool.began} == {0, 1, 2}

    def test_there_are_no_more_workers_than_open_tasks(self) -> None:
        pool = ScriptedPool(8)
        run(tasks(1, 2), pool)
        assert len(pool.hands) == 2

    def test_a_cluster_without_room_is_told_once(self) -> None:
        events: list[Event] = []
        assert run(tasks(1), ScriptedPool(1, room_after=120.0), on_event=events.append)["1"].ok
        waiting = [event for event in events if event.kind == "waiting"]
        assert [event.message for event in waiting] == [
            "no worker has started yet: the cluster has no room for one"
        ]
