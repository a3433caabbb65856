"""Small inputs, and what a run has left of files."""

from __future__ import annotations

import json
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from tests.conftest import ROOT
from tests.faults.driver import Driver

PORTRAIT = ROOT / "examples" / "portrait.png"
SPEECH = ROOT / "examples" / "hello.wav"
SLOW = "engine=tests.faults.engines:Slow"
AT_ONCE = {"TOY_NAP": "0"}  # for a job with ``SLOW`` of which nothing is asked in the middle
CUT = ("chunk.seconds=0.32", "chunk.overlap=2")  # chunks of eight frames, with seams between them


def make_clip(path: Path, frames: int, *, size: int = 256) -> Path:
    """A face that trembles, 25 frames a second."""
    face = cv2.resize(cv2.imread(str(PORTRAIT)), (size, size), interpolation=cv2.INTER_AREA)  # type: ignore[call-overload]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"g": "8", "preset": "ultrafast"})
        stream.width = stream.height = size
        stream.pix_fmt = "yuv420p"
        for number in range(frames):
            shown = np.clip(np.roll(face, number % 5, 1).astype(int) + number % 7, 0, 255).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(shown, "bgr24")))
        container.mux(stream.encode())
    return path


def make_sound(path: Path, seconds: float, *, after: float = 0.0) -> Path:
    """A piece of speech."""
    with wave.open(str(SPEECH)) as file:
        rate = file.getframerate()
        file.setpos(int(after * rate))
        data, kind = file.readframes(int(seconds * rate)), file.getparams()
    with wave.open(str(path), "wb") as file:
        file.setparams(kind)
        file.writeframes(data)
    return path


@dataclass(frozen=True, kw_only=True)
class Home:
    """Folders of one test: inputs, outputs, the cache, temporary files."""

    folder: Path

    def __post_init__(self) -> None:
        for name in ("in", "out", "cache", "tmp"):
            (self.folder / name).mkdir()

    @property
    def inputs(self) -> Path:
        return self.folder / "in"

    @property
    def out(self) -> Path:
        return self.folder / "out"

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    @property
    def tmp(self) -> Path:
        return self.folder / "tmp"

    def start(self, *words: str, **environment: str) -> Driver:
        """A command with this cache and a fast encoder."""
        common = [f"cache.dir={self.cache}", "encode.preset=ultrafast", "quality.enabled=false"]
        own = [
            word for word in common if not any(given.startswith(word.partition("=")[0]) for given in words)
        ]
        return Driver([*words, *own], home=self.tmp, environment=environment)

    def leftovers(self) -> list[Path]:
        """Files in the making, private folders, artifacts of jobs and their locks: nothing of it may stay."""
        hidden = [path for part in (self.out, self.cache) for path in part.rglob(".*")]
        jobs = list((self.cache / "jobs").glob("*")) if (self.cache / "jobs").is_dir() else []
        return [*hidden, *jobs, *self.tmp.glob("lsr-*")]


def sidecar(out: Path) -> dict[str, Any]:
    """What is told about a finished output."""
    return json.loads(out.with_suffix(".json").read_text())


def digest(out: Path) -> str:
    """Of all its pictures."""
    return sidecar(out)["result"]["digest"]
