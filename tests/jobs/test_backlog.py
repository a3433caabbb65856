"""Jobs that come and go while others run, on workers of a script."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any

from lipsync_ray.distributed.dispatcher import Dispatcher
from lipsync_ray.distributed.tasks import Outcome, Task
from lipsync_ray.errors import ConfigError
from lipsync_ray.jobs.backlog import Backlog, Ended, Job
from lipsync_ray.jobs.course import Course
from lipsync_ray.progress import NullProgress
from tests.distributed.scripted import ScriptedPool


class Released:
    """A yard that only notes what is let go of."""

    def __init__(self) -> None:
        self.jobs: dict[str, bool] = {}
        self.busy: dict[str, bool] = {}

    def release(self, job: str, *, done: bool) -> None:
        self.jobs[job] = done

    def settle(self, busy_with: Callable[[str], bool]) -> None:
        self.busy = {job: busy_with(f"{job}/") for job in self.jobs}


class Bench:
    """A backlog on scripted workers."""

    def __init__(self, workers: int, seconds: float = 1.0) -> None:
        self.pool = ScriptedPool(workers, seconds=lambda worker, key: seconds)
        self.dispatcher = Dispatcher(self.pool, clock=self.pool.clock)
        self.yard = Released()
        self.backlog = Backlog(self.dispatcher, self.yard, ahead=8)  # type: ignore[arg-type]

    def job(self, name: str, *rounds: int) -> Job:
        """A job that asks for so many tasks in each of its rounds."""
        course = Course(None, self.yard, NullProgress())  # type: ignore[arg-type]
        return Job(name=name, course=course, steps=_steps(name, rounds))

    def began(self) -> list[str]:
        return [key for key, _ in self.pool.began]


def _steps(name: str, rounds: Sequence[int]) -> Generator[Sequence[Task], Outcome, Any]:
    for number, count in enumerate(rounds):
        asked = [Task(key=f"{name}/{number}-{piece}", payload=piece) for piece in range(count)]
        for _ in range(count):
            yield asked
            asked = []
    return name


def test_a_job_that_comes_while_others_run_is_begun_without_waiting_for_an_outcome() -> None:
    bench = Bench(2, seconds=60.0)
    came: list[float] = []

    def jobs() -> Iterator[Job | None]:
        yield bench.job("long", 1)
        while bench.pool.now < 5:
            yield None
        came.append(bench.pool.now)
        yield bench.job("late", 1)

    ended = [one.result for one in bench.backlog.run(jobs(), eager=True, beat_s=0.5)]
    assert ended == ["long", "late"]
    assert 5 <= came[0] < 6
    assert bench.pool.now < 70


def test_an_eager_backlog_asks_for_more_than_keeps_the_workers_busy() -> None:
    most = {}
    for eager in (False, True):
        bench, seen = Bench(1), []

        def jobs(bench: Bench = bench, seen: list[int] = seen) -> Iterator[Job]:
            for number in range(6):
                seen.append(len(bench.backlog.active))
                yield bench.job(f"j{number}", 20)

        assert len(list(bench.backlog.run(jobs(), eager=eager))) == 6
        most[eager] = max(seen)
    assert most[True] == 5
    assert most[False] < 5


def test_the_same_workers_take_what_comes_after_all_was_done() -> None:
    bench = Bench(2)
    for name in ("first", "second"):
        assert [one.result for one in bench.backlog.run([bench.job(name, 4)])] == [name]
    assert len(bench.pool.hands) == 2


def test_a_job_that_is_ended_gets_no_more_workers_and_the_others_go_on() -> None:
    bench = Bench(1)
    ended: list[Ended] = []
    jobs = [bench.job("ann", 10), bench.job("bob", 3)]
    for one in _with_end_after(bench, jobs, "ann", 2.0):
        ended.append(one)
    assert [(one.job.name, one.error is None) for one in ended] == [("ann", False), ("bob", True)]
    assert len([key for key in bench.began() if key.startswith("ann/")]) <= 4  # one ran, one was behind it
    assert bench.yard.jobs == {"ann": False, "bob": True}
    assert bench.yard.busy["ann"] is False


def test_what_was_ended_last_leaves_no_worker_busy() -> None:
    bench = Bench(2, seconds=1000.0)
    (ended,) = _with_end_after(bench, [bench.job("ann", 4)], "ann", 1.0)
    assert isinstance(ended.error, ConfigError)
    assert bench.pool.now < 5
    assert sorted(bench.pool.killed) == [0, 1]


def _with_end_after(bench: Bench, jobs: Sequence[Job], name: str, moment: float) -> Iterator[Ended]:
    def source() -> Iterator[Job | None]:
        yield from jobs
        ended = False
        while True:
            if bench.pool.now >= moment and not ended:
                ended = True
                bench.backlog.end(name, ConfigError("enough"))
            yield None

    return bench.backlog.run(source(), eager=True, beat_s=0.5)
