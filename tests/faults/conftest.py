"""What the tests of faults share: tiny inputs, and folders that are looked through at the end."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.files import AT_ONCE, CUT, SLOW, Home, digest, make_clip, make_sound, sidecar
from tests.faults.nodes import Nodes, open_nodes


@dataclass(frozen=True, kw_only=True)
class Talk:
    """A clip, two sounds for it, the faces in it, and the digests of its dubs when nothing goes wrong."""

    clip: Path
    sounds: tuple[Path, Path]
    scans: Path
    digests: tuple[str, str]
    pieces: int  # chunks and seams of a dub

    def words(self, number: int) -> tuple[str, ...]:
        """The job of a sound, without its output."""
        return (f"video={self.clip}", f"audio={self.sounds[number]}", SLOW, *CUT)


@pytest.fixture
def home() -> Iterator[Home]:
    """Below a short path: Ray's sockets allow no long one."""
    with tempfile.TemporaryDirectory(prefix="f-", dir="/tmp") as folder:
        yield Home(folder=Path(folder))


@pytest.fixture(scope="session")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Talk:
    home = Home(folder=tmp_path_factory.mktemp("talk"))
    clip = make_clip(home.inputs / "talk.mp4", 48)
    sounds = (
        make_sound(home.inputs / "talk.a.wav", 1.92),
        make_sound(home.inputs / "talk.b.wav", 1.92, after=2.0),
    )
    digests = []
    for sound in sounds:
        words = (f"video={clip}", f"audio={sound}", f"out={home.out / sound.stem}.mp4", "ray.cluster=none")
        driver = home.start("run", *words, SLOW, *CUT, **AT_ONCE)
        assert driver.code() == 0, driver.log
        digests.append(digest(home.out / f"{sound.stem}.mp4"))
    assert home.leftovers() == []
    return Talk(
        clip=clip,
        sounds=sounds,
        scans=home.cache / "scans",
        digests=(digests[0], digests[1]),
        pieces=len(sidecar(home.out / "talk.a.mp4")["chunks"]),
    )


@pytest.fixture
def scanned(home: Home, talk: Talk) -> Home:
    """Folders whose cache knows the faces of the clip."""
    shutil.copytree(talk.scans, home.cache / "scans")
    return home


@pytest.fixture(scope="session")
def nodes() -> Iterator[Nodes]:
    with open_nodes() as nodes:
        yield nodes
