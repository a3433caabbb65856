"""What the owner of a job may see of its settings."""

from __future__ import annotations

import json
from pathlib import Path

from lipsync_ray.overrides import load_config
from lipsync_ray.serve.job import InputFile, ServedJob
from lipsync_ray.serve.orders import config_of, told_settings
from tests.serve.runner.conftest import Works


def test_settings_tell_names_of_the_owner_and_no_folders_of_the_server(tmp_path: Path) -> None:
    secret = tmp_path / "server"
    words = [
        f"{name}={secret}/x" for name in ("cache.dir", "cache.copies_dir", "weights.dir", "weights.folder")
    ]
    words += [f"provenance.key={secret}/key.pem", f"provenance.certificate={secret}/chain.pem"]
    files = [f"video={secret}/video.mp4", f"audio={secret}/audio.wav", f"out={secret}/result.mp4"]
    job = ServedJob(
        id="a",
        owner="me",
        kind="dub",
        video=InputFile(name="My clip.mp4", place="video.mp4"),
        audio=InputFile(name="My voice.wav", place="audio.wav"),
        created=0.0,
    )
    told = told_settings(job, load_config([*words, *files]))
    assert str(secret) not in json.dumps(told)
    assert (told["video"], told["audio"]["file"], told["out"]) == (
        "My clip.mp4",
        "My voice.wav",
        "result.mp4",
    )


def test_the_operators_mark_stays_and_a_preview_is_of_the_kind_that_names_its_file(
    works: Works,
) -> None:
    id = works.job("preview", options={"provenance.visible_mark": None})
    base = ("provenance.visible_mark=AI-edited", "preview.kind=clip")
    config = config_of(works.get(id), base, works.places)
    assert config.provenance.visible_mark == "AI-edited"
    assert config.preview.ending == works.places.preview(works.get(id)).name.removeprefix("result")
    own = works.job("preview", options={"provenance.visible_mark": "mine", "preview.kind": "sheet"})
    config = config_of(works.get(own), (), works.places)
    assert (config.provenance.visible_mark, config.preview.kind) == ("mine", "sheet")
