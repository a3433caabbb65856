"""Dubs of one video that have all but the words in common, one after the other in one worker."""

from __future__ import annotations

import json
from pathlib import Path

from lipsync_ray.cli import main
from tests.faults.files import digest, make_clip, make_sound
from tests.test_dub import run

SOUNDS = {"first": (0.8, 0.0), "second": (1.4, 2.0)}  # length and place in the speech, s


def test_each_gets_its_own_mouth(tmp_path: Path) -> None:
    clip, cache = make_clip(tmp_path / "clip.mp4", 40), tmp_path / "cache"
    sounds = {
        name: make_sound(tmp_path / f"{name}.wav", seconds, after=after)
        for name, (seconds, after) in SOUNDS.items()
    }
    alone = {
        name: run(clip, tmp_path / f"{name}.mp4", cache, "chunk.seconds=0.4", speech=sound).digest
        for name, sound in sounds.items()
    }
    assert alone["first"] != alone["second"]
    rows = [{"id": name, "video": str(clip), "audio": str(sound)} for name, sound in sounds.items()]
    manifest = tmp_path / "backlog.jsonl"
    manifest.write_text("".join(json.dumps(row) + "\n" for row in rows))
    words = [f"manifest={manifest}", f"out_dir={tmp_path / 'out'}", f"cache.dir={cache}", "ray.cluster=none"]
    words += ["encode.preset=ultrafast", "quality.enabled=false", "chunk.seconds=0.4"]
    assert main(["batch", *words]) == 0
    assert {name: digest(tmp_path / "out" / "videos" / f"{name}.mp4") for name in sounds} == alone
