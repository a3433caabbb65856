"""The promises of the whole pipeline where a Ray does the work."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

from lipsync_ray.distributed.ray_cluster import ray_session
from lipsync_ray.distributed.settings import RaySettings
from lipsync_ray.dubbing import dub
from lipsync_ray.jobs.pieces import Piece
from lipsync_ray.overrides import load_config
from tests.test_dub import SPEECH, run


def test_workers_and_their_deaths_do_not_show_in_the_result(clip: Path, tmp_path: Path, cache: Path) -> None:
    quick = ("chunk.seconds=0.714", "ray.cluster=local")
    here = run(clip, tmp_path / "here.mp4", cache, "chunk.seconds=0.714")
    with ray_session(RaySettings(cluster="local", workers=2)):
        one = run(clip, tmp_path / "one.mp4", cache, *quick, "ray.workers=1")
        two = run(clip, tmp_path / "two.mp4", cache, *quick, "ray.workers=2")
        killer = KillsAWorker()
        words = (f"video={clip}", f"audio={SPEECH}", f"out={tmp_path / 'k.mp4'}", f"cache.dir={cache}")
        config = load_config(
            [*words, "encode.preset=ultrafast", "quality.enabled=false", *quick, "ray.workers=2"]
        )
        killed = dub(config, progress=killer)
    assert killer.victims
    assert any("killed or crashed" in note for note in killer.notes)
    assert here.digest == one.digest == two.digest == killed.digest


class KillsAWorker:
    """A progress display that kills a worker that draws a chunk, when the first ones are done."""

    def __init__(self) -> None:
        self.victims: list[int] = []
        self.notes: list[str] = []
        self._rendering = False

    def stage(self, name: str, total: int | None = None) -> None:
        self._rendering = name == "render"

    def advance(self, n: int = 1) -> None:
        if self._rendering and not self.victims:
            self.victims = worker_processes()[:1]
            for victim in self.victims:
                os.kill(victim, signal.SIGKILL)

    def note(self, text: str) -> None:
        self.notes.append(text)


def worker_processes() -> list[int]:
    """Ray workers that descend from this very process and draw a chunk right now."""
    parents, workers = {}, []
    for folder in Path("/proc").iterdir():
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if draws_a_chunk((folder / "cmdline").read_bytes()):
                workers.append(int(folder.name))
        except (OSError, ValueError):
            continue
    return [pid for pid in workers if os.getpid() in ancestors(pid, parents)]


def draws_a_chunk(title: bytes) -> bool:
    """A busy worker has the name of its task for a title."""
    return title.rstrip(b"\0") == b"ray::" + Piece.__name__.encode()


def ancestors(pid: int, parents: dict[int, int]) -> Iterator[int]:
    while pid in parents:
        pid = parents[pid]
        yield pid
