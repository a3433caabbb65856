"""A browser, a service that follows a script, and a look at what the page says."""

from __future__ import annotations

import copy
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
def service() -> Iterator[Any]:
    """A service that follows a script."""
    pytest.importorskip("uvicorn", reason="the extra serve is not installed")
    from tests.serve.page.scenes import OPTIONS
    from tests.serve.page.scripted import Running, Scripted

    with Running(Scripted(options=copy.deepcopy(OPTIONS))) as scripted:
        yield scripted


@pytest.fixture
def complaints() -> list[str]:
    """Errors that the browser has noted, policies that were broken among them."""
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
        if message.type == "error" and not message.text.startswith(MEANT):
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
