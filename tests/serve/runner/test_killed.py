"""The whole service is killed in the middle of its work: what was done is not done again."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.conftest import ROOT
from tests.faults.files import CUT, make_clip, make_sound
from tests.faults.test_embedded import processes_with
from tests.serve.runner.conftest import LONGEST_S, Works

WORDS = ("encode.preset=ultrafast", "quality.enabled=false", "ray.workers=2", *CUT)


@contextmanager
def service(works: Works, home: Path, *words: str, port: int = 0) -> Iterator[tuple[subprocess.Popen, str]]:
    """A service in a process of its own, and where it listens; killed at the end if it still runs."""
    log = home / "log.txt"
    log.unlink(missing_ok=True)
    environment = {**os.environ, "TMPDIR": str(home), "OMP_NUM_THREADS": "1", "TOY_NAP": "0.25"}
    command = [sys.executable, "-m", "lipsync_ray", "serve", f"serve.data_dir={works.folder}", *WORDS, *words]
    with (
        log.open("w") as file,
        subprocess.Popen(
            [*command, f"serve.port={port}"], cwd=ROOT, env=environment, stdout=file, stderr=file
        ) as process,
    ):
        works.until(lambda: "listening on" in log.read_text() or process.poll() is not None)
        said = log.read_text()
        assert process.poll() is None, said
        try:
            yield process, said.split()[-1]
        finally:
            process.kill()


def records(works: Works) -> dict[str, dict[str, Any]]:
    """Of finished pieces, by their place."""
    return {
        f"{path.parent.name}/{path.stem}": json.loads(path.read_text())
        for path in works.places.cache().glob("jobs/*/0*.json")
    }


def test_three_dubs_survive_a_kill_of_the_whole_service_and_no_piece_is_drawn_twice(tmp_path: Path) -> None:
    home = Path("/tmp") / f"s-{os.getpid()}"  # Ray's sockets allow no long path
    home.mkdir()
    clip, sound = make_clip(tmp_path / "clip.mp4", 64), make_sound(tmp_path / "sound.wav", 2.56)
    works = Works(folder=tmp_path / "data", clip=clip, sound=sound)
    slow = "engine=tests.faults.engines:Slow"
    # Unlike each other: equal jobs would share what is finished.
    ids = [works.job(options={"encode.crf": crf}) for crf in (20, 21, 22)]
    with service(works, home, slow) as (process, url):
        works.until(lambda: len(records(works)) >= 4 and _on_their_way(works, ids) == 3)
        known = records(works)
        assert len(known) < 3 * 8
        process.kill()
        process.wait()
    assert {works.get(id).state for id in ids} == {"running"}
    with service(works, home, slow, port=int(url.rpartition(":")[2])) as (process, again):
        assert again == url
        jobs = works.until_ended(*ids)
        assert httpx.get(f"{url}/readyz").status_code == 200
        assert [(job.state, job.starts, job.error_message) for job in jobs] == [("done", 2, "")] * 3
        _check_pieces(works, ids, known)
        stopped = works.job(options={"encode.crf": 23, "chunk.batch": 1})  # long enough to be stopped
        works.until(lambda: _running(works, stopped))
        process.send_signal(signal.SIGTERM)
        assert process.wait(LONGEST_S) == 0
    assert works.get(stopped).state == "queued"
    lines = (home / "log.txt").read_text().splitlines()
    assert [line.split()[0] for line in lines] == ["listening", "SIGTERM:"]
    requests = [json.loads(line) for line in works.places.access_log().read_text().splitlines()]
    assert ("/readyz", 200) in {(one["route"], one["status"]) for one in requests}
    works.until(lambda: not _at_work(home))
    works.store.close()
    shutil.rmtree(home, ignore_errors=True)


def _running(works: Works, id: str) -> bool:
    return bool((works.get(id).progress.get("chunks") or {}).get("running"))


def _at_work(home: Path) -> list[str]:
    """Processes that are left; agents of a killed Ray try for a minute to reach it."""
    return [name for name in processes_with(home) if "Agent" not in name]


def _on_their_way(works: Works, ids: list[str]) -> int:
    return sum(bool((works.get(id).progress.get("chunks") or {}).get("done")) for id in ids)


def _check_pieces(works: Works, ids: list[str], known: dict[str, dict[str, Any]]) -> None:
    """What rendering took is measured: a piece that was drawn anew would tell another time."""
    told = {}
    for id in ids:
        sidecar = json.loads(works.places.sidecar(works.get(id)).read_text())
        told |= {record["name"]: record["seconds"] for record in sidecar["chunks"]}
    for place, record in known.items():
        assert told[place.rpartition("/")[2]] == record["seconds"]
    reused = [(works.get(id).result or {})["chunks_reused"] for id in ids]
    assert sum(reused) >= 3
    assert all(reused)
