"""From what a run said and took to stages, Ray's start, medians and tables."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lipsync_ray.bench.costs import Cost, dub_cost
from lipsync_ray.bench.processes import Look, Watched
from lipsync_ray.bench.rounds import Measured, Subject, measure
from lipsync_ray.bench.table import Source, short_tables, stage_table, whole_table
from lipsync_ray.distributed.ray_cluster import OPENING, ray_session
from lipsync_ray.distributed.settings import RaySettings
from lipsync_ray.errors import ConfigError
from lipsync_ray.sidecar import StageTime

SOURCE = Source(clip="a.mp4", seconds=10, fps=25, size="1280x720", face="49 %", preset="medium", cpus=2)


def watched(*events: tuple[str, float, str], opened: float | None = None) -> Watched:
    """A run of 20 s that takes 1 s of CPU a second, and what it logged."""
    lines = [] if opened is None else [(opened, f"lipsync_ray: debug: {OPENING} (local)")]
    for kind, moment, task in events:
        told = {"kind": kind, "time": moment, "task": task}
        lines.append((moment, f"lipsync_ray: debug: {told}"))
    looks = tuple(Look(time=float(moment), cpu=float(moment), rss=500) for moment in range(1, 20))
    return Watched(
        begun=0, ended=20, cpu=20, peak_rss=500, looks=looks, lines=(*lines, (20.0, "a.mp4: done")), noticed=8
    )


RUN = (
    ("worker_started", 4.0, ""),
    ("started", 4.0, "scan-0a89e3ae/00000000"),
    ("done", 6.0, "scan-0a89e3ae/00000000"),
    ("started", 6.0, "job/prepare"),
    ("started", 7.0, "job/chunk-00000"),
    ("started", 9.0, "job/seam-00001"),  # belongs to what runs
    ("started", 12.0, "job/aim"),
    ("started", 13.0, "job/look-00000000"),
    ("started", 15.0, "job/finish"),
    ("done", 18.0, "job/finish"),
)


@pytest.fixture
def sidecar(tmp_path: Path) -> Path:
    chunks = [{"seconds": {"decode": 0.25, "encode": 1.0}}, {"seconds": {"decode": 0.5}}]
    result = {"seconds": 10.0, "frames": 250, "digest": "d", "stages": {}}
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"chunks": chunks, "scan": "made", "result": result}))
    return path


def test_stages_follow_each_other_and_add_up_to_the_whole(sidecar: Path) -> None:
    cost = dub_cost(watched(*RUN), sidecar)
    spans = {name: took.wall_s for name, took in cost.stages.items()}
    assert spans == {
        "start": 4,
        "scan": 2,
        "prepare": 1,
        "render": 5,
        "review": 3,
        "stitch": 3,
        "end": 2,
    }
    assert sum(took.cpu_s for took in cost.stages.values()) == pytest.approx(cost.cpu_s)
    assert (cost.wall_s, cost.first_frame_s, cost.ray_start) == (20, 8, None)
    assert cost.told["busy_s"] == {"decode": 0.75, "encode": 1.0}


def test_the_start_of_ray_is_told_apart(sidecar: Path) -> None:
    cost = dub_cost(watched(*RUN, opened=1.5), sidecar)
    assert cost.ray_start == StageTime(wall_s=2.5, cpu_s=2.5)
    assert (cost.wall_s, cost.cpu_s) == (17.5, 17.5)
    assert cost.stages["start"] == StageTime(wall_s=1.5, cpu_s=1.5)
    assert cost.first_frame_s == 8  # as somebody who waits sees it


def test_ray_is_opened_with_those_words(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")  # where nobody listens
    with (
        caplog.at_level("DEBUG", "lipsync_ray"),
        pytest.raises(ConfigError),
        ray_session(RaySettings(cluster="auto")),
    ):
        pass
    assert OPENING in caplog.text


def test_a_known_video_has_no_scan(sidecar: Path) -> None:
    cost = dub_cost(watched(*(event for event in RUN if not event[2].startswith("scan"))), sidecar)
    assert "scan" not in cost.stages
    assert cost.stages["start"].wall_s == 6


def subject(name: str, costs: list[float], order: list[str]) -> Subject:
    left = iter(costs)

    def run() -> Cost:
        order.append(name)
        cpu = next(left)
        stages = {"render": StageTime(wall_s=cpu / 2, cpu_s=cpu)} if name == "dub" else {}
        return Cost(wall_s=cpu / 2, cpu_s=cpu, peak_rss=int(cpu * 1e8), stages=stages)

    return Subject(name=name, cache="cold" if name == "dub" else "", command=(name,), run=run)


def turns() -> tuple[list[Measured], list[str]]:
    """A machine that is twice as slow in the second round."""
    order: list[str] = []
    pair = [subject("transcode", [10, 20, 10], order), subject("dub", [30, 60, 25], order)]
    return measure(pair, 3, begun=lambda text: None), order


def test_runs_take_turns_and_are_compared_within_a_round() -> None:
    found, order = turns()
    assert order == ["transcode", "dub"] * 3
    assert [one.ratio for one in found] == [1, 3]  # of 3, 3 and 2.5
    assert found[1].median.cpu_s == 30
    plain = json.loads(json.dumps(found[1].to_plain()))
    assert [run["cpu_s"] for run in plain["runs"]] == [30, 60, 25]
    assert plain["median"]["cpu_over_transcode"] == 3
    assert plain["command"] == ["dub"]


def test_tables_give_seconds_for_a_second_of_video() -> None:
    found, _ = turns()
    pairs = [(SOURCE, one) for one in found]
    head, line, plain, dub = whole_table(pairs).splitlines()
    assert "| CPU s/s | CPU / transcode | first frame s |" in head
    assert line.startswith("|---|--:|--:|---|---|---|--:|---|---|--:|")
    assert plain.startswith(
        "| a.mp4 | 10 | 25 | 1280x720 | 49 % | medium | 2 | transcode |  | 0.50 | 1.00 | 1.00 |"
    )
    assert dub.endswith("| dub | cold | 1.50 | 3.00 | 3.00 |  |  | 3000 |")
    assert stage_table(pairs).splitlines()[2].endswith("|  |  |  | 3.000 (1.500) |  |  |  |")  # render alone
    whole, stages = short_tables(SOURCE, found)
    assert len(whole.splitlines()) == 4
    assert stages.splitlines()[2] == "| render | 3.000 | 1.500 | 100% |"
