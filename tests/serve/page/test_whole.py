"""The whole way of a person through the page, with a real dub."""

from __future__ import annotations

import hashlib
import threading
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lipsync_ray.serve.runner import Runner
from lipsync_ray.serve_settings import ServeSettings
from tests.serve.page.conftest import heading, needs_codecs, until
from tests.serve.page.scenes import SOUND, Stage

WORDS = ("ray.cluster=none", "encode.preset=ultrafast")

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
def talk(clip: Path, tmp_path: Path) -> Path:
    """The first 1.6 s of a person who talks."""
    av = pytest.importorskip("av")
    path = tmp_path / "talk.mp4"
    with av.open(str(clip)) as given, av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25, options={"preset": "ultrafast", "crf": "16"})
        video = given.streams.video[0]
        stream.width, stream.height = video.codec_context.width, video.codec_context.height
        stream.pix_fmt = "yuv420p"
        for number, frame in enumerate(given.decode(video)):
            if number < 40:
                out.mux(stream.encode(frame.reformat(format="yuv420p")))
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
    page.goto(stage.url)
    needs_codecs(page)
    page.set_input_files("[data-place=video] input", str(talk))
    page.set_input_files("[data-place=audio] input", str(words))
    page.get_by_role("button", name="Upload and check").click()
    heading(page, "Ready")
    page.get_by_role("img", name="A frame of each shot").wait_for()
    assert page.get_by_text("590 × 590 · 1.6 s · 25 frames a second · 1 shot · 100 % dubbed").is_visible()
    assert page.get_by_role("checkbox", name="Person 1").is_checked()
    face = page.locator("img[src*='/faces/']")
    assert face.evaluate("image => image.decode().then(() => image.naturalWidth)") >= 64
    with page.expect_response(lambda response: response.request.method == "POST"):
        page.get_by_role("button", name="Start dubbing").click()
    heading(page, "Done")
    job = stage.newest()
    assert (job.kind, job.state) == ("dub", "done")
    until(page, f"{VIDEOS}.length === 2 && {VIDEOS}.every(v => v.readyState > 2 && v.videoWidth === 590)")
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
