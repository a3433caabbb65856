"""Signing in, out, and in again where a session has ended."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.serve.api.served import ANNA, TOKENS, house
from tests.serve.page.conftest import heading


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
