"""``events.jsonl`` of real batches: who did what, and what became of each job."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any, get_args

import pytest

from lipsync_ray.batch.ledger import read_ledger
from lipsync_ray.cli import main
from lipsync_ray.distributed.events import Event, Kind
from tests.clips import make_clip
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "observability.md").read_text(encoding="utf-8")
TOO_LONG = "is longer than the video"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A portrait, a file that is no video, and a video without a face that is shorter than its sound."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "examples" / "portrait.png", "anna.png")
    shutil.copy(ROOT / "examples" / "hello.wav", "dub.wav")
    make_clip("cfr", tmp_path / "bars")
    Path("junk.mp4").write_text("no video")
    videos = {"anna": "anna.png", "junk": "junk.mp4", "bars": next(tmp_path.glob("bars.*")).name}
    rows = [{"id": id, "video": video, "audio": "dub.wav"} for id, video in videos.items()]
    Path("backlog.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def batch(cluster: str) -> list[dict[str, Any]]:
    words = ("manifest=backlog.jsonl", "out_dir=out", "cache.dir=cache", cluster)
    assert main(["batch", *words, "encode.preset=ultrafast", "quality.enabled=false", "chunk.seconds=2"]) == 2
    return [json.loads(line) for line in Path("out/events.jsonl").read_text("utf-8").splitlines()]


@pytest.mark.parametrize("cluster", ["ray.cluster=none", "ray.cluster=local"])
def test_every_line_tells_who_did_what_and_jobs_tell_what_they_took(
    cluster: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    events = batch(cluster)
    shown = capsys.readouterr().err
    told = [line for line in shown.splitlines() if TOO_LONG in line]
    assert len(told) == 1
    assert told[0].startswith("lipsync_ray: warning: bars: the dub")
    assert "probe: 3/3" in shown
    (warning,) = [event for event in events if event["kind"] == "log" and TOO_LONG in event["message"]]
    assert (warning["job"], warning["piece"], warning["level"]) == ("bars", "examine", "warning")

    done = [event for event in events if event["kind"] == "done"]
    for event in done:
        assert {"run", "time", "worker", "lane", "node", "pid", "attempt", "seconds", "piece"} <= set(event)
        assert "job" in event or "scan" in event
    assert {event["piece"].partition("-")[0] for event in done if event.get("job") == "anna"} == {
        "probe", "examine", "prepare", "chunk", "finish",
    }  # fmt: skip
    failed = [(event["job"], event["piece"], event["code"]) for event in events if event["kind"] == "failed"]
    assert failed == [("junk", "probe", "VIDEO_UNREADABLE"), ("bars", "prepare", "FACE_NONE")]

    jobs = [(event["job"], event["kind"]) for event in events if event["kind"].startswith("job_")]
    assert sorted(jobs) == [
        ("anna", "job_done"), ("anna", "job_started"),
        ("bars", "job_quarantined"), ("bars", "job_started"),
        ("junk", "job_quarantined"),
    ]  # fmt: skip
    (end,) = [event for event in events if event["kind"] == "job_done"]
    row = next(row for row in read_ledger("out") if row.id == "anna")
    assert end["stages"] == {
        "scan": row.scan_s, "prepare": row.prepare_s, "render": row.render_s, "review": row.review_s,
        "finish": row.finish_s,
    }  # fmt: skip
    assert (end["seconds"], end["frames"], end["chunks"]) == (row.wall_s, row.frames, row.chunks)
    assert 0 < end["stages"]["render"] < end["seconds"]


def test_every_kind_and_field_is_documented(folder: Path) -> None:
    documented = set(re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", PAGE, re.MULTILINE))
    names = {name for cell in documented for name in re.findall(r"`(\w+)`", cell)}
    assert set(get_args(Kind)) <= names
    assert set(Event.__slots__) <= names
    events = batch("ray.cluster=none")
    assert {name for event in events for name in event} <= names
    assert {event["kind"] for event in events} <= names
