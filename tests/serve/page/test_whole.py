"""The whole way of a person through the page, with a real dub."""

from __future__ import annotations

import hashlib
import json
import threading
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lipsync_ray.serve.runner import Runner
from lipsync_ray.serve_settings import ServeSettings
from tests.serve.page.conftest import heading, needs_codecs, until
from tests.serve.page.scenes import SOUND, Stage

# The slowest encoder: drawing has to last long enough to be told of.
WORDS = ("ray.cluster=none", "encode.preset=placebo", "chunk.seconds=0.8")

# What has been told of a job that goes on, from now on.
LISTEN = """
() => {
  const [stages, pieces] = [window.stages, window.pieces] = [new Set(), new Set()];
  new MutationObserver(() => {
    const stage = document.querySelector(".stages [aria-current] .stage-name");
    const piece = document.querySelector(".chunks[aria-label]");
    if (stage) stages.add(stage.textContent);
    if (piece) pieces.add(piece.getAttribute("aria-label"));
  }).observe(document.body, {subtree: true, childList: true, attributes: true, characterData: true});
}
"""

VIDEOS = "[...document.querySelectorAll('video')]"


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first 1.2 s of the Spanish example."""
    path = tmp_path_factory.mktemp("words") / "hola.wav"
    with wave.open(str(SOUND)) as whole, wave.open(str(path), "wb") as cut:
        cut.setparams(whole.getparams())
        cut.writeframes(whole.readframes(int(1.2 * whole.getframerate())))
    return path


@pytest.fixture
def talk(media_dir: Path, tmp_path: Path) -> Path:
    """1.6 s of two people side by side; the one on the right is shown larger."""
    pytest.importorskip("av")
    from tests.speakers.duet import make_duet

    clips = media_dir / "talk_vfr_700.mp4", media_dir / "talk_closeup_590.mp4"
    return make_duet(tmp_path / "talk.mp4", clips, seconds=1.6, side=320, turn=0.8)


@pytest.fixture
def wall(tmp_path: Path) -> Path:
    """Ten frames of one colour."""
    av = pytest.importorskip("av")
    path = tmp_path / "wall.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for _ in range(10):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((180, 320, 3), 120, np.uint8), "rgb24")))
        out.mux(stream.encode(None))
    return path


@pytest.fixture
def working(stage: Stage) -> Iterator[None]:
    """The jobs of the service are worked on."""
    stop = threading.Event()
    runner = Runner(stage.house.store, stage.house.places, WORDS, ServeSettings())
    thread = threading.Thread(target=runner.run, args=(stop,))
    thread.start()
    yield
    stop.set()
    thread.join(60)
    assert not thread.is_alive()


@pytest.mark.usefixtures("working")
def test_a_person_dubs_a_video(stage: Stage, page: Any, talk: Path, words: Path) -> None:
    upload(page, stage.url, talk, words)
    heading(page, "Ready")
    page.get_by_role("img", name="A frame of each shot").wait_for()
    assert page.get_by_text("640 × 320 · 1.6 s · 25 frames a second · 1 shot · 100 % dubbed").is_visible()
    face = page.locator("img[src*='/faces/']")
    assert face.count() == 2
    for picture in face.all():
        assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") >= 64
    chosen = page.get_by_role("checkbox", checked=True)
    first = chosen.get_attribute("value")
    chosen.uncheck()
    other = page.locator(f"input[type=checkbox]:not([value='{first}'])")
    other.check()
    second = other.get_attribute("value")
    page.evaluate(LISTEN)
    with page.expect_response(lambda response: response.request.method == "POST"):
        page.get_by_role("button", name="Start dubbing").click()
    heading(page, "Done")
    job = stage.newest()
    assert (job.kind, job.state) == ("dub", "done")
    stages, pieces = page.evaluate("[[...stages], [...pieces]]")
    assert "Draw the mouth" in stages
    assert {text.partition(" of ")[2][:8] for text in pieces} == {"2\u00a0pieces"}
    sidecar = json.loads(stage.house.places.sidecar(job).read_text("utf-8"))
    assert [row["face"] for row in sidecar["speakers"]] == [second]
    left, right = changed(talk, stage.house.places.result(job))
    assert left > 5 * right, (left, right)  # the one on the right is larger, and would have been dubbed
    until(page, f"{VIDEOS}.length === 2 && {VIDEOS}.every(v => v.readyState > 2 && v.videoWidth === 640)")
    page.get_by_role("button", name="Play").click()
    until(page, f"{VIDEOS}[0].currentTime > 0.8")
    times = page.evaluate(f"{VIDEOS}.map(v => v.currentTime)")
    assert abs(times[0] - times[1]) <= 1 / 25, times
    page.get_by_role("button", name="Play").wait_for()  # it has come to its end
    page.get_by_text("Full report").click()
    page.frame_locator("iframe").get_by_role("heading", name="Figures").wait_for()
    with page.expect_download() as saved:
        page.get_by_role("link", name="Download the MP4").click()
    assert saved.value.suggested_filename == "talk.dubbed.mp4"
    digests = [
        hashlib.sha256(p.read_bytes()).digest() for p in (saved.value.path(), stage.house.places.result(job))
    ]
    assert digests[0] == digests[1]


@pytest.mark.usefixtures("working")
def test_a_video_without_a_face_is_told_with_what_to_do(
    stage: Stage, page: Any, wall: Path, words: Path
) -> None:
    upload(page, stage.url, wall, words)
    heading(page, "No face was found that can be dubbed")
    assert page.get_by_text("Use a closer shot").is_visible()
    assert page.get_by_text("checked 10 of 10 frames").is_visible()
    assert stage.newest().state == "failed"


def upload(page: Any, url: str, video: Path, sound: Path) -> None:
    page.set_default_timeout(60_000)  # jobs are done meanwhile
    page.goto(url)
    needs_codecs(page)
    page.set_input_files("[data-place=video] input", str(video))
    page.set_input_files("[data-place=audio] input", str(sound))
    page.get_by_role("button", name="Upload and check").click()


def changed(source: Path, dub: Path) -> tuple[int, int]:
    """Samples that a dub has changed clearly, in the left and in the right half."""
    one, other = (np.stack([plain(frame) for frame in frames_of(path)]) for path in (source, dub))
    far = abs(one - other) > 30
    half = far.shape[2] // 2
    return int(far[:, :, :half].sum()), int(far[:, :, half:].sum())


def frames_of(path: Path) -> Iterator[Any]:
    with pytest.importorskip("av").open(str(path)) as given:
        yield from given.decode(video=0)


def plain(frame: Any) -> np.ndarray:
    """Its luma, signed."""
    return frame.to_ndarray(format="gray").astype(np.int16)
