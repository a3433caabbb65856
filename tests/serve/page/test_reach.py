"""Whoever uses it, on whatever screen: axe finds nothing serious, and nothing is wider than the screen."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from lipsync_ray.serve.job import InputFile
from lipsync_ray.serve.pages import page_dir
from tests.serve.api.served import house
from tests.serve.page import scenes
from tests.serve.page.conftest import until, watch
from tests.serve.page.scenes import Stage

LONG = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen_Bundesverfassungsgericht_final-v2.mp4"
VIEWS = {
    "": "Dub a video",
    "#jobs": "Your jobs",
    "#job=check": "Ready",
    "#job=waits": "Dubbing",
    "#job=runs": "Dubbing",
    "#job=fails": "No face",
    "#job=dub": "Done",
    "#job=unheard": "A voice is missing",
    "#job=tried": "Preview",
    "#job=stopped": "This job was cancelled",
}
WRONG = """
async (rules) => {
  const found = await axe.run(document, {iframes: false, resultTypes: ["violations"], runOnly: rules});
  return found.violations.filter(v => ["serious", "critical"].includes(v.impact))
    .map(v => v.id + ": " + v.nodes.map(n => `${n.html.slice(0, 160)} ${n.any[0]?.message}`).join(" | "));
}
"""
SMALL = """
() => [...document.querySelectorAll(
    "main button, .button, select, summary, nav a, nav button, [role=slider], .tabs span, .choice, .face")]
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


def fill(stage: Stage) -> None:
    name = InputFile(name=LONG, place="video.mp4", bytes=1)
    scenes.checked(stage, video=name)
    stage.put("waits", kind="dub", video=name)
    scenes.rendering(stage, "runs", video=name)
    scenes.failed(stage, "FACE_NONE", f"no face in {LONG}", "fails", video=name)
    scenes.dubbed(stage, video=name)
    scenes.unheard(stage, video=name)
    scenes.previewed(stage, "tried", video=name)
    stage.put("stopped", kind="dub", state="cancelled", video=name)


@pytest.mark.parametrize("width", [360, 1440])
def test_every_step_can_be_used_by_everybody(
    browser: Any, stage: Stage, axe: str, complaints: list[str], width: int
) -> None:
    fill(stage)
    context = browser.new_context(
        viewport={"width": width, "height": 800}, bypass_csp=True, reduced_motion="reduce"
    )
    context.add_init_script(axe)
    page = context.new_page()
    watch(page, complaints)
    page.goto(stage.url)
    for view in VIEWS:
        page.evaluate(f"location.hash = '{view}'")
        page.locator(f"main h1:text('{VIEWS[view]}')").wait_for()
        for summary in page.locator("main details summary").all():
            summary.click()
        check(page, view)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, view
        assert page.evaluate(SMALL) == [], view
    page.evaluate("location.hash = '#job=runs'")
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("dialog", name="Stop this job?").wait_for()
    check(page, "question")
    page.keyboard.press("Escape")
    page.route("**/cancel", lambda route: route.fulfill(status=401, json={"code": "UNAUTHORIZED"}))
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Stop it").click()
    page.get_by_role("dialog", name="Sign in again").wait_for()
    check(page, "sign in again")
    page.route("**/v1/options", lambda route: route.fulfill(status=401, json={"code": "UNAUTHORIZED"}))
    page.reload()
    page.get_by_role("heading", name="Sign in").wait_for()
    check(page, "sign in")
    context.close()
    assert complaints == []


def check(page: Any, view: str) -> None:
    """Everything in light, colours in the dark again."""
    for scheme, rules in (("light", "undefined"), ("dark", "['color-contrast']")):
        page.emulate_media(color_scheme=scheme)
        until(page, "document.getAnimations().length === 0")  # colours are on their way for a moment
        assert page.evaluate(f"({WRONG})({rules})") == [], (view, scheme)


def test_everything_is_reached_by_keys(stage: Stage, page: Any) -> None:
    fill(stage)
    for view in ("", "#job=check", "#job=dub"):
        page.goto(f"{stage.url}/{view}")
        page.reload()
        page.locator("main h1:not(:text('One moment'))").wait_for()
        page.evaluate("document.activeElement.blur()")
        wanted = page.evaluate(STOPS)
        reached = set()
        for _ in range(wanted + 8):
            page.keyboard.press("Tab")
            reached.add(page.evaluate(HERE))
        assert len(reached - {""}) >= wanted, (view, wanted, sorted(reached))


def test_the_page_names_all_its_modules_at_once() -> None:
    page = (page_dir() / "index.html").read_text("utf-8")
    modules = {path.name for path in (page_dir() / "js").iterdir()} - {"types.js"}
    assert modules == {part.partition('"')[0] for part in page.split('="js/')[1:]}
    assert "<style" not in page
    assert "style=" not in page


def test_the_page_opens_where_little_may_be_asked(page: Any, tmp_path: Path) -> None:
    with house(tmp_path, burst=10, requests_per_s=1.0) as made:
        page.goto(made.url)
        page.get_by_role("heading", name="Dub a video").wait_for()
        answer = page.request.get(f"{made.url}/js/main.js")
        assert answer.headers["cache-control"] == "no-cache"
        again = page.request.get(f"{made.url}/js/main.js", headers={"If-None-Match": answer.headers["etag"]})
        assert again.status == 304
