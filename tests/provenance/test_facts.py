"""What a manifest tells of a job: the files that it was given, and what really was drawn by what."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lipsync_ray.config import Config
from lipsync_ray.dubbing import dub
from lipsync_ray.faces.select import Reason
from lipsync_ray.jobs.places import absolute
from lipsync_ray.jobs.rendering import Drawer
from lipsync_ray.jobs.sealing import Made, settings_hash
from lipsync_ray.overrides import load_config
from lipsync_ray.plan import Chunk
from lipsync_ray.provenance.facts import DubFacts, GivenFile
from lipsync_ray.provenance.reading import Credentials
from lipsync_ray.provenance.verify import verify
from lipsync_ray.storage.whole import content_hash
from tests.provenance.conftest import FRAMES, Home
from tests.provenance.test_verify import manifest_of


def credentials_of(out: Path) -> Credentials:
    found = verify(str(out)).credentials
    assert found is not None
    return found


def facts_of(out: Path) -> DubFacts:
    facts = credentials_of(out).facts
    assert facts is not None
    return facts


def test_the_first_frame_of_a_video_is_told_as_the_video_itself(home: Home, tmp_path: Path) -> None:
    out, drive = tmp_path / "out.mp4", tmp_path / "drive.wav"
    drive.write_bytes((home.folder / "dub.wav").read_bytes()[:-2000])
    home.dub(out, "media.static=true", f"audio.drive={drive}")
    facts = facts_of(out)
    assert facts.files == (
        GivenFile(use="source", name="talk.mp4", sha256=content_hash(home.folder / "talk.mp4")),
        GivenFile(use="speech", name="dub.wav", sha256=content_hash(home.folder / "dub.wav")),
        GivenFile(use="drive", name="drive.wav", sha256=content_hash(drive)),
    )
    found = [(one["title"], one["relationship"]) for one in manifest_of(out)["ingredients"]]
    assert found == [("talk.mp4", "parentOf"), ("dub.wav", "componentOf"), ("drive.wav", "inputTo")]


def test_each_piece_of_a_sound_is_told(home: Home, tmp_path: Path) -> None:
    out, other = tmp_path / "out.mp4", tmp_path / "other.wav"
    other.write_bytes((home.folder / "dub.wav").read_bytes()[:-4000])
    pieces = f"{{start: 0, end: 0.3, file: '{home.folder / 'dub.wav'}'}}, {{start: 0.4, file: '{other}'}}"
    words = [word for word in home.words(out) if not word.startswith("audio=")]
    dub(load_config([*words, f"audio.segments=[{pieces}]"]))
    facts = facts_of(out)
    assert [(one.use, one.name) for one in facts.files] == [
        ("source", "talk.mp4"),
        ("speech", "dub.wav"),
        ("speech", "other.wav"),
    ]
    assert facts.files[2].sha256 == content_hash(other)
    assert facts.audio_sha256 not in {one.sha256 for one in facts.files}


def test_where_nothing_was_drawn_nothing_is_called_edited(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOY_FAIL_FRAME", "3")
    monkeypatch.setenv("TOY_FAIL_UNTIL", str(tmp_path / "never"))
    out = tmp_path / "out.mp4"
    words = ("chunk.on_error=pass", "chunk.max_attempts=1", "engine.name=tests.toy_engines:FailsOnce")
    home.dub(out, *words)
    found = credentials_of(out)
    assert found.actions == ("c2pa.opened", "c2pa.placed")
    facts = facts_of(out)
    assert (facts.edited, facts.edited_frames) == ((), 0)
    assert facts.passed_through == {"untouched_chunk": FRAMES}
    assert b"compositeWithTrainedAlgorithmicMedia" not in out.read_bytes()
    told = json.loads(out.with_suffix(".json").read_text())["provenance"]
    assert told["passed_through"] == {"untouched_chunk": FRAMES}


def made(edited: str, meant: str, drawers: dict[int, Drawer]) -> Made:
    drawn = np.array([sign == "x" for sign in edited])
    wanted = np.array([sign == "x" for sign in meant])
    half = len(drawn) // 2
    return Made(
        edited=drawn,
        digest="",
        drawn={"": wanted},
        reasons={"": np.where(wanted, Reason.USABLE, Reason.TINY)},
        chunks=[
            Chunk(index=0, start=0, stop=half, head=0, tail=0),
            Chunk(index=1, start=half, stop=len(drawn), head=0, tail=0),
        ],
        drawers=drawers,
    )


def test_frames_are_counted_as_they_were_drawn() -> None:
    assert made("xx......", "xxx.xxx.", {}).left() == {"tiny": 2, "untouched_chunk": 4}
    assert made("xxx.xxx.", "xxx.xxx.", {}).left() == {"tiny": 2}


def test_each_engine_has_its_own_stretches() -> None:
    other = Drawer(engine="other", weights={"net": "1"})
    both = made("xxx.xxx.", "xxx.xxx.", {1: other}).by_engine("one")
    assert {name: np.flatnonzero(own).tolist() for name, own in both.items()} == {
        "one": [0, 1, 2],
        "other": [4, 5, 6],
    }
    assert set(made("xxx.....", "xxx.xxx.", {1: other}).by_engine("one")) == {"one"}
    margin = Drawer(engine="one", weights={})
    assert set(made("xxx.xxx.", "xxx.xxx.", {1: margin}).by_engine("one")) == {"one"}


def test_settings_that_differ_have_other_hashes_and_folders_do_not_matter(tmp_path: Path) -> None:
    def hashed(*words: str, folder: str = "a") -> str:
        config: Config = load_config([f"video=/{folder}/v.mp4", f"audio=/{folder}/s.wav", *words])
        return settings_hash(absolute(config))

    variants = [
        (),
        ("sync.fps=30000/1001",),
        ("sync.fps=24000/1001",),
        ("quality.retry=[pass]",),
        ("quality.retry_margin=2",),
        ("provenance.visible_mark=AI",),
        ("audio.drive=/a/d.wav",),
    ]
    assert len({hashed(*words) for words in variants}) == len(variants)
    assert hashed() == hashed(folder="b") == hashed("policy.consent=17", "ray.workers=3")
