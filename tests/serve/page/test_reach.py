"""Whoever uses it, on whatever screen: axe finds nothing serious, and nothing is wider than the screen."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from tests.serve.page import scenes
from tests.serve.page.conftest import watch
from tests.serve.page.scripted import Scripted, new_job

LONG = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen_Bundesverfassungsgericht_final-v2.mp4"
VIEWS = ("", "#jobs", "#job=check", "#job=waits", "#job=runs", "#job=fails", "#job=dub")
WRONG = """
async () => {
  const found = await axe.run(document, {iframes: false, resultTypes: ["violations"]});
  return found.violations.filter(v => ["serious", "critical"].includes(v.impact))
    .map(v => v.id + ": " + v.nodes.map(n => `${n.html.slice(0, 160)} ${n.any[0]?.message}`).join(" | "));
}
"""
SMALL = """
() => [...document.querySelectorAll(
    "main button, main .button, select, summary, nav a, nav button, [role=slider], .tabs span, .choice, .face")]
  .filter(e => e.offsetParent && (e.offsetHeight < 44 || e.offsetWidth < 44))
  .map(e => e.outerHTML.slice(0, 120))
"""

STOPS = """
() => [...document.querySelectorAll("a[href], button, input, select, summary, audio, [tabindex='0']")]
  .filter(e => e.checkVisibility({contentVisibilityAuto: true}) && e.offsetParent && !e.disabled)
  .filter(e => e.type !== "radio" || e.checked).length
"""
HERE = """
() => { const e = document.activeElement;
  return e === document.body ? "" : e.tagName + [...document.querySelectorAll("*")].indexOf(e); }
"""


@pytest.fixture(scope="module")
def axe() -> str:
    pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed")
    return files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")


def fill(service: Scripted, moving: Path) -> None:
    name = {"name": LONG, "bytes": 1}
    service.put(scenes.triage(video=name))
    service.put(new_job("waits", kind="dub", position=3, video=name))
    service.put(scenes.running("runs", video=name))
    service.put(scenes.failed("FACE_NONE", f"no face in {LONG}", "fails", video=name))
    service.put(scenes.dubbed(video=name))
    service.files |= {"dub/result": moving, "dub/video": moving}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_every_step_can_be_used_by_everybody(
    browser: Any, service: Scripted, moving: Path, axe: str, complaints: list[str], width: int, scheme: Any
) -> None:
    fill(service, moving)
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme=scheme,
        bypass_csp=True,
        reduced_motion="reduce",
    )
    context.add_init_script(axe)
    page = context.new_page()
    watch(page, complaints)
    for view in VIEWS:
        page.goto(f"{service.address}/{view}")
        page.reload()
        page.locator("main h1:not(:text('One moment'))").wait_for()
        for summary in page.locator("main details summary").all():
            summary.click()
        assert page.evaluate(WRONG) == [], view
        assert page.evaluate("document.documentElement.scrollWidth") <= width, view
        assert page.evaluate(SMALL) == [], view
    service.token = "t"
    page.goto(f"{service.address}/?")
    page.get_by_role("heading", name="Sign in").wait_for()
    assert page.evaluate(WRONG) == []
    context.close()
    assert [text for text in complaints if "Content Security" not in text] == []


def test_everything_is_reached_by_keys(page: Any, service: Scripted, moving: Path) -> None:
    fill(service, moving)
    for view in ("", "#job=check", "#job=dub"):
        page.goto(f"{service.address}/{view}")
        page.reload()
        page.locator("main h1:not(:text('One moment'))").wait_for()
        page.evaluate("document.activeElement.blur()")
        wanted = page.evaluate(STOPS)
        reached = set()
        for _ in range(wanted + 8):
            page.keyboard.press("Tab")
            reached.add(page.evaluate(HERE))
        assert len(reached - {""}) >= wanted, (view, wanted, sorted(reached))
