"""From files to a started dub, and what the page says where something is wrong."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.conftest import ROOT
from tests.serve.api.served import House, house
from tests.serve.page import scenes
from tests.serve.page.conftest import heading
from tests.serve.page.scenes import SOUND, Stage

VIDEO, AUDIO = "[data-place=video] input", "[data-place=audio] input"


def choose(page: Any, url: str, video: Path, sound: Path = SOUND) -> None:
    page.goto(url)
    page.set_input_files(VIDEO, str(video))
    page.set_input_files(AUDIO, str(sound))


def upload(page: Any) -> None:
    page.get_by_role("button", name="Upload and check").click()


def started(page: Any) -> dict[str, Any]:
    """Start a dub; what was asked for."""
    with page.expect_request(lambda request: request.method == "POST") as asked:
        page.get_by_role("button", name="Start dubbing").click()
    heading(page, "Dubbing")
    return asked.value.post_data_json


def test_files_become_a_dub_by_the_choices_of_a_person(stage: Stage, page: Any, moving: Path) -> None:
    choose(page, stage.url, moving)
    upload(page)
    heading(page, "Checking the files")
    job = stage.newest()
    assert page.url.endswith(f"#job={job.id}")
    assert (job.kind, job.video.name, job.video.bytes) == ("triage", moving.name, moving.stat().st_size)
    assert job.audio is not None
    assert job.audio.name == "hola.wav"

    stage.change(job.id, state="running", progress={"stage": "scan", "done": 3, "total": 75, "share": 0.04})
    page.get_by_text("3 of 75").wait_for()
    stage.change(job.id, state="done", result=scenes.triage(job.id))
    title = heading(page, "Ready, with something to look at")
    assert title.evaluate("title => title === document.activeElement")
    assert page.get_by_text("The last 0.90 s of the sound are cut.", exact=True).is_visible()
    assert page.get_by_text("8 % the face is turned away").is_visible()
    assert page.get_by_text("About 2 min once it runs").is_visible()
    assert page.get_by_role("checkbox", name="Person 1").is_checked()

    page.get_by_role("checkbox", name="Person 1").uncheck()
    page.get_by_role("button", name="Start dubbing").click()
    page.get_by_text("Tick at least one person.").wait_for()
    assert stage.jobs() == 1
    page.get_by_role("checkbox", name="Person 2").check()
    page.get_by_role("radio", name="fast").check(force=True)
    page.get_by_label("Where they differ").select_option(label="Stretch the video to the length of the sound")
    assert page.get_by_text("The video becomes 0.90 s longer.").is_visible()
    page.get_by_label("File", exact=True).select_option(label="QuickTime (MOV)")
    page.get_by_label("Consent").fill("C-17")
    assert started(page)["consent"] == "C-17"
    dub = stage.newest()
    assert (dub.kind, dub.container, dub.video.name) == ("dub", "mov", moving.name)
    rows = {"sync.mode": "remap", "speakers.rows": [{"face": "1"}]}
    assert {**dub.options, "engine": "unit_selection", "preset": "fast", **rows} == dub.options


def test_what_is_not_changed_is_not_asked_for(stage: Stage, page: Any) -> None:
    scenes.checked(stage)
    page.goto(f"{stage.url}/#job=check")
    asked = started(page)
    assert asked.pop("options") == {}
    assert set(asked) == {"kind", "files_of", "engine", "preset", "container"}


def test_a_preview_is_shown_before_the_start(stage: Stage, page: Any) -> None:
    scenes.checked(stage)
    page.goto(f"{stage.url}/#job=check")
    with page.expect_response(lambda response: response.request.method == "POST"):
        page.get_by_role("button", name="Preview a frame").click()
    page.locator(".trial").get_by_text("The frame is being drawn.").wait_for()
    job = stage.newest()
    cv2.imwrite(str(stage.house.places.preview(job)), np.full((40, 120, 3), 90, np.uint8))
    stage.change(job.id, state="done", result={"kind": "frame", "frames": [1], "bytes": 9})
    picture = page.get_by_role("img", name="Before and after")
    picture.wait_for()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 120


def test_what_the_service_lacks_or_needs_is_told(
    page: Any, moving: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.util.find_spec

    def without_torch(name: str, *more: Any) -> Any:
        return None if name == "torch" else found(name, *more)

    monkeypatch.setattr(importlib.util, "find_spec", without_torch)
    engines = ("unit_selection", "wav2lip")
    with house(tmp_path / "data", base=("policy.require_consent=true",), engines=engines) as made:
        stage = Stage(house=made, video=moving)
        scenes.checked(stage)
        page.goto(f"{stage.url}/#job=check")
        heading(page, "Ready")
        assert page.get_by_role("radio", name="wav2lip").is_disabled()
        assert page.get_by_text("Not ready here: PyTorch is not installed on this machine").is_visible()
        assert page.get_by_role("radio", name="unit selection").is_checked()
        page.get_by_role("button", name="Start dubbing").click()
        page.get_by_text("This service dubs nobody without it.").wait_for()
        assert page.get_by_label("Consent").evaluate("field => field === document.activeElement")
        assert stage.jobs() == 1


def test_files_that_are_dropped_find_their_places(stage: Stage, page: Any) -> None:
    page.goto(stage.url)
    heading(page, "Dub a video")
    page.evaluate(
        """() => {
          const files = new DataTransfer();
          files.items.add(new File(["x"], "words.mp3"));
          files.items.add(new File(["x"], "face.png", {type: "image/png"}));
          for (const name of ["dragover", "drop"])
            document.body.dispatchEvent(
              new DragEvent(name, {dataTransfer: files, bubbles: true, cancelable: true}));
        }"""
    )
    page.locator("[data-place=audio]").get_by_text("words.mp3").wait_for()
    page.locator("[data-place=video]").get_by_text("face.png").wait_for()


@pytest.fixture
def small(tmp_path: Path) -> Any:
    """A service that takes 0.3 MB and one job."""
    with house(tmp_path / "small", max_mb=0.3, max_queued=1) as made:
        yield made


def test_a_file_that_is_refused_is_told_at_its_place(
    small: House, page: Any, moving: Path, tmp_path: Path
) -> None:
    large, broken = tmp_path / "large.mp4", tmp_path / "broken.mp4"
    large.write_bytes(bytes(310_000))
    broken.write_bytes(b"no video at all")
    video, audio = page.locator("[data-place=video]"), page.locator("[data-place=audio]")
    page.goto(small.url)
    upload(page)
    page.get_by_text("Choose a picture and a voice first.").wait_for()
    page.set_input_files(VIDEO, str(SOUND))
    video.get_by_text("is neither a video nor a picture").wait_for()
    page.set_input_files(VIDEO, str(large))
    video.get_by_text("is too large: 310 kB").wait_for()
    page.set_input_files(AUDIO, str(ROOT / "README.md"))
    audio.get_by_text("holds no sound").wait_for()
    assert page.locator(AUDIO).get_attribute("aria-invalid") == "true"
    page.set_input_files(AUDIO, str(SOUND))
    page.set_input_files(VIDEO, str(broken))
    upload(page)
    video.get_by_text("The video cannot be read").wait_for()
    page.set_input_files(VIDEO, str(moving))
    assert video.get_by_text("The video cannot be read").count() == 0
    upload(page)
    heading(page, "Checking the files")


def test_an_upload_that_is_refused_says_why(small: House, page: Any, moving: Path) -> None:
    choose(page, small.url, moving)
    upload(page)
    heading(page, "Checking the files")
    choose(page, f"{small.url}/?again", moving)
    upload(page)
    page.get_by_role("alert").get_by_text("The service has all the work it takes").wait_for()
    job = small.store.find(limit=1)[0]
    small.store.change(job.id, state="cancelled")
    upload(page)  # the files are still there
    heading(page, "Checking the files")


def test_files_too_large_together_are_told_before_they_are_sent(
    small: House, page: Any, moving: Path, tmp_path: Path
) -> None:
    sound = tmp_path / "long.wav"
    sound.write_bytes(SOUND.read_bytes() + bytes(290_000 - SOUND.stat().st_size))
    choose(page, small.url, moving, sound)
    upload(page)
    page.get_by_text("The two files are too large together").wait_for()
    assert small.store.find(limit=1) == []


def test_an_upload_goes_on_when_the_connection_is_back(stage: Stage, page: Any, moving: Path) -> None:
    def too_often(route: Any) -> None:
        problem = {"status": 429, "code": "RATE_LIMITED", "detail": "too many requests; wait a little"}
        route.fulfill(status=429, body=json.dumps(problem), headers={"Retry-After": "1"})

    page.route("**/v1/jobs", too_often, times=1)
    choose(page, stage.url, moving)
    page.context.set_offline(True)
    upload(page)
    page.get_by_text("The connection to the service is lost").wait_for()
    page.context.set_offline(False)
    heading(page, "Checking the files")
    assert page.locator("#connection").text_content() == ""
    assert stage.jobs() == 1


def test_an_upload_that_never_gets_through_ends(stage: Stage, page: Any, moving: Path) -> None:
    page.clock.install()  # the page waits longer each time
    page.route("**/v1/jobs", lambda route: route.abort("connectionreset"))
    choose(page, stage.url, moving)
    upload(page)
    told = page.get_by_text("The upload is cut off again and again")
    while not told.count():
        page.clock.run_for(2_000)
    assert page.get_by_role("button", name="Upload and check").is_visible()
    assert stage.jobs() == 0


def test_a_video_without_a_face_is_told_with_what_to_do(stage: Stage, page: Any) -> None:
    scenes.failed(stage, "FACE_NONE", "no face in hills.mp4 (checked 10 of 10 frames)")
    page.goto(f"{stage.url}/#job=check")
    heading(page, "No face was found that can be dubbed")
    assert page.get_by_text("Use a closer shot").is_visible()
    assert page.get_by_text("checked 10 of 10 frames").is_visible()
    page.get_by_role("button", name="Check the same files again").click()
    heading(page, "Checking the files")
    assert stage.newest().video.name == "talk.mp4"
