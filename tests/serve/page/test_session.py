"""Signing in, out, and in again where a session has ended."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.serve.api.served import ANNA, TOKENS, house
from tests.serve.page import scenes
from tests.serve.page.conftest import heading
from tests.serve.page.scenes import Stage


def test_a_token_opens_the_page_and_is_kept_nowhere(page: Any, tmp_path: Path) -> None:
    with house(tmp_path, tokens=TOKENS) as made:
        page.goto(made.url)
        heading(page, "Sign in")
        page.get_by_label("Token").fill("wrong")
        page.get_by_role("button", name="Sign in").click()
        page.get_by_text("The service does not know this token").wait_for()
        page.get_by_label("Token").fill(ANNA)
        page.keyboard.press("Enter")
        heading(page, "Dub a video")
        kept = page.evaluate("[JSON.stringify([localStorage, sessionStorage]), document.cookie].join()")
        assert ANNA not in kept
        page.reload()
        heading(page, "Dub a video")
        page.get_by_role("button", name="Sign out").click()
        heading(page, "Sign in")
        page.reload()
        heading(page, "Sign in")


def expire(page: Any) -> None:
    """The service knows the browser no longer."""
    page.context.clear_cookies()


def sign_in_again(page: Any) -> None:
    asked = page.get_by_role("dialog", name="Sign in again")
    asked.wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")  # once may be prevented, twice not
    asked.get_by_label("Token").fill(ANNA)
    page.keyboard.press("Enter")
    asked.wait_for(state="hidden")


def test_what_was_begun_goes_on_after_signing_in_again(page: Any, tmp_path: Path, moving: Path) -> None:
    with house(tmp_path, tokens=TOKENS, more={"poll_s": 0.05}) as made:
        stage = Stage(house=made, video=moving)
        page.goto(made.url)
        page.get_by_label("Token").fill(ANNA)
        page.keyboard.press("Enter")
        heading(page, "Dub a video")
        page.set_input_files("[data-place=video] input", str(moving))
        page.set_input_files("[data-place=audio] input", str(scenes.SOUND))
        expire(page)
        page.get_by_role("button", name="Upload and check").click()
        sign_in_again(page)
        heading(page, "Checking the files")
        job = stage.newest()
        stage.change(job.id, state="running")

        expire(page)
        page.get_by_role("button", name="Cancel").click()
        page.get_by_role("button", name="Stop it").click()
        sign_in_again(page)
        page.get_by_role("button", name="Stopping").wait_for()
        assert stage.job(job.id).cancel

        ends = {"content_type": "text/event-stream", "body": "retry: 50\n\n"}
        page.route("**/events", lambda route: route.fulfill(**ends))
        page.reload()
        heading(page, "Checking the files")
        expire(page)
        page.unroute("**/events")
        sign_in_again(page)
        stage.change(job.id, state="done", result=scenes.triage(job.id))
        heading(page, "Ready")

        expire(page)
        page.get_by_role("button", name="Preview a frame").click()
        sign_in_again(page)
        page.locator(".trial").get_by_text("The frame is being drawn.").wait_for()
        expire(page)
        page.get_by_role("button", name="Start dubbing").click()
        sign_in_again(page)
        heading(page, "Dubbing")

        expire(page)
        page.get_by_role("link", name="Jobs").click()
        sign_in_again(page)
        expire(page)
        page.get_by_role("button", name="Delete Check of clip.mp4").click()
        page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        sign_in_again(page)
        page.get_by_role("button", name="Delete Check of clip.mp4").wait_for(state="detached")
        assert stage.job(job.id) is None


def test_a_browser_that_keeps_no_cookies_is_told_so(page: Any, tmp_path: Path) -> None:
    with house(tmp_path, tokens=TOKENS) as made:
        page.route("**/v1/session", lambda route: route.fulfill(status=204))
        page.goto(made.url)
        page.get_by_label("Token").fill(ANNA)
        page.keyboard.press("Enter")
        page.get_by_role("alert").get_by_text("let your browser keep cookies of this address").wait_for()
