"""Two people in one picture, each dubbed with a sound of their own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lipsync_ray.cli import main
from lipsync_ray.media.colour import rgb_of
from lipsync_ray.media.index import build_table
from lipsync_ray.media.reader import open_reader
from lipsync_ray.media.still import write_still
from lipsync_ray.provenance.verify import verify
from lipsync_ray.storage.whole import content_hash
from tests.speakers.duet import make_duet

ROOT = Path(__file__).resolve().parents[2]
WORDS = ("ray.cluster=none", "encode.preset=veryfast")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, media_dir: Path) -> Path:
    """The video, both sounds and the map, in one folder."""
    folder = tmp_path_factory.mktemp("duet")
    clips = media_dir / "talk_closeup_590.mp4", media_dir / "talk_vfr_700.mp4"
    make_duet(folder / "two.mp4", clips, seconds=4.0, side=320, turn=2.0)
    shutil.copy(media_dir / "speech_10s.wav", folder / "anna.wav")
    shutil.copy(ROOT / "examples" / "hola.wav", folder / "ben.wav")
    (folder / "map.csv").write_text("speaker,face,audio\nanna,left,anna.wav\nben,right,ben.wav\n")
    return folder


def run(home: Path, out: str, *words: str, map: str = "map.csv") -> dict[str, Any]:
    given = [f"video={home / 'two.mp4'}", f"speakers.map={home / map}", f"out={home / out}"]
    assert main(["run", *given, f"cache.dir={home / 'cache'}", *WORDS, *words]) == 0
    return json.loads((home / out).with_suffix(".json").read_text())


@pytest.fixture(scope="module")
def dub(home: Path) -> dict[str, Any]:
    return run(home, "dub.mp4")


def luma(path: Path) -> np.ndarray:
    table = build_table(str(path))
    with open_reader(table) as reader:
        return np.stack([frame.planes[0].astype(np.int16) for frame in reader.frames(range(len(table)))])


def test_each_mouth_follows_its_own_sound(dub: dict[str, Any]) -> None:
    people = dub["result"]["quality"]["speakers"]
    assert list(people) == ["anna", "ben"]
    for told in people.values():
        sync = told["figures"]["sync"]
        assert sync["r"] > 0.9
        assert sync["hits"] >= 0.9 * sync["closed"]
        assert told["flags"] == []


def test_and_not_the_other_ones(home: Path, dub: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    (home / "swapped.csv").write_text("speaker,face,audio\nanna,right,anna.wav\nben,left,ben.wav\n")
    shutil.copy(home / "dub.mp4", home / "copy.mp4")
    words = [f"video={home / 'two.mp4'}", f"speakers.map={home / 'swapped.csv'}", f"out={home / 'copy.mp4'}"]
    capsys.readouterr()
    assert main(["review", "--json", *words, f"cache.dir={home / 'cache'}", *WORDS]) == 0
    swapped = json.loads(capsys.readouterr().out)["speakers"]
    for name in ("anna", "ben"):
        right, wrong = (
            told[name]["figures"]["sync"] for told in (dub["result"]["quality"]["speakers"], swapped)
        )
        assert wrong["r"] < right["r"] - 0.2
        assert any(flag["kind"] == "sync" for flag in swapped[name]["flags"])


def test_the_report_shows_both(home: Path, dub: dict[str, Any]) -> None:
    page = (home / "dub.report.html").read_text()
    assert page.count("<h2>Mouth and sound</h2>") == 2
    assert "<h1>anna</h1>" in page
    assert "<h1>ben</h1>" in page


def test_the_sidecar_tells_who_says_what(home: Path, dub: dict[str, Any]) -> None:
    told = [(row["speaker"], row["face"], row["audio"]) for row in dub["speakers"]]
    assert told == [("anna", "left", str(home / "anna.wav")), ("ben", "right", str(home / "ben.wav"))]


def test_the_manifest_tells_each_sound_and_each_mouth(home: Path, dub: dict[str, Any]) -> None:
    found = verify(str(home / "dub.mp4")).credentials
    assert found is not None
    assert found.facts is not None
    assert [(one.use, one.name, one.sha256) for one in found.facts.files] == [
        ("source", "two.mp4", content_hash(home / "two.mp4")),
        ("speech", "anna.wav", content_hash(home / "anna.wav")),
        ("speech", "ben.wav", content_hash(home / "ben.wav")),
    ]
    assert found.ingredients == ("two.mp4", "anna.wav", "ben.wav")
    assert set(found.facts.speakers) == {"anna", "ben"}


def test_a_sound_of_the_map_is_not_written_over(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(home / "two.mp4", home / "heard.mp4")
    (home / "heard.csv").write_text("face,audio\nleft,heard.mp4\n")
    words = [f"video={home / 'two.mp4'}", f"speakers.map={home / 'heard.csv'}", f"out={home / 'heard.mp4'}"]
    assert main(["run", *words, *WORDS]) == 1
    assert "is the input itself" in capsys.readouterr().err


def test_pieces_come_out_the_same(home: Path, dub: dict[str, Any]) -> None:
    cut = run(home, "cut.mp4", "chunk.seconds=0.7", "chunk.batch=3", "quality.enabled=false")
    assert len(cut["chunks"]) > 3
    assert cut["result"]["digest"] == dub["result"]["digest"]


def test_who_is_to_be_left_alone_is(home: Path, dub: dict[str, Any]) -> None:
    rows = ["speaker,face,start,end,audio", "anna,left,,,anna.wav", "anna,,1,3,leave"]
    (home / "left.csv").write_text("\n".join(rows))
    told = run(home, "left.mp4", "quality.enabled=false", "encode.crf=10", map="left.csv")
    assert told["result"]["passed_through"]["kept"] == 50
    apart = np.abs(luma(home / "left.mp4") - luma(home / "two.mp4"))
    left, right = apart[..., :320], apart[..., 320:]
    assert right.mean() < 1  # ben is not in the map
    assert left[25:75].mean() < 1
    assert left[[5, 15, 90]].max() > 40


def test_an_open_word_about_a_wrong_map(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "wrong.csv").write_text("speaker,face,audio\nanna,left,gone.wav\n")
    words = [f"video={home / 'two.mp4'}", f"out={home / 'x.mp4'}", *WORDS]
    for map, told in (("wrong.csv", "gone.wav"), ("none.csv", "cannot be read")):
        assert main(["run", *words, f"speakers.map={home / map}"]) == 1
        line = capsys.readouterr().err.strip().splitlines()[-1]
        assert told in line
    assert not (home / "x.mp4").exists()


def test_one_person_cannot_be_two_speakers(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = build_table(str(home / "two.mp4"))
    with open_reader(table) as reader:
        write_still(rgb_of(next(iter(reader.frames([0]))))[:, :320], home / "left.png")
    (home / "twice.csv").write_text("speaker,face,audio\nanna,left.png,anna.wav\nben,left.png,ben.wav\n")
    words = [f"video={home / 'two.mp4'}", f"out={home / 'x.mp4'}", f"cache.dir={home / 'cache'}", *WORDS]
    assert main(["run", *words, f"speakers.map={home / 'twice.csv'}"]) == 1
    assert "two speakers have one face" in capsys.readouterr().err


def test_a_preview_tells_that_both_are_drawn(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [f"video={home / 'two.mp4'}", f"speakers.map={home / 'map.csv'}", f"out={home / 'dub.mp4'}"]
    assert main(["preview", *words, "preview.at=1", f"cache.dir={home / 'cache'}", *WORDS]) == 0
    assert "2 of 2 faces, drawn by unit_selection" in capsys.readouterr().out
    assert (home / "dub.preview.png").exists()
