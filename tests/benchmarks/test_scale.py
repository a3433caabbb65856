"""The simulation of clusters: the same dispatcher, on virtual time."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from calibrate import Clip, Trace, predict
from costs import Costs, Machines, Rate
from simulate import Run, Scenario, bounds, simulate
from videos import Video, make_videos
from world import Pipe, World

from lipsync_ray.config import Config
from lipsync_ray.distributed.events import Event
from lipsync_ray.overrides import load_config

ROOT = Path(__file__).resolve().parents[2]
EVEN = {"noise": 0.0, "chunk": Rate(fixed=0.5, frame=0.045)}


@pytest.fixture(scope="module")
def config() -> Config:
    return load_config(["video=-", "audio=-", "out=-.mp4", "chunk.overlap=4", "quality.enabled=false"])


@pytest.fixture
def scenario(config: Config) -> Scenario:
    """Twenty videos on two equal nodes that stay."""
    return Scenario(
        videos=make_videos(20, median=30.0, seed=3),
        machines=Machines(nodes=2, slow_share=0.0),
        costs=replace(Costs(), **EVEN),
        config=config,
    )


def history(scenario: Scenario) -> tuple[Run, list[tuple[str, str | None, int | None]]]:
    events: list[Event] = []
    run = simulate(scenario, events.append)
    return run, [(event.kind, event.task, event.worker) for event in events]


def check_whole(scenario: Scenario, run: Run) -> None:
    assert sorted(run.ended) == sorted(video.place for video in scenario.videos)
    for video in scenario.videos:
        ended = run.ended[video.place]
        assert ended.error is None
        assert ended.result.frames == int(ended.result.digest) == video.frames


def test_a_seed_tells_all_that_happens(scenario: Scenario) -> None:
    spot = Machines(nodes=3, slow_share=0.3, lifetime=400.0)
    chancy = replace(scenario, machines=spot, costs=replace(scenario.costs, noise=0.3))
    once, again, other = (history(replace(chancy, seed=seed)) for seed in (1, 1, 2))
    assert once[1] == again[1]
    assert once[0].makespan == again[0].makespan
    assert once[1] != other[1]


@pytest.mark.parametrize("seed", range(4))
def test_every_job_ends_once_however_nodes_are_lost(scenario: Scenario, seed: int) -> None:
    spot = Machines(nodes=3, slow_share=0.3, lifetime=150.0, replacement=40.0)
    lossy = replace(scenario, machines=spot, seed=seed)
    run, events = history(lossy)
    check_whole(lossy, run)
    assert run.pool.nodes_lost > 3
    assert run.pool.usage["gpu"].lost > 0
    done = [task for kind, task, _ in events if kind == "done"]
    assert len(done) == len(set(done))
    assert not [task for kind, task, _ in events if kind == "failed"]


def test_nothing_is_faster_than_can_be(scenario: Scenario) -> None:
    for nodes in (1, 2, 5, 20):
        many = replace(scenario, machines=replace(scenario.machines, nodes=nodes))
        run = simulate(many)
        check_whole(many, run)
        assert bounds(many).ideal <= run.makespan
        for usage in run.pool.usage.values():
            assert usage.computing + usage.fetching + usage.lost <= usage.there


def test_two_nodes_are_nearly_twice_as_fast_as_one(scenario: Scenario) -> None:
    two = simulate(scenario)
    one = simulate(replace(scenario, machines=replace(scenario.machines, nodes=1)))
    assert 1.7 < one.makespan / two.makespan < 2.0


def test_one_worker_takes_the_sum_of_its_tasks(config: Config) -> None:
    video = Video(place="clip", frames=1500)
    costs = replace(Costs(), **EVEN)
    free = Machines(
        nodes=1, slots={"cpu": 1}, start={"cpu": 7.0}, slow_share=0.0, round_trip=0.0, call=0.0,
        node_bandwidth=1e15, store_bandwidth=1e15, driver_bandwidth=1e15,
        driver_step=0.0, driver_task=0.0, driver_worker=0.0,
    )  # fmt: skip
    plain = replace(config, chunk=replace(config.chunk, overlap=0))
    run = simulate(
        Scenario(videos=[video], machines=free, costs=costs, config=plain, store=False, probe=False)
    )
    kinds = {"examine": 1, "scan": 6, "prepare": 1, "chunk": 6, "finish": 1}
    assert run.pool.done == kinds
    rates = {kind: getattr(costs, kind) for kind in kinds}
    assert run.makespan == pytest.approx(
        7.0 + sum(rates[kind].fixed * count + rates[kind].frame * 1500 for kind, count in kinds.items())
    )


def test_gpus_do_not_wait_until_the_longest_video_is_prepared(scenario: Scenario) -> None:
    videos = [Video(place="film", frames=90_000), *scenario.videos]
    first: list[Any] = []

    def hear(event: Event) -> None:
        if event.kind == "done" and event.task and ("chunk-" in event.task or "prepare" in event.task):
            first.append(event.task)

    simulate(replace(scenario, videos=videos), hear)
    drawn = next(number for number, task in enumerate(first) if "chunk-" in task)
    assert drawn < first.index("film/prepare")


def test_the_next_video_is_ready_when_the_pieces_of_the_last_run_out(scenario: Scenario) -> None:
    fast = replace(scenario.costs, chunk=Rate(fixed=0.3, frame=0.012))
    one = replace(scenario.machines, nodes=1, start={"cpu": 0.0, "gpu": 0.0})
    videos = [Video(place=f"{n}", frames=25 * (620 - n)) for n in range(8)]
    run = simulate(replace(scenario, videos=videos, costs=fast, machines=one))
    first = fast.scan.of(15_500) / 2 + fast.prepare.of(15_500)  # for which nothing can be drawn
    assert (
        run.makespan - first < 1.05 * bounds(replace(scenario, videos=videos, costs=fast, machines=one)).gpu
    )


def test_bytes_pass_one_after_the_other() -> None:
    pipe = Pipe(10.0)
    assert [pipe.send(0.0, 50), pipe.send(1.0, 50), pipe.send(20.0, 10)] == [5.0, 10.0, 21.0]
    assert pipe.carried == 110


def test_time_stands_where_the_driver_is() -> None:
    world, seen = World(), []
    world.at(3.0, seen.append)
    world.at(1.0, seen.append)
    world.occupy(2.0)
    world.advance(2.5, lambda: len(seen) > 1)
    assert (seen, world.now) == ([1.0], 2.5)
    world.advance(9.0, lambda: len(seen) > 1)
    assert (seen, world.now, world.driver_busy) == ([1.0, 3.0], 3.0, 2.0)


def test_a_prediction_is_made_of_what_tasks_took() -> None:
    rates = {"scan": 0.01, "prepare": 0.004, "chunk": 0.04, "finish": 0.001}
    trace = Trace(begun=0.0, ready=1.0, ended=90.0, rates=rates, shared=75.0)
    clip = Clip(folder=Path(), video=Path(), sound=Path(), frames=1500, words=())
    one, two = (predict(clip, workers, [trace]) for workers in (1, 2))
    assert one == pytest.approx(1500 * sum(rates.values()), rel=0.01)
    serial = 1500 * (rates["prepare"] + rates["finish"])
    assert two == pytest.approx(serial + (one - serial) / 2, rel=0.1)


def test_the_script_tells_a_row_for_each_number_of_nodes() -> None:
    command = [sys.executable, str(ROOT / "benchmarks/scale/run.py"), "--json", "--nodes", "1", "2"]
    told = subprocess.run(
        [*command, "--videos", "6", "--median", "20", "--spot", "--lifetime", "300"],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    rows = [json.loads(line) for line in told.splitlines()]
    assert [(row["nodes"], row["done"], row["videos"]) for row in rows] == [(1, 6, 6), (2, 6, 6)]
    assert all(row["ideal_s"] <= row["makespan_s"] for row in rows)
