"""Runs a case through the command line of this process, and sees what it has left behind."""

from __future__ import annotations

import json
import os
import re
import threading
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from lipsync_ray.cli import main
from tests.corpus.case import Case, Dubbed, Given, Refused
from tests.corpus.stock import Stock

_OF_OURS = re.compile(
    r"lipsync_ray: warning: |(faces|prepare|render|stitch): |job/\w+: "
)  # besides the error


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Folders of one run."""

    folder: Path
    cache: Path
    stock: Stock

    def __post_init__(self) -> None:
        for name in ("in", "out", "tmp"):
            (self.folder / name).mkdir()

    def make(self, case: Case) -> Given:
        """Write the files of a case."""
        return case.make(self.folder / "in", self.stock)

    def words(self, given: Given) -> list[str]:
        """The command of a case."""
        video = self.stock.clip if given.video is None else given.video
        audio = self.stock.speech if given.audio is None else given.audio
        fast = ("encode.preset=ultrafast", "quality.enabled=false", "provenance=off", "ray.cluster=none")
        named = (f"video={video}", f"audio={audio}", f"out={self.out}", f"cache.dir={self.cache}")
        return ["run", *named, *fast, *given.words]

    @property
    def out(self) -> Path:
        return self.folder / "out" / "out.mp4"

    def inputs(self) -> dict[str, bytes | str]:
        """What lies among the inputs: plain files by their bytes, others by their kind."""
        found: dict[str, bytes | str] = {}
        for path in sorted((self.folder / "in").rglob("*")):
            plain = path.is_file() and not path.is_symlink() and os.access(path, os.R_OK)
            found[str(path)] = path.read_bytes() if plain else f"{path.lstat().st_mode:o}"
        return found

    def left(self) -> set[str]:
        """Names in the folder of outputs and of private folders."""
        return {path.name for name in ("out", "tmp") for path in (self.folder / name).iterdir()}

    def kept(self) -> list[str]:
        """What jobs have kept for the next run; a job that fails keeps the chunks that are whole."""
        return [path.name for path in self.cache.glob("jobs/**/*") if path.is_file()]


def held() -> tuple[int, int]:
    """Files that this process has open, and its threads."""
    return len(os.listdir("/proc/self/fd")), threading.active_count()


def run_here(room: Room, given: Given) -> int:
    """Run the command in this process; returns its status."""
    return main(room.words(given))


def check(case: Case, room: Room, status: int, out: str, err: str) -> None:
    """Raise AssertionError where a run has not ended as it has to."""
    assert "Traceback" not in err, err
    assert "INTERNAL" not in err, err
    if isinstance(case.ends, Refused):
        _check_refusal(case.ends, room, status, out, err)
    else:
        _check_dub(case.ends, room, status, err)


def _check_refusal(ends: Refused, room: Room, status: int, out: str, err: str) -> None:
    last = err.splitlines()[-1] if err else ""
    assert (status, out) == (1, ""), err
    assert last.startswith(f"lipsync_ray: {ends.code}: "), err
    assert ends.says in last, last
    others = [line for line in err.splitlines() if not _OF_OURS.match(line)]
    assert others == [last], "a library has written lines of its own"
    assert room.left() == set()
    assert not [name for name in room.kept() if name.startswith(".")], "parts of chunks are left"


def _check_dub(ends: Dubbed, room: Room, status: int, err: str) -> None:
    assert status == 0, err
    assert ends.says in err, err
    assert room.left() == {"out.mp4", "out.json"}
    assert not room.kept()
    with av.open(str(room.out)) as made:
        video = made.streams.video[0]
        assert (video.width, video.height) == ends.size
        frames = list(made.decode(video))
        times = [float(frame.time or 0) for frame in frames]
        assert bool(made.streams.audio) == ends.sound
    told = json.loads(room.out.with_suffix(".json").read_text("utf-8"))["result"]
    assert len(times) == told["frames"]
    if ends.frames is not None:
        assert len(times) == ends.frames
        wanted = ends.times or tuple(number / ends.rate for number in range(ends.frames))
        np.testing.assert_allclose(times, wanted, atol=2e-3)
    kept = sum(told["passed_through"].values())
    assert kept == ends.kept if ends.kept is not None else kept < len(times), told["passed_through"]
