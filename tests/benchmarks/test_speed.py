"""The benchmark of whole dubs: which cases it takes, and that its clips are what their names say."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from benchmarks.clips import looped_sound
from benchmarks.speed.cases import Case, Variant, add_axes, cases, variants
from benchmarks.speed.clips import find_face, finding, make_clip
from lipsync_ray.logs import doing
from lipsync_ray.media.index import build_table
from tests.faults.files import make_clip as trembling
from tests.faults.files import make_sound

ROOT = Path(__file__).resolve().parents[2]


def axes(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_axes(parser)
    return parser.parse_args(words)


def test_the_cases_are_the_product_of_the_axes() -> None:
    found = list(cases(axes("--sizes", "720p", "640x360", "--faces", "fit", "20", "--seconds", "10", "60")))
    assert len(found) == len(set(found)) == 8
    assert found[0] == Case(size=(1280, 720), face=None, seconds=10, preset="medium")
    assert {case.size for case in found} == {(1280, 720), (640, 360)}
    assert len({case.name for case in found}) == 8


def test_a_video_as_it_is_has_no_other_axes_than_the_preset() -> None:
    options = axes("--sizes", "source", "--faces", "5", "20", "--seconds", "10", "60", "--presets", "a", "b")
    assert [case.preset for case in cases(options)] == ["a", "b"]


def test_dubs_take_their_turns_in_the_order_that_is_asked_for() -> None:
    found = variants(axes("--workers", "none", "2", "--cache", "cold", "second"))
    assert found == [
        Variant(workers=None, cache="cold"),
        Variant(workers=None, cache="second language"),
        Variant(workers=2, cache="cold"),
        Variant(workers=2, cache="second language"),
    ]
    assert (found[0].words, found[2].words) == (("ray.cluster=none",), ("ray.workers=2",))


@pytest.mark.parametrize("words", [["--sizes", "721x405"], ["--cache", "hot"], ["--workers", "two"]])
def test_values_that_are_none_are_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        axes(*words)
    assert "invalid" in capsys.readouterr().err


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trembling(tmp_path_factory.mktemp("talk") / "talk.mp4", 5)


@pytest.mark.parametrize(("share", "size"), [(0.2, (640, 360)), (0.5, (480, 270)), (None, (480, 270))])
def test_the_face_has_its_share_of_the_height(
    talk: Path, tmp_path: Path, share: float | None, size: tuple[int, int]
) -> None:
    case = Case(size=size, face=share, seconds=0.4, preset="medium")
    face = find_face(talk)
    clip = make_clip(talk, face, tmp_path / "clip.mp4", case)
    table = build_table(clip)
    assert (table.video.width, table.video.height, len(table)) == (*size, 10)
    assert find_face(clip).height / size[1] == pytest.approx(face.share(case), rel=0.06)
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


def test_a_face_too_small_to_be_found_is_looked_for_where_it_was_put(talk: Path) -> None:
    face = find_face(talk)
    small, large = (Case(size=(1920, 1080), face=share, seconds=1, preset="") for share in (0.05, 0.2))
    assert finding(face, large) == ()
    select, box, least = finding(face, small)
    x0, y0, x1, y1 = np.array(box.removeprefix("face.box=[").removesuffix("]").split(","), float)
    assert (select, least) == ("face.select=box", "face.min_size=16")
    assert (x1 - x0, y1 - y0) == pytest.approx((0.05 * 1080 / face.height * 256,) * 2, abs=2)
    scale = (x1 - x0) / 256
    middle = (x0 + scale * face.x, y0 + scale * face.y)
    assert middle == pytest.approx((960, 540), abs=3)  # of the face, not of the whole clip


def test_a_second_language_is_another_sound_of_the_same_length(tmp_path: Path) -> None:
    speech = make_sound(tmp_path / "speech.wav", 2.0)
    first = looped_sound(speech, tmp_path / "first.wav", seconds=3).read_bytes()
    second = looped_sound(speech, tmp_path / "second.wav", seconds=3, late=0.5).read_bytes()
    late = 44 + 2 * 8000  # a header, and half a second of it
    assert len(first) == len(second) == 44 + 2 * 48000
    assert first[late : late + 2 * 16000] == second[44 : 44 + 2 * 16000]


def test_a_second_language_is_measured_without_a_scan(talk: Path, tmp_path: Path) -> None:
    told = tmp_path / "speed.json"
    words = ["--video", talk, "--sizes", "480x270", "--seconds", "1", "--rounds", "1", "--cache", "second"]
    command = [sys.executable, "-m", "benchmarks.speed", *words, "--presets", "ultrafast", "--json", told]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    rows = [line for line in done.stdout.splitlines() if line.startswith("| talk.mp4 | 1 | 25 | 480x270 |")]
    assert len(rows) == 3, done.stdout  # transcode and dub, and the stages of the dub
    report = json.loads(told.read_text())
    plain, dub = report["comparisons"][0]["runs"]
    assert dub["runs"][0]["told"]["scan"] == "reused"
    assert "scan" not in dub["median"]["stages"]
    assert dub["median"]["cpu_over_transcode"] == pytest.approx(
        dub["runs"][0]["cpu_s"] / plain["runs"][0]["cpu_s"], abs=0.001
    )
    assert report["versions"]["lipsync_ray"]
    assert "benchmarks.speed" in report["command"]


def test_what_is_inside_networks_counts_once_and_only_there() -> None:
    torch = pytest.importorskip("torch")
    from benchmarks.speed.inside import accounted

    class Busy(torch.nn.Module):
        def __init__(self, seconds: float, *parts: torch.nn.Module) -> None:
            super().__init__()
            self.seconds, self.parts = seconds, torch.nn.ModuleList(parts)

        def forward(self, fails: bool = False) -> None:
            _burn(self.seconds)
            for part in self.parts:
                part()
            if fails:
                raise RuntimeError("it failed")

    network = Busy(0.1, Busy(0.1), Busy(0.1, Busy(0.1)))
    with accounted("wav2lip") as account:
        network()
        _burn(0.3)
        with pytest.raises(RuntimeError, match="it failed"):
            network(fails=True)
        with doing("job/chunk-00003"):
            network()
    found = {kind: parts["networks"] for kind, parts in account.seconds.items()}
    assert found == pytest.approx({"": 0.8, "chunk": 0.4}, abs=0.08)
    network()
    assert account.seconds["chunk"]["networks"] < 0.5


def test_a_part_inside_another_counts_for_itself_alone() -> None:
    pytest.importorskip("torch")
    from benchmarks.speed.inside import Account

    def items() -> Iterator[int]:
        for number in range(3):
            _burn(0.1)
            yield number

    account = Account()
    inner = account.counted("inner", lambda: _burn(0.2))

    def both() -> None:
        _burn(0.1)
        inner()
        _burn(0.1)

    account.counted("outer", both)()
    for _ in account.counted_items("items", items)():
        _burn(0.1)
    assert account.seconds[""] == pytest.approx({"outer": 0.2, "inner": 0.2, "items": 0.3}, abs=0.05)


def test_the_parts_of_a_worker_are_told(talk: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from benchmarks.speed.inside import DECODER, ENCODER, accounted, one_cpu
    from lipsync_ray.media.reader import open_reader
    from lipsync_ray.media.writer import EncodeSettings, SegmentWriter

    table = build_table(talk)
    before = os.sched_getaffinity(0)
    with one_cpu(), accounted("wav2lip") as account, open_reader(table, threads=1) as reader:
        assert len(os.sched_getaffinity(0)) == 1
        frames = list(reader.frames(range(len(table))))
        first, video = frames[0], table.video
        size, settings = (first.width, first.height), EncodeSettings(preset="ultrafast", threads=1)
        rate, colour, sar = Fraction(25), video.colour, video.sample_aspect_ratio
        place = tmp_path / "made.nut"
        writer = SegmentWriter(place, first.layout, size, 1 / rate, rate, colour, sar, settings)
        with writer:
            for tick, frame in enumerate(frames):
                writer.write(frame.planes, tick)
    assert os.sched_getaffinity(0) == before
    assert set(account.seconds[""]) == {DECODER, ENCODER}
    assert min(account.seconds[""].values()) > 0


def _burn(seconds: float) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass
