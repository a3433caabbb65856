"""The verb plan on real files: what a video shows, what a dub would take, who cannot be dubbed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from lipsync_ray.batch.ledger import read_ledger
from lipsync_ray.cli import main
from tests.conftest import ROOT
from tests.faults.files import make_sound

HERE = ("ray.cluster=none", "cache.dir=cache")
SIZE = 256


def person() -> np.ndarray:
    face = cv2.imread(str(ROOT / "examples" / "portrait.png"))
    assert face is not None
    return cv2.resize(face, (SIZE, SIZE), interpolation=cv2.INTER_AREA)


def pictures() -> Iterator[np.ndarray]:
    """A shot of one person, one of nobody, one of two: 24, 20 and 24 frames of 512x256."""
    face = person()
    for number in range(68):
        if number < 24:
            picture = np.full((SIZE, 2 * SIZE, 3), 90, np.uint8)
            picture[:, SIZE // 2 : SIZE // 2 + SIZE] = face
        elif number < 44:
            rows = np.linspace(0, 250, SIZE, dtype=np.uint8)[:, None, None]
            picture = np.broadcast_to(rows, (SIZE, 2 * SIZE, 3)).copy()
        else:
            small = cv2.resize(face, (200, 200), interpolation=cv2.INTER_AREA)
            picture = np.full((SIZE, 2 * SIZE, 3), 160, np.uint8)
            picture[:, :SIZE] = face[:, ::-1]
            picture[56:, SIZE + 56 :] = small
        yield np.clip(np.roll(picture, number % 3, 1).astype(int) + number % 5, 0, 255).astype(np.uint8)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    with av.open("talk.mp4", "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast", "crf": "15"})
        stream.width, stream.height, stream.pix_fmt = 2 * SIZE, SIZE, "yuv420p"
        for picture in pictures():
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "bgr24")))
        container.mux(stream.encode())
    make_sound(tmp_path / "dub.wav", 3.5)
    (tmp_path / "junk.mp4").write_text("no video")
    return tmp_path


def test_shots_speakers_and_what_to_look_after(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["plan", "video=talk.mp4", "audio=dub.wav", *HERE, "--strip=shots.jpg"]
    assert main([*command, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    one, nobody, two = told["shots"]
    assert [(shot["start"], shot["stop"]) for shot in told["shots"]] == [(0, 24), (24, 44), (44, 68)]
    assert [len(shot["faces"]) for shot in told["shots"]] == [1, 0, 2]
    assert (one["dubbed"], nobody["dubbed"], two["dubbed"]) == (1.0, 0.0, 1.0)
    assert nobody["speakers"] == []
    assert nobody["left_alone"] == {"none": 1.0}
    assert two["speakers"][0] in two["faces"]
    assert two["width_px"] == pytest.approx(one["width_px"], rel=0.1)  # the larger of the two
    assert told["video"]["bit_depth"] == 8
    assert told["video"]["rate"] == "25, constant"
    assert told["output"]["lengths"] == "the last 0.78 s of the sound are cut"
    assert told["sound"]["speech"] > 0.5
    warned = " ".join(told["warnings"])
    assert "no face is seen in 29%" in warned
    assert "several faces in shot 2: the largest one speaks; face.select" in warned
    assert "0.78 s longer than the video" in warned
    assert "sync.mode=silence" in warned
    strip = cv2.imread("shots.jpg")
    assert strip is not None
    blue, green, red = (strip[..., channel].astype(int) for channel in range(3))
    framed = (green - red > 90) & (green - blue > 70)
    assert [bool(part.any()) for part in np.hsplit(framed, 3)] == [True, False, True]

    assert main(command) == 0
    page = capsys.readouterr().out
    assert "1     0.96 s  1.76 s  0      nobody" in page
    assert "warning: the sound is 0.78 s longer" in page
    assert "estimate\n  about " in page


def test_what_a_dub_took_corrects_the_estimate(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lipsync_ray.triage.pace.LEAST_S", 0.01)  # a dub as short as this one tells little
    job = ["video=talk.mp4", "audio=dub.wav", *HERE, "engine=tests.faults.engines:Slow"]
    assert main(["plan", *job]) == 0
    assert "unknown: this engine has not finished a dub" in capsys.readouterr().out
    assert main(["run", *job, "out=out.mp4"]) == 0
    sidecar = json.loads(Path("out.json").read_text())
    capsys.readouterr()
    assert main(["plan", *job, "--json"]) == 0
    estimate = json.loads(capsys.readouterr().out)["estimate"]
    stages = sidecar["result"]["stages"]
    took = sum(stages[name]["cpu_s"] for name in ("prepare", "render", "review"))
    assert estimate["cpu_s"] == pytest.approx(took, rel=0.5, abs=0.6)
    assert estimate["learnt"]


def test_a_backlog_is_judged_and_what_cannot_be_dubbed_comes_first(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        {"id": "good", "video": "talk.mp4", "audio": "dub.wav"},
        {"id": "bad", "video": "junk.mp4", "audio": "dub.wav"},
        {"id": "left", "video": "talk.mp4", "audio": "dub.wav", "face.select": "left"},
    ]
    Path("backlog.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    Path("strips").mkdir()
    words = ["manifest=backlog.jsonl", *HERE]
    assert main(["plan", *words, "--strip=strips"]) == 2
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("bad cannot be dubbed: VIDEO_UNREADABLE: ")
    assert lines[1].split()[0] == "ID"
    assert [line.split()[0] for line in lines[2:4]] == ["good", "left"]
    assert lines[-1].startswith("3 jobs, 1 of them cannot be dubbed, 5.4 s of video, about ")
    assert sorted(path.name for path in Path("strips").iterdir()) == ["good.jpg", "left.jpg"]
    assert main(["plan", *words, "--json"]) == 2
    told = json.loads(capsys.readouterr().out)
    assert [job["id"] for job in told["jobs"]] == ["good", "bad", "left"]
    assert told["totals"]["cannot"] == 1

    # The ledger of the run holds both what was expected and what it took.
    assert main(["batch", *words, "out_dir=out", "encode.preset=ultrafast", "quality.enabled=false"]) == 2
    found = {row.id: row for row in read_ledger("out")}
    for id in ("good", "left"):
        assert found[id].expected_cpu_s > 0
        assert found[id].cpu_s > 0
    assert (found["good"].scan, found["left"].scan) == ("reused", "reused")


def test_brackets_in_a_name_are_no_pattern(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "talk.mp4").rename(folder / "talk [1].mp4")
    assert main(["plan", "video=talk [1].mp4", "audio=dub.wav", *HERE]) == 0
    assert "talk [1].mp4" in capsys.readouterr().out
