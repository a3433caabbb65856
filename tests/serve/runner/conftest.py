"""A runner at work in this process, on small clips."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from lipsync_ray.serve.job import InputFile, ServedJob, new_id
from lipsync_ray.serve.places import Places
from lipsync_ray.serve.runner import Runner
from lipsync_ray.serve.store import JobStore
from lipsync_ray.serve_settings import ServeSettings
from tests.faults.files import CUT, make_clip, make_sound

LONGEST_S = 120.0
FAST = ("ray.cluster=none", "encode.preset=ultrafast", "quality.enabled=false", *CUT)


@dataclass(kw_only=True)
class Works:
    """A store with files, and who works on it."""

    folder: Path
    clip: Path
    sound: Path
    words: tuple[str, ...] = (*FAST, "engine=tests.toy_engines:Brighten")
    settings: ServeSettings = field(default_factory=ServeSettings)

    def __post_init__(self) -> None:
        self.places = Places(self.folder)
        self.places.make()
        self.store = JobStore(self.places.database_url(self.settings))

    def job(self, kind: str = "dub", *, owner: str = "me", clip: Path | None = None, **more: Any) -> str:
        """Put a job in line; its id."""
        clip = clip or self.clip
        audio = None if more.pop("silent", False) else InputFile(name="My voice.wav", place="audio.wav")
        job = ServedJob(
            **{
                "id": new_id(),
                "owner": owner,
                "kind": kind,
                "video": InputFile(name="My clip.mp4", place=f"video{clip.suffix}"),
                "audio": audio,
                "created": time.time(),
                **more,
            }
        )
        home = self.places.job(job.id)
        home.mkdir()
        shutil.copy(clip, home / job.video.place)
        if audio is not None:
            shutil.copy(self.sound, home / audio.place)
        self.store.add(job)
        return job.id

    def get(self, id: str) -> ServedJob:
        """A job as it is now."""
        job = self.store.get(id)
        assert job is not None
        return job

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something that must happen."""
        limit = time.monotonic() + LONGEST_S
        while not condition():
            assert time.monotonic() < limit, [(job.state, job.progress) for job in self.store.find()]
            time.sleep(0.01)

    def until_ended(self, *ids: str) -> list[ServedJob]:
        """Wait for the end of jobs."""
        self.until(lambda: all(self.get(id).ended for id in ids))
        return [self.get(id) for id in ids]


@dataclass(kw_only=True)
class Thread:
    """A runner in a thread."""

    works: Works
    clock: Callable[[], float] = time.time

    def __enter__(self) -> Thread:
        self.stop = threading.Event()
        works = self.works
        runner = Runner(works.store, works.places, works.words, works.settings, self.clock)
        self.thread = threading.Thread(target=runner.run, args=(self.stop,))
        self.thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop.set()
        self.thread.join(LONGEST_S)
        assert not self.thread.is_alive()


@pytest.fixture(scope="session")
def media(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A clip of one face, 24 frames, and a second of speech."""
    home = tmp_path_factory.mktemp("served")
    return make_clip(home / "clip.mp4", 24), make_sound(home / "sound.wav", 0.96)


@pytest.fixture
def works(tmp_path: Path, media: tuple[Path, Path]) -> Iterator[Works]:
    made = Works(folder=tmp_path / "data", clip=media[0], sound=media[1])
    yield made
    made.store.close()
