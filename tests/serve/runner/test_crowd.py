"""Many clients at once on a whole service: no job is lost, and nobody gets what is another's."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import wave
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import av
import pytest

from lipsync_ray.client import Client, ServiceRefused
from tests.conftest import ROOT

CLIENTS, JOBS = 50, 20
RATE, FPS = 16000, 25
TOKENS = [f"client-{number:02d}-0123456789" for number in range(CLIENTS)]


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """Where a service of its own listens."""
    home = Path("/tmp") / f"c-{os.getpid()}"  # Ray's sockets allow no long path
    home.mkdir()
    log = tmp_path / "log.txt"
    words = ["serve.port=0", f"serve.data_dir={tmp_path / 'data'}", "quality.enabled=false", "ray.workers=2"]
    names = ",".join(f"c{number}:{token}" for number, token in enumerate(TOKENS))
    environment = {**os.environ, "TMPDIR": str(home), "LIPSYNC_RAY_TOKENS": names}
    command = [sys.executable, "-m", "lipsync_ray", "serve", *words, "encode.preset=ultrafast"]
    with log.open("w") as file:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=file, stderr=file)
    try:
        while "listening on" not in (said := log.read_text()):
            assert process.poll() is None, said
            time.sleep(0.1)
        yield said.split()[-1]
        process.terminate()
        assert process.wait(60) == 0
    finally:
        process.kill()


def sound(path: Path, frames: int) -> Path:
    """A hum that lasts as long as so many frames."""
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes((b"\0\10" * 40 + b"\0\370" * 40) * (frames * RATE // FPS // 80))
    return path


def dub(url: str, number: int, folder: Path, ids: dict[int, str]) -> tuple[str, int, list[str]]:
    """Ask for a dub that is unlike all others and fetch it: state, frames of the file, ids in the list."""
    frames = 10 + number
    with Client(url, TOKENS[number]) as client:
        said = sound(folder / f"{number}.wav", frames)
        job = client.submit(ROOT / "examples" / "portrait.png", said, preset="fast")
        ids[number] = job.id
        ended = client.wait(job.id)
        path = client.download(job.id, "result", folder / f"{number}.mp4")
        with av.open(str(path)) as video:
            shown = sum(1 for _ in video.decode(video=0))
        return ended.state, shown, [one.id for one in client.jobs()]


def look_on(url: str, number: int, ids: dict[int, str], over: Event) -> int:
    """Look again and again at what is one's own, which is nothing, and at what is others'; how often."""
    looks = 0
    with Client(url, TOKENS[number]) as client:
        while not over.wait(2) or not looks:
            assert list(client.jobs()) == []
            assert client.options()["auth"]
            for id in list(ids.values())[:2]:
                with pytest.raises(ServiceRefused):
                    client.job(id)
            looks += 1
    return looks


def test_fifty_clients_and_twenty_jobs_at_once(url: str, tmp_path: Path) -> None:
    ids: dict[int, str] = {}
    over = Event()
    with ThreadPoolExecutor(CLIENTS) as crowd:
        looking = [crowd.submit(look_on, url, number, ids, over) for number in range(JOBS, CLIENTS)]
        try:
            asked = [crowd.submit(dub, url, number, tmp_path, ids) for number in range(JOBS)]
            got = [one.result(240) for one in asked]
        finally:
            over.set()
        assert all(one.result(60) for one in looking)
    assert [(state, frames) for state, frames, _ in got] == [("done", 10 + number) for number in range(JOBS)]
    assert [mine for _, _, mine in got] == [[ids[number]] for number in range(JOBS)]
    assert len(set(ids.values())) == JOBS
