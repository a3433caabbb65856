"""A pool on virtual time: workers take the seconds they are told to, and fail by script."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any

from lipsync_ray.distributed.dispatcher import Dispatcher
from lipsync_ray.distributed.events import OnEvent, ignore
from lipsync_ray.distributed.local_pool import Held
from lipsync_ray.distributed.pool import Alive, Finished, Lost, Ready, Report, SetupFailed
from lipsync_ray.distributed.settings import DispatchSettings
from lipsync_ray.distributed.tasks import Failure, Outcome, Task

DEAD = Failure(code="WORKER_DIED", message="gone")
ERROR = Failure(code="ValueError", message="bad pixel")
HOPELESS = Failure(code="VIDEO_UNREADABLE", message="no picture", retriable=False)
NO_MEMORY = Failure(code="OUT_OF_MEMORY", message="no memory")
_FAILURES = {"error": ERROR, "hopeless": HOPELESS, "memory": NO_MEMORY}
_LONGEST_S = 100_000.0  # a simulation that gets here waits for ever


@dataclass(slots=True, kw_only=True)
class Running:
    """A task that a worker has."""

    key: str
    payload: Any
    fate: str = ""  # drawn when it begins
    ends: float | None = None  # None: has not begun


@dataclass(slots=True, kw_only=True)
class Hand:
    """A worker of the script."""

    lane: str
    node: str
    silent: bool = False
    tasks: deque[Running] = field(default_factory=deque)


class ScriptedPool:
    """Workers that give their payload back, or do what the script says when they begin a task.

    Args:
        lanes: workers by lane, or how many there are of lane ``cpu``; may be changed on the way.
        script: fates of a task's attempts: ``echo``, ``error``, ``hopeless``, ``memory``, ``die``,
            ``preempted``, ``suspect``, ``silent``.
        seconds: that a worker takes for a task, given both.
        answers: whether suspects answer a probe.
        starts: the failure of a worker's set-up, given its number; None: it succeeds.
        room_after: seconds before which no worker's process comes up.
    """

    def __init__(
        self,
        lanes: int | dict[str, int],
        script: Mapping[str, list[str]] | None = None,
        *,
        seconds: Callable[[int, str], float] = lambda worker, key: 1.0,
        answers: bool = True,
        starts: Callable[[int], Failure | None] = lambda worker: None,
        room_after: float = 0.0,
    ) -> None:
        self.now = 0.0
        self.places = {"cpu": lanes} if isinstance(lanes, int) else lanes
        self.script = {key: list(fates) for key, fates in (script or {}).items()}
        self.hands: dict[int, Hand] = {}
        self.gone: set[int] = set()
        self.began: list[tuple[str, int]] = []  # key and worker
        self.killed: list[int] = []
        self.deepest = 0
        self._seconds = seconds
        self._answers = answers
        self._starts = starts
        self._room_after = room_after
        self._reports: list[Report] = []

    def clock(self) -> float:
        return self.now

    def lanes(self) -> dict[str, int]:
        return dict(self.places)

    def share(self, value: Any) -> Held:
        return Held(value=value)

    def start(self, lane: str) -> int:
        worker = len(self.hands)
        self.hands[worker] = Hand(lane=lane, node=f"node-{worker}")
        self._reports.append(Alive(worker=worker, pid=worker, node=self.hands[worker].node))
        failure = self._starts(worker)
        if failure is None:
            self._reports.append(Ready(worker=worker))
        else:
            self.gone.add(worker)
            self._reports.append(SetupFailed(worker=worker, failure=failure))
        return worker

    def submit(self, worker: int, key: str, payload: Any) -> None:
        assert worker not in self.gone, f"{key} was given to worker {worker}, which is gone"
        tasks = self.hands[worker].tasks
        tasks.append(Running(key=key, payload=payload))
        self.deepest = max(self.deepest, len(tasks))
        self._begin(worker)

    def probe(self, worker: int) -> None:
        if self._answers:
            self._reports.append(Ready(worker=worker))

    def kill(self, worker: int) -> None:
        self.killed.append(worker)
        self._remove(worker)

    def wait(self, timeout_s: float | None) -> list[Report]:
        if not self._reports or self.now < self._room_after:
            self._pass_time(inf if timeout_s is None else timeout_s)
        if self.now < self._room_after:
            return []
        reports, self._reports = self._reports, []
        return reports

    def _begin(self, worker: int) -> None:
        hand = self.hands[worker]
        if not hand.tasks or hand.tasks[0].ends is not None:
            return
        first = hand.tasks[0]
        fates = self.script.get(first.key)
        first.fate = fates.pop(0) if fates else "echo"
        hand.silent = hand.silent or first.fate == "silent"
        first.ends = inf if hand.silent else self.now + self._seconds(worker, first.key)
        self.began.append((first.key, worker))

    def _pass_time(self, most: float) -> None:
        ends = [hand.tasks[0].ends or 0.0 for hand in self.hands.values() if hand.tasks]
        end = min([*ends, self.now + most])
        assert end < _LONGEST_S, "nothing happens any more"
        self.now = max(self.now, end)
        for worker, hand in self.hands.items():
            if hand.tasks and (hand.tasks[0].ends or 0.0) <= self.now:
                self._end(worker, hand)

    def _end(self, worker: int, hand: Hand) -> None:
        first = hand.tasks.popleft()
        if first.fate in ("die", "preempted", "suspect"):
            suspect = first.fate == "suspect"
            hand.tasks.clear()
            if not suspect:
                self._remove(worker)
            preempted = first.fate == "preempted"
            self._reports.append(Lost(worker=worker, failure=DEAD, preempted=preempted, suspect=suspect))
            return
        result = _FAILURES.get(first.fate, first.payload)
        self._reports.append(Finished(worker=worker, key=first.key, result=result))
        self._begin(worker)

    def _remove(self, worker: int) -> None:
        self.gone.add(worker)
        self.hands[worker].tasks.clear()
        self._reports = [report for report in self._reports if report.worker != worker]


def tasks(*numbers: int, lane: str = "cpu") -> list[Task]:
    """Tasks that are named after their payload and cost."""
    return [Task(key=str(n), payload=n, cost=n, lane=lane) for n in numbers]


def run(
    items: Iterable[Task],
    pool: ScriptedPool,
    settings: DispatchSettings | None = None,
    on_event: OnEvent = ignore,
) -> dict[str, Outcome]:
    """Outcomes by key, on the pool's time."""
    outcomes = list(Dispatcher(pool, settings, on_event, clock=pool.clock).run(items))
    assert len({outcome.key for outcome in outcomes}) == len(outcomes), "a task ended twice"
    return {outcome.key: outcome for outcome in outcomes}
