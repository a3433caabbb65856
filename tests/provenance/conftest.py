"""One small clip, and its dubs: signed inside and beside, unsigned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lipsync_ray.dubbing import dub
from lipsync_ray.overrides import load_config
from lipsync_ray.sidecar import Result
from lipsync_ray.weights.store import default_folder
from tests.faults.files import make_clip, make_sound

FRAMES = 20
BRIGHTEN = "engine.name=tests.toy_engines:Brighten"


@dataclass(frozen=True, kw_only=True)
class Home:
    """A folder with a clip and a sound; the models are those of this machine, all else is its own."""

    folder: Path
    weights: Path

    def words(self, out: Path, *words: str, video: Path | None = None) -> list[str]:
        given = [
            f"video={video or self.folder / 'talk.mp4'}",
            f"audio={self.folder / 'dub.wav'}",
            f"out={out}",
        ]
        where = [f"cache.dir={self.folder / 'cache'}", f"weights.folder={self.weights}", "ray.cluster=none"]
        return [*given, *where, "quality.enabled=false", "encode.preset=ultrafast", BRIGHTEN, *words]

    def dub(self, out: Path, *words: str, video: Path | None = None) -> Result:
        return dub(load_config(self.words(out, *words, video=video)))


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder = tmp_path_factory.mktemp("provenance")
    make_clip(folder / "talk.mp4", FRAMES)
    make_sound(folder / "dub.wav", FRAMES / 25)
    return Home(folder=folder, weights=default_folder())


@pytest.fixture(scope="package", autouse=True)
def _own_keys(tmp_path_factory: pytest.TempPathFactory, home: Home) -> Iterator[None]:
    """Development keys of these tests alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LIPSYNC_RAY_CACHE", str(tmp_path_factory.mktemp("keys")))
        yield


@pytest.fixture(scope="package")
def signed(home: Home, _own_keys: None) -> Path:
    """A dub with its manifest inside; who was dubbed has agreed."""
    out = home.folder / "signed.mp4"
    home.dub(out, "policy.consent=contract 17/2026", "provenance.visible_mark=AI-edited")
    return out
