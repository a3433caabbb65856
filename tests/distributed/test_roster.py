"""What events tell of workers is what the dispatcher has."""

from __future__ import annotations

from lipsync_ray.distributed.dispatcher import Dispatcher
from lipsync_ray.distributed.events import Event
from lipsync_ray.distributed.roster import Roster
from lipsync_ray.distributed.settings import DispatchSettings
from lipsync_ray.distributed.tasks import Task
from tests.distributed.scripted import ScriptedPool, tasks


def test_events_bear_the_lane_machine_and_process_of_their_worker() -> None:
    roster, heard = Roster(), []
    pool = ScriptedPool({"cpu": 1, "gpu": 1}, {"2": ["die"], "3": ["error"]})
    dispatcher = Dispatcher(pool, on_event=lambda event: heard.append(roster.note(event)), clock=pool.clock)
    list(dispatcher.run([*tasks(1), *tasks(2, 3, lane="gpu")]))
    of_tasks = [event for event in heard if event.task]
    assert {event.lane for event in of_tasks if event.task in ("2", "3")} == {"gpu"}
    assert all(event.node == f"node-{event.worker}" and event.pid == event.worker for event in of_tasks)
    lost = next(event for event in heard if event.kind == "requeued" and event.task == "2")
    assert (lost.code, lost.lane, lost.node) == ("WORKER_DIED", "gpu", f"node-{lost.worker}")


def test_the_census_is_that_of_the_crew_after_every_event() -> None:
    roster = Roster()
    fates = {"3": ["die", "suspect"], "4": ["error"], "5": ["suspect"], "6": ["preempted"]}
    pool = ScriptedPool(3, fates, seconds=lambda worker, key: 60.0 if (worker, key) == (0, "9") else 1.0)
    seen: list[dict[str, int]] = []

    def note(event: Event) -> None:
        roster.note(event)
        census = {state: count for (_, state), count in roster.census().items()}
        assert sum(census.values()) <= 3
        seen.append(census)

    dispatcher = Dispatcher(pool, DispatchSettings(max_attempts=5), note, pool.clock)
    list(dispatcher.run(tasks(*range(1, 30))))
    assert max(census.get("busy", 0) for census in seen) == 3
    assert seen[-1].get("busy", 0) == 0
    assert any(census.get("suspect") for census in seen)


def test_a_worker_whose_twin_was_faster_is_idle_again() -> None:
    roster, heard = Roster(), list[tuple[str, int]]()
    times = {"9": [50.0, 1.0], "more": [100.0]}
    pool = ScriptedPool(2, seconds=lambda worker, key: times[key].pop(0) if times.get(key) else 1.0)

    def note(event: Event) -> None:
        roster.note(event)
        heard.append((event.kind, roster.census()["cpu", "busy"]))

    dispatcher = Dispatcher(pool, on_event=note, clock=pool.clock)
    for outcome in dispatcher.run(tasks(*range(1, 10))):
        if outcome.key == "9":
            dispatcher.add([Task(key="more", payload="more")])
    assert ("doubled", 1) in heard
    assert ("unneeded", 1) in heard  # only "more" still runs
