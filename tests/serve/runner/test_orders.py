"""What the owner of a job may see of its settings."""

from __future__ import annotations

import json
from pathlib import Path

from lipsync_ray.overrides import load_config
from lipsync_ray.serve.job import InputFile, ServedJob
from lipsync_ray.serve.orders import told_settings


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
