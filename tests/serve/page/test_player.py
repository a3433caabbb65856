"""Before and after: in step, by keys too, and told where a browser cannot play them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from lipsync_ray.serve.job import InputFile
from tests.serve.page import scenes
from tests.serve.page.conftest import until
from tests.serve.page.scenes import Stage

# The number that a frame of ``tests.clips`` shows, read as ``number_in`` reads it.
READ = """
() => {
  const canvas = document.createElement("canvas");
  const number = (video) => {
    const [w, h] = [canvas.width = video.videoWidth, canvas.height = video.videoHeight];
    const pen = canvas.getContext("2d", {willReadFrequently: true});
    pen.drawImage(video, 0, 0);
    let found = 0;
    for (let bit = 0; bit < 10; bit++) {
      const x = w * (0.1 + 0.8 * ((bit % 5) + 0.5) / 5);
      const y = h * (0.3 + 0.4 * (Math.floor(bit / 5) + 0.5) / 2);
      const [r, g, b] = pen.getImageData(x, y, 1, 1).data;
      if (r + g + b > 3 * 125) found |= 1 << bit;
    }
    return found;
  };
  return [...document.querySelectorAll("video")].map(number);
}
"""


@pytest.fixture
def opened(stage: Stage, page: Any) -> Any:
    scenes.dubbed(stage)
    page.goto(f"{stage.url}/#job=dub")
    page.get_by_role("button", name="Play").wait_for()
    plays = page.evaluate(
        "document.createElement('video').canPlayType('video/mp4; codecs=\"avc1.42E01E, mp4a.40.2\"')"
    )
    if not plays:
        pytest.skip("this Chromium was built without H.264 and AAC")
    until(page, "[...document.querySelectorAll('video')].every(v => v.readyState > 2)")
    return page


def test_both_videos_stay_within_a_frame_of_each_other(opened: Any) -> None:
    opened.get_by_role("button", name="Play").click()
    until(opened, "document.querySelectorAll('video')[0].currentTime > 0.5")
    seen = []
    for _ in range(12):
        seen.append(opened.evaluate(READ))
        on = f"v.ended || v.currentTime * 25 > {max(seen[-1]) + 2}"
        until(opened, f"[...document.querySelectorAll('video')].some(v => {on})")
    assert len({one for one, _ in seen}) > 6, seen  # it has played
    assert all(abs(one - other) <= 1 for one, other in seen), seen


def test_frames_are_stepped_exactly_and_together(opened: Any) -> None:
    grip = opened.get_by_role("slider", name="Line between before and after")
    grip.focus()
    for presses, expected in ((".....", 5), (",,", 3)):
        for key in presses:
            opened.keyboard.press(key)
            until(opened, "[...document.querySelectorAll('video')].every(v => !v.seeking)")
        assert opened.evaluate(READ) == [expected, expected]
    assert opened.get_by_text("00:00:00:03").is_visible()
    for _ in range(5):
        opened.keyboard.press("ArrowRight")
    assert grip.get_attribute("aria-valuetext") == "60 % before, 40 % after"
    opened.keyboard.press("Home")
    assert grip.get_attribute("aria-valuenow") == "0"
    box = opened.locator(".split-stage").bounding_box()
    opened.mouse.click(box["x"] + box["width"] * 0.3, box["y"] + 50)
    assert grip.get_attribute("aria-valuenow") == "30"
    opened.keyboard.press(" ")
    opened.get_by_role("button", name="Pause").click()
    times = opened.evaluate(
        "[...document.querySelectorAll('video')].map(v => Math.floor(v.currentTime * 25))"
    )
    assert times[0] == times[1]


def test_either_sound_is_heard_never_both(opened: Any) -> None:
    muted = "[...document.querySelectorAll('video')].map(v => v.muted)"
    assert opened.evaluate(muted) == [False, True]
    opened.get_by_role("radio", name="Before").check(force=True)
    assert opened.evaluate(muted) == [True, False]
    opened.get_by_role("radio", name="Off").check(force=True)
    assert opened.evaluate(muted) == [True, True]


def test_both_wait_for_the_one_that_has_nothing_to_show(opened: Any) -> None:
    opened.get_by_role("button", name="Play").click()
    paused = "[...document.querySelectorAll('video')].every(v => v.paused)"
    opened.evaluate(
        """() => { const before = document.querySelectorAll('video')[1];
        Object.defineProperty(before, 'readyState', {value: 2, configurable: true});
        before.dispatchEvent(new Event('waiting')); }"""
    )
    opened.get_by_role("button", name="Loading").wait_for()
    assert opened.evaluate(paused)
    opened.evaluate(
        """() => { const before = document.querySelectorAll('video')[1];
        delete before.readyState; before.dispatchEvent(new Event('canplay')); }"""
    )
    until(opened, f"!({paused})")


def test_flags_lead_to_their_moment_and_files_are_saved(opened: Any) -> None:
    opened.get_by_role("button", name="Show 1.0 s: The mouth does not follow the sound").click()
    until(opened, "document.querySelectorAll('video')[0].currentTime > 1")
    assert opened.evaluate(READ) == [25, 25]
    assert opened.get_by_text("All of it.").is_visible()
    opened.get_by_text("Full report").click()
    opened.frame_locator("iframe").get_by_text("The figures of this dub.").wait_for()
    for name, link in (("Download the MP4", "result"), ("Record of the dub", "sidecar")):
        assert (
            opened.get_by_role("link", name=name).get_attribute("href") == f"/v1/jobs/dub/{link}?download=1"
        )
    with opened.expect_download() as saved:
        opened.get_by_role("link", name="Download the MP4").click()
    assert Path(saved.value.path()).stat().st_size > 1000


def test_a_source_that_cannot_be_played_leaves_the_dub(stage: Stage, page: Any) -> None:
    scenes.dubbed(stage, files={"video.mp4": bytes(4000)})
    page.goto(f"{stage.url}/#job=dub")
    page.get_by_text("This browser cannot play the source").wait_for()
    page.get_by_role("button", name="Play").click()
    until(page, "document.querySelectorAll('video')[0].currentTime > 0.3")
    assert page.get_by_role("slider", name="Line between").count() == 0
    assert page.get_by_role("radio", name="Before").count() == 0


def test_a_still_source_stands_beside_the_dub(stage: Stage, page: Any) -> None:
    _, picture = cv2.imencode(".png", np.full((108, 192, 3), 90, np.uint8))
    face = InputFile(name="face.png", place="video.png")
    scenes.dubbed(stage, video=face, files={"video.png": picture.tobytes()})
    page.goto(f"{stage.url}/#job=dub")
    page.get_by_role("img", name="The source").wait_for()
    page.get_by_role("button", name="Play").click()
    until(page, "document.querySelectorAll('video')[0].currentTime > 0.3")
    assert page.get_by_role("slider", name="Line between").is_visible()
