"""What a person sees of a batch, on a terminal and in a log."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from lipsync_ray.bars import ConsoleProgress
from lipsync_ray.batch.eventlog import EventLog
from lipsync_ray.batch.view import BatchView
from lipsync_ray.batch.watch import Watch
from lipsync_ray.distributed.events import Event
from lipsync_ray.jobs.course import Account
from lipsync_ray.progress import LogProgress
from tests.batch.rows import row


class Clock:
    """A clock that the test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


def chunk(view: BatchView, job: str, number: int, kind: str = "done") -> None:
    view.event(Event(kind=kind, task=f"{job}/chunk-{number:05d}"))  # type: ignore[arg-type]


def test_a_log_tells_all_three_levels_in_a_line_at_most_every_five_seconds(
    clock: Clock, stream: io.StringIO
) -> None:
    log = LogProgress(stream, every=5.0, clock=clock)
    view = BatchView(log, clock)
    view.begin(7, 4)
    view.probing(4)
    for _ in range(3):
        view.probed()
    view.probed()
    view.failed(row("junk", state="quarantined", code="VIDEO_UNREADABLE", message="no picture"), again=False)
    view.dubbing(3, 30.0)
    view.costs(lambda: 0.125)
    jobs = {name: view.job(name, 10.0) for name in ("ann", "bob", "cid")}
    account = Account(chunks=4, chunks_reused=1)
    jobs["ann"].follow(account)
    jobs["bob"].stage("faces", 200)
    jobs["cid"].stage("prepare")
    jobs["ann"].stage("render", 100)
    for number in range(4):
        clock.now += 3.0
        chunk(view, "ann", number, "requeued" if number == 1 else "done")
        jobs["ann"].advance(20)
    jobs["bob"].advance(50)
    clock.now += 3.0
    view.done(row("ann", state="done"))
    view.failed(row("bob", state="failed", code="STORAGE", message="busy"), again=True)
    clock.now += 5.0
    view.done(row("cid", state="done"))
    view.dubbing(1, 10.0)
    view.job("bob", 10.0)
    clock.now += 20.0
    view.done(row("bob", state="done"))
    log.close()
    assert stream.getvalue().splitlines() == [
        "7 jobs, 3 of them settled before",
        "junk is quarantined: VIDEO_UNREADABLE: no picture",
        "probe: 4/4, 0.0 s",
        "dub: 39.0 s left, 1.50 s per second, 1 quarantined, 0.12 USD, 3 on their way; "
        "ann render 40% (2/4 chunks, 1 tried again), bob faces 0%, cid prepare",
        "dub: 33.0 s left, 1.50 s per second, 1 quarantined, 0.12 USD, 3 on their way; "
        "ann render 80% (4/4 chunks, 1 tried again), bob faces 0%, cid prepare",
        "bob failed and is tried again: STORAGE: busy",
        "dub: 3/3, 1.00 s per second, 1 quarantined, 0.12 USD, 20.0 s",
        "dub: 1/1, 2.00 s per second, 1 quarantined, 0.12 USD, 20.0 s",
    ]


def test_a_bar_for_the_batch_and_one_for_each_video_on_its_way(clock: Clock, stream: io.StringIO) -> None:
    console = Console(file=stream, force_terminal=True, width=120, height=9, color_system=None)
    with ConsoleProgress(console) as shown:
        view = BatchView(shown, clock)
        view.probing(5)
        view.dubbing(5, 50.0)
        for name in ("ann", "bob", "cid", "dan"):
            view.job(name, 10.0).stage("faces", 100)
        before = len(stream.getvalue())
        shown._bars.refresh()
        frame = stream.getvalue()[before:]
        assert "0/5" in frame
        assert "4 on their way" in frame
        assert "ann" in frame
        assert "cid" in frame
        assert "dan" not in frame  # nine lines have no room for it
        view.done(row("ann", state="done"))
        clock.now = 20.0
        before = len(stream.getvalue())
        shown._bars.refresh()
        frame = stream.getvalue()[before:]
        assert "1/5" in frame
        assert "1 min 20 s left, 2.00 s per second, 3 on their way" in frame
        assert "ann" not in frame
        assert "dan" in frame


def test_a_job_that_is_left_at_the_end_of_a_run_is_told_as_such(clock: Clock, stream: io.StringIO) -> None:
    events = io.StringIO()
    watch = Watch(BatchView(LogProgress(stream, clock=clock), clock), EventLog(events, "run1"))
    watch.begin([row("ann"), row("bob", state="done")], 1)
    watch.started(row("ann", state="running", attempts=1), 10.0)
    watch.stopped(row("ann", attempts=1))
    lines = [json.loads(line) for line in events.getvalue().splitlines()]
    told = [(line["kind"], line["job"], line["attempt"]) for line in lines]
    assert told == [("job_started", "ann", 2), ("job_stopped", "ann", 2)]
