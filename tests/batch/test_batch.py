"""The verbs batch, status and retry, on real files in one process."""

from __future__ import annotations

import json
import shutil
import wave
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from lipsync_ray.batch.ledger import read_ledger
from lipsync_ray.cli import main
from lipsync_ray.errors import StorageError
from lipsync_ray.media.glance import Glance, glance_at_video
from lipsync_ray.storage.whole import content_hash
from tests.conftest import ROOT

HERE = ("ray.cluster=none", "encode.preset=ultrafast", "quality.enabled=false", "chunk.seconds=0.3")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two portraits with two short dubs each, and a file that is no video."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dubs").mkdir()
    (tmp_path / "in").mkdir()
    with wave.open(str(ROOT / "examples" / "hello.wav")) as whole:
        frames, parameters = whole.readframes(int(1.2 * whole.getframerate())), whole.getparams()
    half = len(frames) // 2
    for name, part in (("en", frames[:half]), ("es", frames[half:]), ("long", frames)):
        with wave.open(str(tmp_path / "dubs" / f"{name}.wav"), "wb") as cut:
            cut.setparams(parameters)
            cut.writeframes(part)
    for name in ("anna", "bert"):
        shutil.copy(ROOT / "examples" / "portrait.png", tmp_path / "in" / f"{name}.png")
    # One byte more makes another file of the same picture.
    with (tmp_path / "in" / "bert.png").open("ab") as file:
        file.write(b"\0")
    (tmp_path / "in" / "junk.mp4").write_text("no video")
    return tmp_path


def manifest(folder: Path, *rows: dict[str, str]) -> str:
    path = folder / "backlog.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return f"manifest={path}"


def job(id: str, video: str, audio: str, **more: str) -> dict[str, str]:
    return {"id": id, "video": f"in/{video}", "audio": f"dubs/{audio}.wav", **more}


def batch(*words: str) -> int:
    return main(["batch", "out_dir=out", "cache.dir=cache", *HERE, *words])


def test_a_backlog_is_worked_off_and_what_is_done_is_not_done_twice(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        job("anna.en", "anna.png", "en"),
        job("anna.es", "anna.png", "es"),
        job("bert.en", "bert.png", "en", **{"encode.crf": "30"}),
        job("junk", "junk.mp4", "en"),
    ]
    given = manifest(folder, *rows)
    assert batch(given) == 2
    shown = capsys.readouterr()
    assert "junk is quarantined: VIDEO_UNREADABLE" in shown.err
    assert "Traceback" not in shown.err
    found = {row.id: row for row in read_ledger("out")}
    assert {id: row.state for id, row in found.items()} == {
        "anna.en": "done", "anna.es": "done", "bert.en": "done", "junk": "quarantined",
    }  # fmt: skip
    assert [found[id].scan for id in ("anna.en", "anna.es", "bert.en")].count("made") == 2
    assert found["anna.en"].digest == found["bert.en"].digest
    assert found["anna.en"].digest != found["anna.es"].digest
    sidecar = json.loads((folder / "out/videos/bert.en.json").read_text())
    assert sidecar["settings"]["encode"]["crf"] == 30
    assert sidecar["result"]["digest"] == found["bert.en"].digest
    summary = json.loads((folder / "out/summary.json").read_text())
    assert summary["states"]["done"] == pq.read_table("out/ledger.parquet").num_rows - 1 == 3
    files = {path: path.stat().st_mtime_ns for path in (folder / "out/videos").iterdir()}
    assert len(files) == 6
    events = [json.loads(line) for line in (folder / "out/events.jsonl").read_text().splitlines()]

    assert batch(given, "quality.min_r=0.9", "preview.frames=3") == 2  # options that change no dub
    assert {path: path.stat().st_mtime_ns for path in (folder / "out/videos").iterdir()} == files
    later = [json.loads(line) for line in (folder / "out/events.jsonl").read_text().splitlines()]
    assert not [event for event in later[len(events) :] if event["kind"] == "worker_started"]

    (folder / "out/videos/anna.es.mp4").unlink()
    rows[0]["encode.crf"] = "35"
    assert batch(manifest(folder, *rows)) == 2
    changed = {path.name for path, before in files.items() if path.stat().st_mtime_ns != before}
    assert changed == {"anna.en.mp4", "anna.en.json", "anna.es.mp4", "anna.es.json"}


