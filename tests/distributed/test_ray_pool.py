"""The promises of the dispatcher with real workers that really die."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lipsync_ray.distributed.dispatcher import Dispatcher
from lipsync_ray.distributed.events import Event
from lipsync_ray.distributed.machine import machine_id
from lipsync_ray.distributed.ray_cluster import RaySession
from lipsync_ray.distributed.ray_pool import describe_death
from lipsync_ray.distributed.session import Session
from lipsync_ray.distributed.settings import DispatchSettings
from lipsync_ray.distributed.tasks import Outcome, Task
from lipsync_ray.errors import WorkerSetupFailed
from lipsync_ray.fingerprint import code_version
from lipsync_ray.jobs.bench import Bench, BenchSpec
from lipsync_ray.jobs.site import SiteSpec
from tests.distributed import runners
from tests.distributed.driver import dispatch
from tests.distributed.runners import Order, Squares

NUMBERS = range(8)
EXPECTED = {str(n): n**2 for n in NUMBERS}


def orders(bad: int, harm: str, once: Path | None = None) -> list[Task]:
    return [
        Task(
            key=str(n),
            payload=Order(number=n, harm=harm if n == bad else "", once=once if n == bad else None),
        )
        for n in NUMBERS
    ]


def with_workers(session: Session, workers: int) -> Session:
    assert isinstance(session, RaySession)
    return replace(session, settings=replace(session.settings, workers=workers))


def results(outcomes: dict[str, Outcome]) -> dict[str, int]:
    return {key: outcome.result for key, outcome in outcomes.items() if outcome.ok}


@pytest.mark.parametrize("workers", [1, 2])
def test_results_do_not_depend_on_the_number_of_workers(two_workers: Session, workers: int) -> None:
    with with_workers(two_workers, workers).pool(Squares) as pool:
        assert pool.lanes() == {"cpu": workers}
        assert results(dispatch(orders(-1, ""), pool)) == EXPECTED


@pytest.mark.parametrize("harm", ["raise", "memory", "unpicklable", "segfault", "sigkill"])
def test_what_goes_wrong_once_is_done_again(two_workers: Session, tmp_path: Path, harm: str) -> None:
    with two_workers.pool(Squares) as pool:
        outcomes = dispatch(orders(3, harm, tmp_path / "done"), pool)
    assert results(outcomes) == EXPECTED
    assert {key: outcome.attempts for key, outcome in outcomes.items() if outcome.attempts != 1} == {"3": 2}


@pytest.mark.parametrize(
    ("harm", "code"), [("raise", "ValueError"), ("memory", "OUT_OF_MEMORY"), ("segfault", "WORKER_DIED")]
)
def test_what_goes_wrong_for_ever_fails_alone(two_workers: Session, harm: str, code: str) -> None:
    with two_workers.pool(Squares) as pool:
        outcomes = dispatch(orders(3, harm), pool)
    bad = outcomes.pop("3")
    assert results(outcomes) == {key: value for key, value in EXPECTED.items() if key != "3"}
    assert bad.failure is not None
    assert (bad.attempts, bad.failure.code) == (3, code)


@pytest.mark.parametrize("harm", ["sleep", "hold_gil", "stop"])
def test_stuck_task_is_killed_and_done_again(two_workers: Session, tmp_path: Path, harm: str) -> None:
    events: list[Event] = []
    with two_workers.pool(Squares) as pool:
        settings = DispatchSettings(timeout_s=2.0)
        assert (
            results(dispatch(orders(3, harm, tmp_path / "done"), pool, settings, events.append)) == EXPECTED
        )
    assert "worker_killed" in [event.kind for event in events]


def test_worker_killed_from_outside_in_the_middle_of_a_task(two_workers: Session, tmp_path: Path) -> None:
    pids: dict[int | None, int] = {}
    asleep = tmp_path / "asleep"

    def kill_when_it_sleeps(event: Event) -> None:
        if event.kind == "worker_started" and event.pid:
            pids[event.worker] = event.pid
        if event.kind == "started" and event.task == "3" and event.attempt == 1:
            while not asleep.exists():
                time.sleep(0.01)
            os.kill(pids[event.worker], signal.SIGKILL)

    with two_workers.pool(Squares) as pool:
        outcomes = dispatch(orders(3, "sleep", asleep), pool, on_event=kill_when_it_sleeps)
    assert results(outcomes) == EXPECTED
    assert outcomes["3"].attempts == 2


def test_shared_input_is_mapped_read_only(two_workers: Session) -> None:
    with two_workers.pool(Squares, shared={"offset": np.full(1 << 20, 7)}) as pool:
        tasks = [
            Task(key="use", payload=Order(number=2)),
            Task(key="change", payload=Order(number=2, harm="write")),
        ]
        outcomes = dispatch(tasks, pool)
    assert outcomes["use"].result == 11
    assert outcomes["change"].failure is not None
    assert "read-only" in outcomes["change"].failure.message


def test_workers_stay_within_their_threads(two_workers: Session) -> None:
    with with_workers(two_workers, 1).pool(runners.Environment) as pool:
        outcomes = dispatch([Task(key="a", payload=None)], pool)
    assert outcomes["a"].result == ("1", 0)


def test_opencv_keeps_to_one_thread_also_where_a_worker_may_have_two(
    two_workers: Session, tmp_path: Path
) -> None:
    assert isinstance(two_workers, RaySession)
    wide = replace(two_workers, settings=replace(two_workers.settings, workers=1, num_cpus=2.0))
    shared = BenchSpec(site=SiteSpec(root=str(tmp_path), home=machine_id()), code=code_version())
    with wide.pool(Bench, shared=shared) as pool:
        outcomes = dispatch([Task(key="a", payload=runners.CountThreads())], pool)
    assert outcomes["a"].result.value == (2, 1)


def test_workers_survive_from_run_to_run(two_workers: Session) -> None:
    started: list[Event] = []
    with two_workers.pool(Squares) as pool:
        dispatcher = Dispatcher(
            pool, on_event=lambda e: started.append(e) if e.kind == "worker_started" else None
        )
        for _ in range(3):
            assert len(list(dispatcher.run(orders(-1, "")))) == len(NUMBERS)
    assert len(started) <= 2


class TestSetup:
    def test_cause_reaches_the_user(self, two_workers: Session) -> None:
        with (
            two_workers.pool(runners.fail_setup) as pool,
            pytest.raises(WorkerSetupFailed, match="WEIGHTS_MISSING: face_mesh"),
        ):
            dispatch(orders(-1, ""), pool)

    def test_crashing_is_given_up(self, two_workers: Session) -> None:
        with (
            with_workers(two_workers, 1).pool(runners.crash_setup) as pool,
            pytest.raises(WorkerSetupFailed, match="killed or crashed"),
        ):
            dispatch(orders(-1, ""), pool)

    def test_hanging_is_given_up(self, two_workers: Session) -> None:
        with (
            with_workers(two_workers, 1).pool(runners.hang_setup) as pool,
            pytest.raises(WorkerSetupFailed, match="set-up took longer"),
        ):
            dispatch(orders(-1, ""), pool, DispatchSettings(setup_timeout_s=0.5, max_setup_failures=1))

    def test_one_crash_is_made_good(self, two_workers: Session, tmp_path: Path) -> None:
        with two_workers.pool(runners.flaky_setup, shared=tmp_path / "done") as pool:
            assert results(dispatch(orders(-1, ""), pool)) == EXPECTED


def test_out_of_memory_death_carries_a_hint() -> None:
    from ray.exceptions import OutOfMemoryError

    failure = describe_death(OutOfMemoryError("Task was killed due to the node running low on memory."))
    assert failure.code == "OUT_OF_MEMORY"
    assert "ray.workers" in failure.message
