"""Before and after: in step, by keys too, and told where a browser cannot play them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from lipsync_ray.serve.job import InputFile
from tests.clips import make_clip
from tests.serve.page import scenes
from tests.serve.page.conftest import needs_codecs, until
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


# The frames that both show, as the browser tells them, whenever the page is drawn while they play.
SAMPLE = """
() => {
  const videos = [...document.querySelectorAll("video")];
  const shown = [null, null];
  window.samples = [];
  videos.forEach((video, index) => {
    const next = (_, {mediaTime}) => {
      shown[index] = Math.round(mediaTime * 25);
      video.requestVideoFrameCallback(next);
    };
    video.requestVideoFrameCallback(next);
  });
  const look = () => {
    if (!videos[0].paused && !shown.includes(null)) samples.push([...shown]);
    requestAnimationFrame(look);
  };
  look();
}
"""


@pytest.fixture
def opened(stage: Stage, page: Any) -> Any:
    scenes.dubbed(stage)
    page.goto(f"{stage.url}/#job=dub")
    page.get_by_role("button", name="Play").wait_for()
    needs_codecs(page)
    until(page, "[...document.querySelectorAll('video')].every(v => v.readyState > 2)")
    return page


def test_both_videos_keep_together(opened: Any) -> None:
    opened.evaluate(SAMPLE)
    plays = []
    for _ in range(3):  # what the page can hold, not what else this machine has to do
        plays.append(played(opened))
        apart = sorted(abs(one - other) for one, other in plays[-1])
        if apart[len(apart) * 8 // 10] <= 1 and apart[-1] <= 4:
            return
    pytest.fail(f"frames shown together: {plays}")


def played(page: Any) -> list[list[int]]:
    """Play from the start to the end; the frames that both showed."""
    page.evaluate("samples.length = 0")
    page.get_by_role("button", name="Play").click()
    until(page, "samples.length && document.querySelector('video').paused")
    seen = page.evaluate("samples")
    assert len({one for one, _ in seen}) > 12, seen  # it has played
    return seen


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
    page.get_by_text("This browser cannot play the source: it lacks the codec").wait_for()
    page.get_by_role("button", name="Play").click()
    until(page, "document.querySelectorAll('video')[0].currentTime > 0.3")
    assert page.get_by_role("slider", name="Line between").count() == 0
    assert page.get_by_role("radio", name="Before").count() == 0


@pytest.mark.parametrize(
    ("code", "said"), [(2, "The connection broke while"), (3, "This browser cannot decode")]
)
def test_a_source_that_breaks_while_it_plays_is_let_go(opened: Any, code: int, said: str) -> None:
    opened.get_by_role("radio", name="Before").check(force=True)
    opened.get_by_role("button", name="Play").click()
    until(opened, "document.querySelectorAll('video')[0].currentTime > 0.2")
    opened.evaluate(
        """code => {
          window.was = document.querySelectorAll('video')[1];
          Object.defineProperty(was, 'error', {value: {code}});
          was.dispatchEvent(new Event('error'));
        }""",
        code,
    )
    opened.get_by_text(f"{said} the source").wait_for()
    videos = opened.locator("video")
    assert videos.count() == 1
    assert videos.evaluate("v => [v.paused, v.muted]") == [True, False]
    assert not opened.evaluate("was.hasAttribute('src')")
    assert opened.get_by_role("radio", name="After").is_checked()
    opened.evaluate("was.dispatchEvent(new Event('waiting'))")
    opened.get_by_role("button", name="Play").click()
    opened.get_by_role("button", name="Pause").wait_for()
    until(opened, "document.querySelector('video').currentTime > 1.5")


def test_a_file_that_is_gone_is_not_called_a_lack_of_the_browser(stage: Stage, page: Any) -> None:
    scenes.dubbed(stage)
    gone = {"status": 404, "json": {"code": "NO_FILE", "detail": "this job has no result any more"}}
    page.route("**/v1/jobs/dub/result", lambda route: route.fulfill(**gone))
    page.goto(f"{stage.url}/#job=dub")
    page.get_by_text("The file of the dub is gone.").wait_for()
    assert page.get_by_text("codec").count() == 0
    assert page.get_by_role("button", name="Play").count() == 0
    page.unroute("**/v1/jobs/dub/result")
    page.get_by_role("button", name="Load the page again").click()
    page.get_by_role("button", name="Play").wait_for()


@pytest.mark.parametrize(
    ("name", "place"),
    [
        *(("face.png", "video.png"), ("face.gif", "video.gif"), ("face.avif", "video.bin")),
        ("face", "video.bin"),  # what it is has to be found out
    ],
)
def test_a_still_source_stands_beside_the_dub(stage: Stage, page: Any, name: str, place: str) -> None:
    scenes.dubbed(stage, video=InputFile(name=name, place=place), files={place: still(name)})
    page.goto(f"{stage.url}/#job=dub")
    shown = page.get_by_role("img", name="The source")
    shown.wait_for()
    assert shown.evaluate("image => image.decode().then(() => image.naturalWidth)") == 192
    page.get_by_role("button", name="Play").click()
    until(page, "document.querySelectorAll('video')[0].currentTime > 0.3")
    assert page.get_by_role("slider", name="Line between").is_visible()
    assert page.get_by_role("radio", name="Before").count() == 0


def test_a_still_that_the_browser_does_not_know_is_told(stage: Stage, page: Any) -> None:
    file = InputFile(name="face.tiff", place="video.tiff")
    scenes.dubbed(stage, video=file, files={"video.tiff": still(file.name)})
    page.goto(f"{stage.url}/#job=dub")
    page.get_by_text("This browser cannot show the source: it does not know this kind of picture").wait_for()
    assert page.get_by_role("slider", name="Line between").count() == 0


def still(name: str) -> bytes:
    """A gray picture, of the kind that its name says."""
    ending = name.partition(".")[2] or "png"
    return cv2.imencode(f".{ending}", np.full((108, 192, 3), 90, np.uint8))[1].tobytes()


def test_the_source_is_shown_as_the_dub_was_made(stage: Stage, page: Any, tmp_path: Path) -> None:
    longer = make_clip("cfr", tmp_path / "longer").path
    made = {**scenes.DUBBED, "frames": 100, "seconds": 4.0, "sync_mode": "loop"}  # by the operator's word
    scenes.dubbed(stage, files={"result.mp4": longer}, result=made)
    page.goto(f"{stage.url}/#job=dub")
    page.get_by_role("button", name="Play").wait_for()
    needs_codecs(page)
    until(page, "[...document.querySelectorAll('video')].every(v => v.readyState > 2)")
    page.get_by_role("slider", name="Time").fill("3.6")
    until(page, "[...document.querySelectorAll('video')].every(v => !v.seeking)")
    assert page.evaluate(READ) == [90, 15]
