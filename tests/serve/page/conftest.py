"""A browser, the real service without a runner, and an ear for what the browser complains of."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clips import make_clip

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required"),
]
MEANT = "Failed to load resource"  # what a browser notes of every answer that says no


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """The Chromium of this machine."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium is installed")
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def moving(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds whose frames show their numbers, with a tone."""
    return make_clip("with_audio", tmp_path_factory.mktemp("moving") / "clip").path


@pytest.fixture
def stage(tmp_path: Path, moving: Path) -> Iterator[Any]:
    """A service of which nobody but the test moves the jobs."""
    pytest.importorskip("fastapi", reason="the extra serve is not installed")
    from tests.serve.api.served import house
    from tests.serve.page.scenes import Stage

    with house(tmp_path / "data", more={"poll_s": 0.05}) as made:
        yield Stage(house=made, video=moving)


@pytest.fixture
def complaints() -> list[str]:
    """Errors that the browser has noted, broken policies among them."""
    return []


@pytest.fixture
def page(browser: Any, complaints: list[str]) -> Iterator[Any]:
    """A page of a fresh visitor; at the end nothing may have been complained of."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(20_000)
    opened = context.new_page()
    watch(opened, complaints)
    yield opened
    context.close()
    assert complaints == []


def watch(page: Any, complaints: list[str]) -> None:
    """Collect what the browser complains of."""

    def on_console(message: Any) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(MEANT):
            complaints.append(message.text)

    page.on("console", on_console)
    page.on("pageerror", lambda error: complaints.append(str(error)))


def until(page: Any, condition: str) -> None:
    """Wait for a condition in the page; ``wait_for_function`` needs ``eval``, which the policy forbids."""
    page.evaluate(
        f"""async () => {{
          const end = performance.now() + 20000;
          while (!({condition})) {{
            if (performance.now() > end) throw new Error("never: " + {condition!r});
            await new Promise((resolve) => setTimeout(resolve, 10));
          }}
        }}"""
    )


def heading(page: Any, text: str) -> Any:
    """The title of the view that is shown, once it is this."""
    found = page.get_by_role("heading", level=1, name=text)
    found.wait_for()
    return found
