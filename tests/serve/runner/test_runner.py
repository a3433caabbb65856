"""Jobs of the service, run in this process."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest

from lipsync_ray.provenance.verify import verify
from lipsync_ray.serve.shift import MOST_STARTS
from lipsync_ray.serve_settings import ServeSettings
from tests.faults.files import make_clip
from tests.serve.runner.conftest import Thread, Works


def test_each_kind_is_done_and_told_and_a_bad_file_fails_alone(works: Works, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_text("this is no video\n" * 100)
    dark = make_clip(tmp_path / "dark.mp4", 5, size=16)
    dub = works.job(container="mov", callback="https://example.com/x", calling="due")
    triage, mute = works.job("triage"), works.job("triage", silent=True)
    preview = works.job("preview", options={"preview.kind": "sheet", "preview.frames": 2})
    bad, empty = works.job(clip=broken), works.job("triage", clip=dark)
    with Thread(works=works):
        done = works.until_ended(dub, triage, mute, preview, bad, empty)
    assert [job.state for job in done] == ["done"] * 4 + ["failed"] * 2
    _check_dub(works, dub)
    _check_triage(works, triage)
    assert works.store.used_seconds("me", 0.0) == 0.96  # of the dub that was done, and of no other
    assert works.get(mute).result["sound"] is None  # type: ignore[index]
    assert works.get(mute).result["output"]["frames"] == 24  # type: ignore[index]
    shown = works.get(preview)
    assert works.places.preview(shown).stat().st_size == shown.result["bytes"]  # type: ignore[index]
    assert len(shown.result["frames"]) == 2  # type: ignore[index]
    assert [works.get(id).error_code for id in (bad, empty)] == ["VIDEO_UNREADABLE", "FACE_NONE"]
    for id in (bad, empty):
        assert "My clip.mp4" in works.get(id).error_message
        assert str(works.folder) not in works.get(id).error_message


def _check_dub(works: Works, id: str) -> None:
    job = works.get(id)
    result = job.result
    assert result is not None
    assert (result["frames"], result["chunks"], result["chunks_reused"]) == (24, 3, 0)
    assert works.places.result(job).stat().st_size == result["bytes"]
    assert job.progress["chunks"] == {"total": 3, "done": [0, 1, 2], "running": []}
    assert job.started is not None
    assert job.finished is not None
    assert (job.calling, job.call_after) == ("due", job.finished)
    assert (job.starts, job.seconds) == (1, 0.96)
    assert works.store.used_seconds("me", 0.0) == 0.96
    assert works.store.bytes_of("me") > result["bytes"]
    text = works.places.sidecar(job).read_text()
    assert str(works.folder) not in text
    told = json.loads(text)
    assert (told["settings"]["video"], told["settings"]["out"]) == ("My clip.mp4", "result.mov")
    signed = verify(str(works.places.result(job))).credentials
    assert signed is not None
    assert signed.title == "result.mov"
    assert {"My clip.mp4", "My voice.wav"} <= set(signed.ingredients)


def _check_triage(works: Works, id: str) -> None:
    job = works.get(id)
    result = job.result
    assert result is not None
    (person,) = result["people"]
    assert (person["face"], person["share"], person["shots"]) == ("0", 1.0, 1)
    assert result["chosen"] == ["0"]
    assert result["estimate"]["cpu_s"] is None or result["estimate"]["cpu_s"] > 0
    picture = cv2.imread(str(works.places.face(job, 0)))
    assert picture is not None
    assert max(picture.shape) == 160
    assert works.places.strip(job).stat().st_size > 0
    assert "chunks" not in result["plan"]
    assert result["video"]["file"] == "My clip.mp4"


def test_limits_that_only_the_file_tells_are_held_before_faces_are_looked_for(works: Works) -> None:
    works.settings = ServeSettings(max_seconds=0.5)
    long = works.job()
    with Thread(works=works):
        works.until_ended(long)
    works.settings = ServeSettings(max_megapixels=0.01)
    large = works.job("triage")
    with Thread(works=works):
        works.until_ended(large)
    assert [works.get(id).error_code for id in (long, large)] == ["LIMIT"] * 2
    assert works.get(long).error_message == "My clip.mp4 has 1 s; 0.5 s are the most that is taken"
    assert not any((works.places.cache() / "scans").iterdir())


def test_what_another_runner_left_goes_on_and_a_second_one_stands_by(works: Works) -> None:
    left = works.job(starts=1, state="running")
    with Thread(works=works) as first, Thread(works=works) as second:
        works.until_ended(left)
        first.stop.set()
        first.thread.join()
        next_one = works.job()
        works.until_ended(next_one)
        assert second.thread.is_alive()
    assert [works.get(id).state for id in (left, next_one)] == ["done", "done"]
    assert works.get(left).starts == 2


def test_a_job_is_cancelled_on_its_way_and_one_that_is_stopped_waits_again(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOY_NAP", "0.5")  # of each batch: it is still drawn when it is stopped
    works.words = (*works.words[:-1], "engine=tests.faults.engines:Slow")
    works.settings = ServeSettings(max_running=1)
    wanted = works.job()
    with Thread(works=works):
        works.until(lambda: bool((works.get(wanted).progress.get("chunks") or {}).get("running")))
        works.store.change(wanted, cancel=True)
        works.until(lambda: works.get(wanted).ended)
        stopped = works.job()
        works.until(lambda: bool((works.get(stopped).progress.get("chunks") or {}).get("done")))
    assert works.get(wanted).state == "cancelled"
    assert not works.places.result(works.get(wanted)).exists()
    assert works.get(stopped).state == "queued"
    works.words = (*works.words[:-1], "engine=tests.faults.engines:Slow")
    with Thread(works=works):
        (done,) = works.until_ended(stopped)
    assert done.state == "done"
    assert done.starts == 1  # it was stopped in good order
    assert done.result is not None
    assert done.result["chunks_reused"] >= 1


def test_what_cannot_even_be_begun_fails_alone(works: Works) -> None:
    wrong, gone, good = works.job(options={"encode.crf": -5}), works.job(), works.job("preview")
    Path(works.places.source(works.get(gone))).unlink()
    with Thread(works=works):
        states = [job.state for job in works.until_ended(wrong, gone, good)]
    assert states == ["failed", "failed", "done"]
    assert works.get(wrong).error_code == "CONFIG"
    assert works.get(wrong).error_message.startswith("encode.crf=-5")


def test_consent_is_asked_of_what_draws_and_a_triage_may_look(works: Works) -> None:
    works.words = (*works.words, "policy.require_consent=true")
    look, mute = works.job("triage"), works.job()
    told = works.job("preview", options={"policy.consent": "contract 7"})
    with Thread(works=works):
        looked, refused, drawn = works.until_ended(look, mute, told)
    assert [job.state for job in (looked, refused, drawn)] == ["done", "failed", "done"]
    assert refused.error_code == "CONSENT_REQUIRED"


def test_who_only_looks_does_not_wait_for_dubs(works: Works) -> None:
    works.words = (*works.words[:-1], "engine=tests.faults.engines:Slow")
    works.settings = ServeSettings(max_running=1)
    first, second, look = works.job(), works.job(), works.job("triage")
    with Thread(works=works):
        works.until(lambda: works.get(look).ended)
        assert works.get(look).state == "done"
        assert works.get(first).state == "running"
        assert works.get(second).state == "queued"


def test_a_job_that_the_service_died_of_again_and_again_is_given_up(works: Works) -> None:
    deadly, other = works.job(starts=MOST_STARTS), works.job("triage", starts=MOST_STARTS - 1)
    with Thread(works=works):
        given_up, done = works.until_ended(deadly, other)
    assert (given_up.state, given_up.error_code) == ("failed", "WORKER_DIED")
    assert "My clip.mp4" in given_up.error_message
    assert done.state == "done"