def test_retry_lets_quarantined_jobs_go_again(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = manifest(folder, job("anna", "anna.png", "en"), job("junk", "junk.mp4", "en"))
    assert batch(given) == 2
    # A picture, whatever its name; its age is the old one's, so that nobody notices.
    shutil.copy2(folder / "in" / "anna.png", folder / "in" / "junk.mp4")
    assert batch(given) == 2
    assert main(["retry", "out_dir=out", "id=anna"]) == 1
    assert "id=anna is done" in capsys.readouterr().err
    assert main(["retry", "out_dir=out"]) == 0
    assert batch(given) == 0
    capsys.readouterr()
    assert main(["status", "out_dir=out", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["states"] == {"waiting": 0, "running": 0, "done": 2, "failed": 0, "quarantined": 0}


def test_a_file_that_was_replaced_is_dubbed_anew(folder: Path) -> None:
    rows = [job("anna.en", "anna.png", "en"), job("anna.es", "anna.png", "es"), job("junk", "junk.mp4", "en")]
    given = manifest(folder, *rows)
    assert batch(given) == 2
    before = {row.id: row for row in read_ledger("out")}
    for name, place in (("source_hash", "in/anna.png"), ("audio_hash", "dubs/en.wav")):
        assert getattr(before["anna.en"], name) == content_hash(place)
    (folder / "dubs/en.wav").touch()  # the same sound
    shutil.copy(folder / "dubs/long.wav", folder / "dubs/es.wav")
    shutil.copy(folder / "in/bert.png", folder / "in/junk.mp4")
    assert batch(given) == 0
    after = {row.id: row for row in read_ledger("out")}
    assert after["anna.en"] == before["anna.en"]
    assert after["anna.es"].frames > before["anna.es"].frames
    assert (after["junk"].state, after["junk"].attempts) == ("done", 0)


def test_a_probe_that_may_go_well_another_time_is_tried_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []

    def busy_once(source: object, place: str) -> Glance:
        asked.append(Path(place).name)
        if asked == ["anna.png"]:
            raise StorageError("the store is busy")
        return glance_at_video(source, place)  # type: ignore[arg-type]

    monkeypatch.setattr("lipsync_ray.jobs.probe.glance_at_video", busy_once)
    given = manifest(folder, job("anna", "anna.png", "en"), job("bert", "bert.png", "en"))
    assert batch(given, "chunk.max_attempts=1") == 0
    assert asked == ["anna.png", "bert.png", "anna.png"]
    assert "anna failed and is tried again: STORAGE: the store is busy" in capsys.readouterr().err
    assert [(row.state, row.attempts) for row in read_ledger("out")] == [("done", 1), ("done", 0)]


def test_what_cannot_go_well_in_this_run_waits_for_the_next(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = manifest(folder, job("anna", "anna.png", "en", out="gone/anna.mp4"))
    assert batch(given) == 2
    assert "anna failed; the next run tries it again: OUTPUT_UNWRITABLE" in capsys.readouterr().err
    (folder / "gone").mkdir()
    assert batch(given) == 0


def test_patterns_and_a_limit(folder: Path) -> None:
    patterns = ("video=in/*.png", "audio=dubs/e?.wav", "out=out/{index:02d}.{video_name}.{audio_name}.{ext}")
    (folder / "dubs/es.wav").unlink()
    (folder / "out").mkdir()
    assert batch(*patterns, "--limit=1") == 0
    assert [row.state for row in read_ledger("out")] == ["done"]
    assert (folder / "out/01.anna.en.mp4").exists()
    assert batch(*patterns, "--limit", "2") == 0
    assert (folder / "out/02.bert.en.mp4").exists()


def test_a_job_that_fails_is_tried_again_then_set_aside(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOY_FAIL_FRAME", "25")
    monkeypatch.setenv("TOY_FAIL_UNTIL", str(folder / "mended"))
    given = manifest(folder, job("cursed", "anna.png", "long"), job("fine", "bert.png", "en"))
    words = ("engine=tests.toy_engines:FailsOnce", "chunk.max_attempts=1", "chunk.overlap=0")
    assert batch(given, *words) == 2
    row = next(row for row in read_ledger("out") if row.id == "cursed")
    assert (row.state, row.attempts, row.code) == ("quarantined", 2, "CHUNK_FAILED")
    assert "frame 25 is cursed" in row.message
    assert list((folder / "cache/jobs").iterdir())  # its finished chunks
    (folder / "mended").touch()
    assert main(["retry", "out_dir=out"]) == 0
    assert batch(given, *words) == 0
    row = next(row for row in read_ledger("out") if row.id == "cursed")
    assert row.chunks_reused > 0
    assert not list((folder / "cache/jobs").iterdir())


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "what shall be dubbed?"),
        (("manifest=backlog.jsonl", "video=x.mp4"), "exclude each other"),
        (("manifest=absent.jsonl",), "absent.jsonl"),
        (("video=in/*.avi", "audio=dubs/en.wav"), "no file fits video=in/*.avi"),
        (("video=in/*.png", "audio=dubs/en.wav", "--limit=0"), "limit=0"),
        (("video=in/*.png", "audio=dubs/en.wav", "encode.crff=3"), "encode.crff"),
    ],
)
def test_wrong_words_are_one_line(
    words: tuple[str, ...], says: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert batch(*words) == 1
    err = capsys.readouterr().err
    assert says in err
    assert len(err.splitlines()) == 1
    assert not (folder / "out").exists()
