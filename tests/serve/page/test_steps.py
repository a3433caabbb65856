"""From files to a started dub, and what the page says where something is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.serve.page import scenes
from tests.serve.page.scripted import Scripted, new_job, problem

VIDEO, AUDIO = "[data-place=video] input", "[data-place=audio] input"


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / "hola.wav"
    path.write_bytes(b"RIFF" + b"\0" * 2000)
    return path


def choose(page: Any, service: Scripted, video: Path, sound: Path) -> None:
    page.goto(service.address)
    page.set_input_files(VIDEO, str(video))
    page.set_input_files(AUDIO, str(sound))


def heading(page: Any, text: str) -> Any:
    found = page.get_by_role("heading", level=1, name=text)
    found.wait_for()
    return found


def test_files_become_a_dub_by_the_choices_of_a_person(
    page: Any, service: Scripted, moving: Path, sound: Path
) -> None:
    choose(page, service, moving, sound)
    page.get_by_role("button", name="Upload and check").click()
    heading(page, "Checking the files")
    assert page.url.endswith("#job=job1")
    assert service.posted[0]["kind"] == "triage"
    assert (service.posted[0]["video"], service.posted[0]["audio"]) == (moving.name, "hola.wav")

    service.change("job1", state="running", progress={"stage": "scan", "done": 3, "total": 75, "share": 0.1})
    page.get_by_text("3 of 75").wait_for()
    service.put(scenes.triage("job1"))
    assert page.evaluate("document.activeElement.tagName") == "H1" or heading(page, "Ready")
    page.get_by_text("The last 0.90 s of the sound are cut.", exact=True).wait_for()
    assert page.get_by_text("8 % the face is turned away").is_visible()
    assert page.get_by_text("About 2 min once it runs").is_visible()
    assert page.get_by_role("checkbox", name="Person 1").is_checked()
    assert page.get_by_role("radio", name="wav2lip").is_disabled()
    assert page.get_by_text("Not ready here: its model files are not there").is_visible()
    assert page.get_by_role("radio", name="unit selection").is_checked()

    page.get_by_role("checkbox", name="Person 1").uncheck()
    page.get_by_role("button", name="Start dubbing").click()
    page.get_by_text("Tick at least one person.").wait_for()
    assert len(service.posted) == 1
    page.get_by_role("checkbox", name="Person 2").check()
    page.get_by_role("radio", name="fast").check(force=True)
    page.get_by_label("Where they differ").select_option(label="Stretch the video to the length of the sound")
    assert page.get_by_text("The video becomes 0.90 s longer.").is_visible()
    page.get_by_label("File", exact=True).select_option(label="QuickTime (MOV)")
    page.get_by_label("Consent").fill("C-17")
    page.get_by_role("button", name="Start dubbing").click()
    heading(page, "Dubbing")
    asked = service.posted[1]
    assert asked.pop("key") != service.posted[0]["key"]
    assert asked == {
        "kind": "dub",
        "files_of": "job1",
        "engine": "unit_selection",
        "preset": "fast",
        "container": "mov",
        "consent": "C-17",
        "options": {"sync.mode": "remap", "speakers.rows": [{"face": "1"}]},
    }


def test_what_is_not_changed_is_not_asked_for(page: Any, service: Scripted) -> None:
    service.put(scenes.triage())
    page.goto(f"{service.address}/#job=check")
    page.get_by_role("button", name="Start dubbing").click()
    heading(page, "Dubbing")
    assert service.posted[0]["options"] == {}
    assert "consent" not in service.posted[0]


def test_a_preview_is_shown_before_the_start(page: Any, service: Scripted, tmp_path: Path) -> None:
    import cv2
    import numpy as np

    cv2.imwrite(str(tmp_path / "frame.jpg"), np.full((40, 120, 3), 90, np.uint8))
    service.put(scenes.triage())
    service.files["job2/preview"] = tmp_path / "frame.jpg"
    page.goto(f"{service.address}/#job=check")
    page.get_by_role("button", name="Preview a frame").click()
    page.get_by_text("The frame is being drawn.").first.wait_for()
    links = {"preview": "/v1/jobs/job2/preview"}
    service.change("job2", state="done", result={"kind": "frame", "frames": [1], "bytes": 9}, links=links)
    picture = page.get_by_role("img", name="Before and after")
    picture.wait_for()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 120


def test_consent_that_the_service_needs_is_asked_for(page: Any, service: Scripted) -> None:
    service.options["consent"] = True
    service.put(scenes.triage())
    page.goto(f"{service.address}/#job=check")
    page.get_by_role("button", name="Start dubbing").click()
    page.get_by_text("This service dubs nobody without it.").wait_for()
    assert page.get_by_label("Consent").evaluate("field => field === document.activeElement")
    assert service.posted == []


def test_a_wrong_file_is_told_at_its_place(page: Any, service: Scripted, sound: Path, tmp_path: Path) -> None:
    service.options["limits"] = {"max_mb": 0.001}
    page.goto(service.address)
    page.get_by_role("button", name="Upload and check").click()
    page.get_by_text("Choose a picture and a voice first.").wait_for()
    page.set_input_files(VIDEO, str(sound))
    page.locator("[data-place=video]").get_by_text("is neither a video nor a picture").wait_for()
    page.set_input_files(AUDIO, str(sound))
    page.locator("[data-place=audio]").get_by_text("is too large: 2.0 kB").wait_for()
    assert page.locator(AUDIO).get_attribute("aria-invalid") == "true"


def test_files_that_are_dropped_find_their_places(page: Any, service: Scripted) -> None:
    page.goto(service.address)
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


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (problem(413, "TOO_LARGE", "an upload may have 2000 MB"), "The file is too large"),
        (problem(415, "UNSUPPORTED", "not a video"), "The service does not take this kind of file"),
        (problem(429, "QUEUE_FULL", "100 jobs wait"), "The service has all the work it takes at a time"),
    ],
)
def test_an_upload_that_is_refused_says_why(
    page: Any, service: Scripted, moving: Path, sound: Path, answer: Any, said: str
) -> None:
    service.refuse.append(answer)
    choose(page, service, moving, sound)
    page.get_by_role("button", name="Upload and check").click()
    page.get_by_role("alert").get_by_text(said).wait_for()
    page.get_by_role("button", name="Upload and check").click()  # the files are still there
    heading(page, "Checking the files")


def test_an_upload_goes_on_when_the_connection_is_back(
    page: Any, service: Scripted, moving: Path, sound: Path
) -> None:
    service.refuse.append(problem(429, "RATE_LIMITED", "too many requests", **{"Retry-After": "1"}))
    choose(page, service, moving, sound)
    page.context.set_offline(True)
    page.get_by_role("button", name="Upload and check").click()
    page.get_by_text("The connection to the service is lost").wait_for()
    page.context.set_offline(False)
    heading(page, "Checking the files")
    assert page.locator("#connection").text_content() == ""
    assert len(service.posted) == 1


def test_a_video_without_a_face_is_told_with_what_to_do(page: Any, service: Scripted) -> None:
    service.put(scenes.failed("FACE_NONE", "no face in hills.mp4 (checked 10 of 10 frames)"))
    page.goto(f"{service.address}/#job=check")
    heading(page, "No face was found that can be dubbed")
    assert page.get_by_text("Use a closer shot").is_visible()
    assert page.get_by_text("checked 10 of 10 frames").is_visible()
    page.get_by_role("button", name="Check the same files again").click()
    heading(page, "Checking the files")
    assert service.posted[0]["files_of"] == "check"


def test_a_token_opens_the_page_and_is_kept_nowhere(page: Any, service: Scripted) -> None:
    service.token, service.options["auth"] = "s3cret", True
    page.goto(service.address)
    heading(page, "Sign in")
    page.get_by_label("Token").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("The service does not know this token").wait_for()
    page.get_by_label("Token").fill("s3cret")
    page.keyboard.press("Enter")
    heading(page, "Dub a video")
    kept = page.evaluate(
        "[JSON.stringify(localStorage), JSON.stringify(sessionStorage), document.cookie].join()"
    )
    assert "s3cret" not in kept
    page.get_by_role("button", name="Sign out").click()
    heading(page, "Sign in")
    page.reload()
    heading(page, "Sign in")


def test_jobs_are_found_again_and_deleted(page: Any, service: Scripted) -> None:
    service.put(scenes.triage())
    service.put(scenes.running(video={"name": "<b>bold</b>.mp4", "bytes": 1}))
    page.goto(f"{service.address}/#jobs")
    page.get_by_text("<b>bold</b>.mp4").wait_for()
    page.get_by_text("running, 52 %").wait_for()
    assert page.get_by_role("button", name="Delete").count() == 1
    page.get_by_role("button", name="Delete Check of talk.mp4").click()
    page.get_by_role("button", name="Keep it").click()
    assert "check" in service.jobs
    page.get_by_role("button", name="Delete Check of talk.mp4").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.get_by_role("link", name="talk.mp4 Check").wait_for(state="detached")
    assert "check" not in service.jobs
    page.get_by_role("link", name="<b>bold</b>.mp4").click()
    heading(page, "Dubbing")


def test_a_job_that_is_not_there_says_so(page: Any, service: Scripted) -> None:
    page.goto(f"{service.address}/#job=gone")
    heading(page, "This job cannot be shown")
    page.get_by_text("This job is not there").wait_for()


def test_progress_is_told_and_can_be_stopped(page: Any, service: Scripted) -> None:
    service.put(new_job("dub", kind="dub", position=2))
    page.goto(f"{service.address}/#job=dub")
    page.get_by_text("2 jobs before it.").wait_for()
    service.put(scenes.running())
    page.get_by_role("img", name="5 of 12 pieces drawn, 2 being drawn").wait_for()
    assert page.get_by_text("about 2 min left").is_visible()
    assert page.locator("[aria-current=step]").get_by_text("Draw the mouth").is_visible()
    assert page.title().startswith("52 %")
    page.get_by_role("button", name="Cancel").click()
    page.keyboard.press("Escape")
    assert service.jobs["dub"]["state"] == "running"
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Stop it").click()
    heading(page, "This job was cancelled")
