"""Looking for faces while Ray starts: what it finds counts, what it has begun in vain costs nobody time."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from lipsync_ray import dubbing
from lipsync_ray.config import Config
from lipsync_ray.faces.models import load_models
from lipsync_ray.faces.ranges import scan_ranges
from lipsync_ray.faces.scan import ScanJob, ScannedRange, is_there, scan
from lipsync_ray.inputs import Inputs
from lipsync_ray.jobs import ahead
from lipsync_ray.jobs.ahead import HeadStart, head_start
from lipsync_ray.media.frame import Frame
from lipsync_ray.media.index import build_table
from lipsync_ray.overrides import load_config
from tests.test_dub import run

WAIT_S = 20.0


@pytest.fixture
def config(clip: Path, tmp_path: Path) -> Config:
    return load_config([f"video={clip}", f"cache.dir={tmp_path / 'cache'}", "ray.cluster=local"])


@pytest.fixture
def two_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "available_cpus", lambda: 2)


def job_of(config: Config) -> ScanJob:
    store = config.weights.store("any")
    return ScanJob(table=build_table(config.video), settings=config.face, weights=store)


class Stepwise(ScanJob):
    """Takes a frame each time it is let go on."""

    taken: list[int]
    at: int
    reached: threading.Event
    go_on: threading.Event

    def scan(self, frames: Iterator[Frame], wanted: Any, models: Any) -> ScannedRange:
        for frame in frames:
            self.taken.append(frame.index)
            if len(self.taken) == self.at:
                self.reached.set()
                self.go_on.wait(WAIT_S)
        raise ValueError("the end of the range")


def stepwise(config: Config, at: int) -> Stepwise:
    """A job that stops after so many frames."""
    known = job_of(config)
    job = Stepwise(table=known.table, settings=known.settings, weights=known.weights)
    facts = {"taken": [], "at": at, "reached": threading.Event(), "go_on": threading.Event()}
    for name, value in facts.items():
        object.__setattr__(job, name, value)
    return job


def test_what_it_finds_is_what_a_scan_finds(config: Config, tmp_path: Path) -> None:
    job, home = job_of(config), tmp_path / "early"
    ranges = scan_ranges(job.table)
    with HeadStart(job, home, ranges, load_models(job.weights, job.settings), alone=False) as early:
        early._thread.join(60)
        early.end()
    assert early.frames == len(job.table)
    assert early.cpu_s > 0
    known = scan(job.table, tmp_path / "usual", config.face, weights=job.weights)
    names = sorted(path.name for path in known.folder.iterdir())
    assert sorted(path.name for path in home.iterdir()) == names
    for name in names:
        assert (home / name).read_bytes() == (known.folder / name).read_bytes()


@pytest.mark.parametrize(
    ("alone", "share", "taken"), [(True, 0.3, 0.3), (True, 0.6, 1.0), (False, 0.6, 0.6), (False, 0.9, 1.0)]
)
def test_only_what_is_far_enough_is_waited_for(
    config: Config, tmp_path: Path, alone: bool, share: float, taken: float
) -> None:
    length = len(build_table(config.video))
    job = stepwise(config, at=round(share * length))
    with HeadStart(job, tmp_path, [(0, length)], cast(Any, None), alone=alone) as early:
        assert job.reached.wait(WAIT_S)
        threading.Timer(0.2, job.go_on.set).start()
        early.end()
    assert len(job.taken) == round(taken * length)
    assert early.frames == 0
    assert not list(tmp_path.iterdir())


def test_leaving_stops_it_at_the_next_frame(config: Config, tmp_path: Path) -> None:
    length = len(build_table(config.video))
    job = stepwise(config, at=round(0.8 * length))

    def interrupted() -> None:
        with HeadStart(job, tmp_path, [(0, length)], cast(Any, None), alone=True):
            assert job.reached.wait(WAIT_S)
            threading.Timer(0.2, job.go_on.set).start()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert len(job.taken) == job.at


@pytest.mark.usefixtures("two_cpus")
@pytest.mark.parametrize(
    "words",
    [
        ("ray.cluster=none",),
        ("ray.cluster=auto",),
        ("cache.enabled=false",),
        ("cache.dir=s3://bucket/cache",),
        ("video=s3://bucket/talk.mp4",),
        ("limits.memory_gb=4",),
        ("limits.cpu_s=60",),
        ("limits.file_gb=2",),
        ("media.static=true",),
    ],
    ids=lambda words: words[0].partition("=")[0],
)
def test_none_where_there_is_nothing_to_gain(clip: Path, tmp_path: Path, words: tuple[str, ...]) -> None:
    usual = [f"video={clip}", f"cache.dir={tmp_path}", "ray.cluster=local"]
    inputs = cast(Inputs, None)  # not even looked at
    with head_start(load_config([*usual, *words]), inputs) as early:
        assert early is None


def test_none_on_one_cpu(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "available_cpus", lambda: 1)
    with head_start(config, cast(Inputs, None)) as early:
        assert early is None


@pytest.mark.usefixtures("two_cpus")
def test_known_faces_are_not_looked_for_again(config: Config) -> None:
    table = build_table(config.video)
    inputs = cast(Inputs, _Known(table=replace(table, path="elsewhere"), source_hash="0" * 64))
    with head_start(config, inputs) as early:
        assert early is not None
        early._thread.join(60)
        early.end()
        assert early.frames == len(table)
        home = early._home
    assert all(is_there(home, wanted) for wanted in scan_ranges(table))
    assert {folder.stat().st_mode & 0o777 for folder in (home, home.parent)} == {0o700}
    with head_start(config, inputs) as again:
        assert again is None


def test_a_run_counts_what_was_found_before_it(
    clip: Path, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[bool] = []

    @contextmanager
    def found_all(config: Config, inputs: Inputs) -> Iterator[Any]:
        yield _Known(frames=len(inputs.table), cpu_s=12.5, end=lambda: ended.append(True))

    monkeypatch.setattr(dubbing, "head_start", found_all)
    result = run(clip, tmp_path / "out.mp4", cache)
    assert ended == [True]
    assert result.stages["scan"].cpu_s >= 12.5
    assert json.loads(Path(result.sidecar).read_text("utf-8"))["scan"] == "made"


class _Known:
    def __init__(self, **facts: Any) -> None:
        self.__dict__.update(facts)
