"""The verb: what it understands, and that it measures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lipsync_ray.bench.verb import read_request
from lipsync_ray.cli import main
from lipsync_ray.errors import ConfigError

Captured = pytest.CaptureFixture[str]


def test_without_words_it_needs_nothing() -> None:
    request = read_request([])
    assert (request.video, request.seconds, request.rounds) == (None, 4.0, 2)
    assert request.words == ("ray.cluster=none",)


def test_ray_is_there_for_those_who_name_it() -> None:
    request = read_request(["--rounds=3", "ray.workers=2", "video=a=b.mp4"])
    assert (request.video, request.rounds, request.words) == ("a=b.mp4", 3, ("ray.workers=2",))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["audio=a.wav"], "video is missing"),
        (["seconds=0"], "seconds=0: a number from 1 to 60"),
        (["rounds=many"], "rounds=many: a number from 1 to 20"),
        (["rounds=1.5"], "rounds=1.5: a whole number"),
        (["out=a.mp4"], "out=a.mp4: bench decides out itself"),
        (["cache.dir=a"], "cache.dir=a: bench decides cache.dir itself"),
        (["encode.codec=libx265"], "bench decides encode.codec itself"),
    ],
)
def test_what_makes_no_sense_is_refused(words: list[str], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        read_request(words)


def test_a_cluster_cannot_be_measured_from_here(capsys: Captured) -> None:
    assert main(["bench", "ray.cluster=auto"]) == 1
    assert "bench measures the processes of this machine" in capsys.readouterr().err


def test_it_makes_a_clip_and_measures_it(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["bench", "seconds=1", "rounds=1", "encode.preset=ultrafast", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["source"] | {"cpus": 0} == {
        "clip": "portrait",
        "seconds": 1.0,
        "fps": 25.0,
        "size": "1280x720",
        "face": "",
        "preset": "ultrafast",
        "cpus": 0,
    }
    plain, dub = (run["runs"][0] for run in told["runs"])
    assert 0 < plain["cpu_s"] < dub["cpu_s"]
    assert set(dub["stages"]) == {"start", "scan", "prepare", "render", "review", "stitch", "end"}
    for figure in ("cpu_s", "wall_s"):
        parts = sum(stage[figure] for stage in dub["stages"].values())
        assert parts == pytest.approx(dub[figure], abs=0.02)
    assert 0 < dub["first_frame_s"] < dub["wall_s"]
    assert dub["told"]["scan"] == "made"
    assert dub["peak_rss"] > 100e6
    assert told["machine"]["cpus"] >= 1
    assert list(tmp_path.iterdir()) == []
