"""Places of the service's files."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lipsync_ray.serve.job import InputFile, ServedJob
from lipsync_ray.serve.places import Places
from lipsync_ray.serve_settings import ServeSettings


def job(**more: object) -> ServedJob:
    given = {"id": "abc", "owner": "me", "kind": "dub", "created": 1.0, **more}
    return ServedJob(video=InputFile(name="My clip.mov", place="video.mov"), **given)  # type: ignore[arg-type]


def test_only_the_owner_enters_the_folder(tmp_path: Path) -> None:
    places = Places(tmp_path / "data")
    places.make()
    places.make()
    assert stat.S_IMODE(places.root.stat().st_mode) == 0o700
    assert places.incoming().is_dir()
    assert places.jobs().is_dir()


def test_all_processes_agree_on_one_secret(tmp_path: Path) -> None:
    places = Places(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        secrets = set(pool.map(lambda _: Places(tmp_path).secret(), range(32)))
    assert secrets == {places.secret()}
    assert len(places.secret()) == 32
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


def test_inputs_are_files_of_the_job_or_addresses(tmp_path: Path) -> None:
    places = Places(tmp_path)
    mine = job(audio=InputFile(name="dub.wav", place="s3://in/dub.wav"))
    assert places.source(mine) == str(tmp_path / "jobs" / "abc" / "video.mov")
    assert places.sound(mine) == "s3://in/dub.wav"
    assert places.sound(job()) is None


def test_outputs_are_named_after_what_was_asked_for(tmp_path: Path) -> None:
    places = Places(tmp_path)
    assert places.result(job(container="mkv")).name == "result.mkv"
    assert places.preview(job()).name == "result.preview.png"
    assert places.preview(job(options={"preview.kind": "clip"})).name == "result.preview.mp4"
    assert places.database_url(ServeSettings()) == f"sqlite:///{tmp_path}/service.db"
    assert places.database_url(ServeSettings(database="postgresql://x/y")) == "postgresql://x/y"
