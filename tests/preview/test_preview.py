"""The verb preview on made videos: what it shows is what a run writes, and it touches nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from lipsync_ray import drawing, render
from lipsync_ray.artifact import ChunkRecord
from lipsync_ray.dubbing import dub, preview
from lipsync_ray.errors import ConfigError, FaceNotFound, LipsyncError, OutputUnwritable
from lipsync_ray.media.audio import blocks
from lipsync_ray.media.colour import rgb_of
from lipsync_ray.media.index import build_table
from lipsync_ray.media.reader import open_reader
from lipsync_ray.overrides import load_config
from lipsync_ray.preview.beside import GAP
from lipsync_ray.preview.result import Preview
from lipsync_ray.storage import files
from tests.faults.files import SPEECH, make_clip, make_sound

FRAMES, SIZE = 30, 256
REMEMBERS = "engine.name=tests.toy_engines:Remembers"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a clip, a sound and a cache that tests share."""
    folder = tmp_path_factory.mktemp("preview")
    make_clip(folder / "talk.mp4", FRAMES, size=SIZE)
    make_sound(folder / "dub.wav", FRAMES / 25)
    return folder


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Output frames that an engine has drawn, in order."""
    numbers: list[int] = []

    def counting(draw: Callable[..., Any]) -> Callable[..., Any]:
        def counted(engine: Any, batch: Any, *canvases: Any) -> Any:
            numbers.extend(batch.number.tolist())
            return draw(engine, batch, *canvases)

        return counted

    for name in ("run_stages", "paint"):
        monkeypatch.setattr(drawing, name, counting(getattr(drawing, name)))
    return numbers


def words_of(home: Path, out: Path, *words: str) -> list[str]:
    given = [f"video={home / 'talk.mp4'}", f"audio={home / 'dub.wav'}", f"out={out}"]
    where = [f"cache.dir={home / 'cache'}", "ray.cluster=none", "encode.preset=ultrafast", "encode.crf=0"]
    return [*given, *where, *words]


def show(home: Path, out: Path, *words: str) -> Preview:
    return preview(load_config(words_of(home, out, *words)))


def picture(place: Path | str) -> np.ndarray:
    found = cv2.imread(str(place))
    assert found is not None
    return found[..., ::-1]


def halves(place: Path | str, width: int = SIZE, height: int = SIZE) -> tuple[np.ndarray, np.ndarray]:
    """The pictures before and after of a preview of one frame, without the text above them."""
    found = picture(place)[-height:]
    assert found.shape == (height, 2 * width + GAP, 3)
    return found[:, :width], found[:, width + GAP :]


def frames_of(path: Path, numbers: Sequence[int]) -> list[np.ndarray]:
    table = build_table(path)
    with open_reader(table) as reader:
        return [rgb_of(frame) for frame in reader.frames(numbers)]


def digests_of_run(home: Path, out: Path, monkeypatch: pytest.MonkeyPatch, *words: str) -> list[str]:
    """Digests of all frames, as a run records them; nothing of a run holds more than it needs."""
    found: list[ChunkRecord] = []
    save, draw = render.save_record, render.draw

    def saved(folder: Path, record: ChunkRecord) -> None:
        found.append(record)
        save(folder, record)

    def untraced(*args: Any) -> Any:
        for done in draw(*args):
            assert done.mask is None
            yield done

    monkeypatch.setattr(render, "save_record", saved)
    monkeypatch.setattr(render, "draw", untraced)
    dub(load_config(words_of(home, out, "chunk.seconds=60", *words)))
    (record,) = found
    return record.digests.split("\n")


@pytest.mark.parametrize("words", [(), ("preset=fast", "preset.every=3"), (REMEMBERS,)])
def test_a_frame_is_the_one_of_the_run_and_no_other_is_drawn(
    home: Path, tmp_path: Path, drawn: list[int], monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    out = tmp_path / "out.mp4"
    digests = digests_of_run(home, out, monkeypatch, *words)
    written = out.read_bytes(), (tmp_path / "out.json").read_bytes()
    drawn.clear()
    shown = show(home, out, "preview.at=0.4", *words)
    place = tmp_path / "out.preview.png"
    assert shown.place == place
    (one,) = shown.shown
    assert (one.number, one.time, one.why, one.faces) == (10, 0.4, "", 1)
    assert one.digest == digests[10] != digests[11]
    assert drawn == ([9, 12] if "preset.every=3" in words else [10])
    assert (out.read_bytes(), (tmp_path / "out.json").read_bytes()) == written

    before, after = halves(place)
    assert np.array_equal(before, frames_of(home / "talk.mp4", [10])[0])
    assert np.array_equal(after, frames_of(out, [10])[0])  # the run was encoded without loss
    assert not np.array_equal(before, after)
    assert shown.text().startswith(f"{place}: 0.400 s (frame 10), 1 of 1 faces, drawn by ")


def test_a_clip_has_the_frames_and_the_sound_of_its_stretch(
    home: Path, tmp_path: Path, drawn: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    digests = digests_of_run(home, tmp_path / "run.mp4", monkeypatch)
    drawn.clear()
    words = ("preview.kind=clip", "preview.at=0.6", "preview.seconds=0.4")
    shown = show(home, tmp_path / "out.mp4", *words)
    assert [one.digest for one in shown.shown] == digests[15:25]
    assert drawn == list(range(15, 25))
    place = tmp_path / "out.preview.mp4"
    assert f"{place}: 0.600 to 1.000 s (frames 15 to 24), 10 of 10 frames drawn by" in shown.text()
    table = build_table(place)
    assert table.times() == pytest.approx(np.arange(10) * 0.04, abs=1e-3)
    assert (table.video.width % 2, table.video.height % 2) == (0, 0)
    first = frames_of(place, [0])[0][-SIZE:]
    source, made = frames_of(home / "talk.mp4", [15])[0], frames_of(tmp_path / "run.mp4", [15])[0]
    assert np.abs(first[:, :SIZE].astype(int) - source).mean() < 3
    assert np.abs(first[:, SIZE + GAP :].astype(int) - made).mean() < 3
    heard = np.concatenate([*blocks(place, rate=16000, layout="mono")], 1)[0]
    whole = np.concatenate([*blocks(home / "dub.wav", rate=16000, layout="mono")], 1)[0]
    assert len(heard) == pytest.approx(0.4 * 16000, abs=1100)
    part = whole[9600 : 9600 + 6400]
    assert np.corrcoef(heard[:6400], part[: len(heard)])[0, 1] > 0.95


def test_a_sheet_draws_its_moments_alone(home: Path, tmp_path: Path, drawn: list[int]) -> None:
    shown = show(home, tmp_path / "out.mp4", "preview.kind=sheet", "preview.frames=5")
    assert drawn == [one.number for one in shown.shown] == [3, 9, 15, 21, 27]
    place = tmp_path / "out.sheet.png"
    text = f"{place}: 5 of 30 dubbed frames, 0.120 to 1.080 s, drawn by unit_selection"
    assert shown.text() == text
    assert picture(place).std() > 20
    assert [path.name for path in tmp_path.iterdir()] == ["out.sheet.png"]


def test_without_a_moment_it_is_one_in_which_somebody_talks(home: Path, tmp_path: Path) -> None:
    quiet = tmp_path / "late.wav"
    with av.open(str(quiet), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=16000, layout="mono")
        whole = np.concatenate([*blocks(SPEECH, rate=16000, layout="mono")], 1)
        late = np.concatenate([np.zeros((1, 12000)), whole[:, 4000:11200]], 1)
        frame = av.AudioFrame.from_ndarray((late * 32000).astype(np.int16), format="s16", layout="mono")
        frame.sample_rate = 16000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    shown = show(home, tmp_path / "out.mp4", f"audio={quiet}")
    assert shown.shown[0].time > 0.75
    clip = show(home, tmp_path / "out.mp4", f"audio={quiet}", "preview.kind=clip", "preview.seconds=0.4")
    assert clip.shown[0].time > 0.6


def test_lines_are_drawn_on_the_side_after_alone(home: Path, tmp_path: Path) -> None:
    bare = halves(show(home, tmp_path / "bare.mp4", "preview.at=0.4").place)
    lined = halves(show(home, tmp_path / "lined.mp4", "preview.at=0.4", "preview.overlay=true").place)
    assert np.array_equal(bare[0], lined[0])
    changed = (bare[1] != lined[1]).any(2)
    assert 500 < changed.sum() < 0.4 * changed.size
    with_lines = show(home, tmp_path / "out.mp4", "preview.kind=sheet", "preview.overlay=true")
    without = show(home, tmp_path / "none.mp4", "preview.kind=sheet")
    assert not np.array_equal(picture(with_lines.place), picture(without.place))


def test_the_scan_is_kept_for_the_run(tmp_path: Path) -> None:
    make_clip(tmp_path / "talk.mp4", 12)
    make_sound(tmp_path / "dub.wav", 0.5)
    show(tmp_path, tmp_path / "out.mp4")
    result = dub(load_config(words_of(tmp_path, tmp_path / "out.mp4")))
    assert json.loads(Path(result.sidecar).read_text())["scan"] == "reused"


def test_a_frame_that_is_left_alone_says_why(tmp_path: Path) -> None:
    make_shots(tmp_path / "talk.mp4")
    make_sound(tmp_path / "dub.wav", 1.6)
    shown = show(tmp_path, tmp_path / "out.mp4", "preview.at=1.2", "preview.overlay=true")
    assert shown.text().endswith("1.200 s (frame 30), 0 of 0 faces, left alone: no face")
    before, after = halves(shown.place)
    assert np.array_equal(before, after)
    clip = show(tmp_path, tmp_path / "out.mp4", "preview.kind=clip", "preview.at=0.6", "preview.seconds=0.4")
    assert "5 of 10 frames drawn by unit_selection (left alone: no face)" in clip.text()
    sheet = show(tmp_path, tmp_path / "out.mp4", "preview.kind=sheet", "preview.frames=60")
    assert [one.number for one in sheet.shown] == list(range(20))


def make_shots(path: Path) -> None:
    """20 frames of a face, then 20 without one."""
    whole = make_clip(path.with_name("whole.mp4"), 20)
    faces = frames_of(whole, range(20))
    rows = np.linspace(0, 250, SIZE, dtype=np.uint8)[:, None, None]
    nobody = np.broadcast_to(rows, (SIZE, SIZE, 3))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = SIZE, SIZE, "yuv420p"
        for shown in [*faces, *[nobody] * 20]:
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(shown), "rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def test_pixels_that_are_not_square_are_shown_square(home: Path, tmp_path: Path) -> None:
    with av.open(str(home / "talk.mp4")) as source, av.open(str(tmp_path / "talk.mp4"), "w") as wide:
        stream = wide.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = SIZE // 2, SIZE, "yuv420p"
        stream.codec_context.sample_aspect_ratio = 2  # type: ignore[assignment]
        for frame in source.decode(video=0):
            wide.mux(stream.encode(frame.reformat(SIZE // 2, SIZE)))
        wide.mux(stream.encode())
    make_sound(tmp_path / "dub.wav", 1.0)
    shown = show(tmp_path, tmp_path / "out.mp4", "face.min_size=20", "face.max_yaw=80", "preview.at=0.2")
    before, _ = halves(shown.place)
    wanted = frames_of(home / "talk.mp4", [5])[0]
    assert np.abs(before.astype(int) - wanted).mean() < 12


@pytest.mark.parametrize(
    ("words", "error", "says"),
    [
        (
            ["preview.at=9"],
            ConfigError,
            r"preview\.at=9 is after the end of the output: choose 0 to 1\.200 s",
        ),
        (["out=absent/out.mp4"], OutputUnwritable, "the folder absent of .* does not exist"),
        (["out=talk.mp4", "video=talk.preview.png"], ConfigError, "the preview is the video itself"),
        (["video=nobody.png"], FaceNotFound, "no face in nobody.png"),
        (["engine=tests.preview.engines:Breaks"], LipsyncError, "cannot draw"),
    ],
)
def test_what_cannot_be_leaves_nothing(
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    error: type[Exception],
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    cv2.imwrite("talk.preview.png", np.full((64, 64, 3), 90, np.uint8))
    cv2.imwrite("nobody.png", np.full((64, 64, 3), 90, np.uint8))
    (tmp_path / "out.preview.png").write_bytes(b"the one before")
    there = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(error, match=says):
        show(home, Path("out.mp4"), *words)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == there


def test_a_preview_in_a_store(home: Path, tmp_path: Path, bucket: str) -> None:
    out = f"{bucket}/dubs/talk.es.mp4"
    words = [word for word in words_of(home, tmp_path) if not word.startswith("out=")]
    shown = preview(load_config([*words, f"out={out}", "preview.kind=clip", "preview.seconds=0.2"]))
    assert shown.place == f"{bucket}/dubs/talk.es.preview.mp4"
    files.download(str(shown.place), tmp_path / "shown.mp4")
    assert len(build_table(tmp_path / "shown.mp4")) == 5
