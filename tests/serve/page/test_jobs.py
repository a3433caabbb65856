"""The list of jobs, and a job that goes on."""

from __future__ import annotations

from typing import Any

from tests.serve.page import scenes
from tests.serve.page.conftest import heading, until
from tests.serve.page.scenes import Stage


def test_jobs_are_found_again_and_deleted(stage: Stage, page: Any) -> None:
    scenes.checked(stage)
    scenes.rendering(stage, video=scenes.InputFile(name="<b>bold</b>.mp4", place="video.mp4"))
    page.goto(f"{stage.url}/#jobs")
    page.get_by_text("<b>bold</b>.mp4").wait_for()
    page.get_by_text("running, 54 %").wait_for()
    assert page.get_by_role("button", name="Delete").count() == 1
    page.get_by_role("button", name="Delete Check of talk.mp4").click()
    page.get_by_role("button", name="Keep it").click()
    assert stage.job("check") is not None
    page.get_by_role("button", name="Delete Check of talk.mp4").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.get_by_role("link", name="talk.mp4 Check").wait_for(state="detached")
    assert stage.job("check") is None
    page.get_by_role("link", name="<b>bold</b>.mp4").click()
    heading(page, "Dubbing")
    page.goto(f"{stage.url}/#job=check")
    heading(page, "This job cannot be shown")
    page.get_by_text("This job is not there").wait_for()


def test_progress_is_told_and_can_be_stopped(stage: Stage, page: Any) -> None:
    stage.put("first")
    stage.put("dub", kind="dub")
    page.goto(f"{stage.url}/#job=dub")
    page.get_by_text("1 job before it.").wait_for()
    stage.change("dub", state="running", progress=scenes.RENDERING)
    page.get_by_role("img", name="5 of 12 pieces drawn, 2 being drawn").wait_for()
    assert page.get_by_text("about 2 min left").is_visible()
    assert page.locator("[aria-current=step]").get_by_text("Draw the mouth").is_visible()
    assert page.title().startswith("54\u00a0%")
    page.get_by_role("button", name="Cancel").click()
    page.keyboard.press("Escape")
    assert not stage.job("dub").cancel
    page.get_by_role("button", name="Cancel").click()
    with page.expect_response(lambda response: response.url.endswith("/cancel")):
        page.get_by_role("button", name="Stop it").click()
    page.get_by_role("button", name="Stopping").wait_for()
    assert stage.job("dub").cancel
    stage.change("dub", state="cancelled")
    heading(page, "This job was cancelled")


def test_progress_goes_on_after_a_broken_stream(stage: Stage, page: Any) -> None:
    scenes.rendering(stage)
    page.route("**/events", lambda route: route.fulfill(status=503, body="{}"), times=2)
    page.goto(f"{stage.url}/#job=dub")
    page.get_by_text("41 of 75").wait_for()
    stage.change("dub", progress={**scenes.RENDERING, "done": 60})
    page.get_by_text("60 of 75").wait_for()
    page.route("**/events", lambda route: route.abort("connectionreset"), times=2)
    stage.change("dub", state="done", result=scenes.DUBBED)
    heading(page, "Done, with something to look at")
    assert page.locator("#connection").text_content() == ""


def test_a_connection_that_is_back_is_no_longer_called_lost(stage: Stage, page: Any) -> None:
    job = scenes.rendering(stage)
    known = f"id: {stage.job(job).version}\nevent: job\ndata: "
    shown = page.request.get(f"{stage.url}/v1/jobs/{job}").text()
    ends = {"content_type": "text/event-stream", "body": f"retry: 500\n{known}{shown}\n\n"}
    page.route("**/events", lambda route: route.fulfill(**ends), times=1)
    page.goto(f"{stage.url}/#job={job}")
    page.get_by_text("The connection to the service is lost").wait_for()
    until(page, "document.querySelector('#connection').textContent === ''")  # nothing of the job has changed


def test_a_late_answer_does_not_show_the_wrong_list(stage: Stage, page: Any) -> None:
    scenes.checked(stage)
    scenes.dubbed(stage)
    page.goto(f"{stage.url}/#jobs")
    page.get_by_role("link", name="talk.mp4 Dub").wait_for()
    page.route("**/v1/jobs?*kind=dub*", lambda route: None)  # never answered
    page.get_by_role("radio", name="Dubs").check(force=True)
    with page.expect_event("requestfailed", lambda request: "kind=dub" in request.url):
        page.get_by_role("radio", name="Checks").check(force=True)
    page.get_by_role("link", name="talk.mp4 Dub").wait_for(state="detached")
    assert page.get_by_role("link", name="talk.mp4 Check").is_visible()


def test_the_focus_stays_where_a_job_was_deleted(stage: Stage, page: Any) -> None:
    scenes.checked(stage)
    page.goto(f"{stage.url}/#jobs")
    page.get_by_role("button", name="Delete Check of talk.mp4").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    until(page, "document.activeElement === document.querySelector('h1')")
    assert page.get_by_text("Nothing is here yet.").is_visible()


def test_another_way_begins_with_what_was_chosen(stage: Stage, page: Any) -> None:
    chosen = {"preset": "fast", "policy.consent": "C-17", "speakers.rows": [{"face": "1"}]}
    scenes.dubbed(stage, options={**scenes.CHOSEN, **chosen}, container="mov", files={"result.mov": b"-"})
    page.goto(f"{stage.url}/#job=dub")
    page.get_by_role("button", name="Dub it another way").click()
    heading(page, "Checking the files")
    job = stage.newest()
    assert (job.kind, job.container) == ("triage", "mov")
    assert {**job.options, **scenes.CHOSEN, **chosen} == job.options
    stage.change(job.id, state="done", result=scenes.triage(job.id))
    heading(page, "Ready")
    assert page.get_by_role("radio", name="fast").is_checked()
    assert page.get_by_label("Consent").input_value() == "C-17"
