"""A video that was checked without a voice: it is shown, and the voice can be given then."""

from __future__ import annotations

from typing import Any

from tests.serve.page import scenes
from tests.serve.page.conftest import heading
from tests.serve.page.scenes import SOUND, Stage


def test_a_voice_is_given_to_what_was_checked_without_one(stage: Stage, page: Any) -> None:
    scenes.unheard(stage)
    page.goto(f"{stage.url}/#job=unheard")
    heading(page, "A voice is missing")
    assert page.get_by_text("talk.mp4, without a voice yet").is_visible()
    for absent in ("Start dubbing", "Preview a frame"):  # the service would refuse either
        assert page.get_by_role("button", name=absent).count() == 0
    assert page.get_by_label("Where they differ").count() == 0
    page.get_by_role("button", name="Upload and check again").click()
    page.get_by_text("Choose a voice first.").wait_for()
    page.get_by_role("radio", name="fast").check(force=True)
    page.get_by_role("checkbox", name="Person 2").check()
    page.get_by_label("Consent").fill("C-17")
    page.set_input_files("[data-place=audio] input", str(SOUND))
    page.get_by_role("button", name="Upload and check again").click()
    heading(page, "Checking the files")
    job = stage.newest()
    assert (job.kind, job.video.name, job.audio and job.audio.name) == ("triage", "talk.mp4", "hola.wav")
    chosen = {"preset": "fast", "speakers.rows": [{"face": "0+2"}, {"face": "1"}], "policy.consent": "C-17"}
    assert {**job.options, **chosen} == job.options
    stage.change(job.id, state="done", result=scenes.triage(job.id))
    page.get_by_role("button", name="Start dubbing").wait_for()


def test_a_voice_that_cannot_be_read_is_told_at_its_place(stage: Stage, page: Any) -> None:
    scenes.unheard(stage)
    page.goto(f"{stage.url}/#job=unheard")
    heading(page, "A voice is missing")
    broken = {"name": "words.wav", "mimeType": "audio/wav", "buffer": b"no sound at all"}
    page.set_input_files("[data-place=audio] input", broken)
    page.get_by_role("button", name="Upload and check again").click()
    page.locator("[data-place=audio]").get_by_text("The sound cannot be read").wait_for()
    assert stage.jobs() == 1
