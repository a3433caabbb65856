"""The database of jobs, whichever it is."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect

from lipsync_ray.errors import StoreError
from lipsync_ray.serve.job import InputFile, ServedJob, new_id
from lipsync_ray.serve.pairing import check_pair
from lipsync_ray.serve.places import Places
from lipsync_ray.serve.store import JobStore
from lipsync_ray.serve.tables import METADATA
from tests.conftest import ROOT
from tests.serve.api.databases import KINDS, empty_database

OPENS = """
import sys, time
from lipsync_ray.serve.store import JobStore
print("ready", flush=True)
sys.stdin.readline()
JobStore(sys.argv[1]).check()
"""


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return empty_database(request.param, tmp_path)


@pytest.fixture
def store(url: str) -> Iterator[JobStore]:
    made = JobStore(url)
    yield made
    made.close()


def job(**values: Any) -> ServedJob:
    video = InputFile(name="a.mp4", place="video.mp4", bytes=10)
    plain: dict[str, Any] = {"id": new_id(), "owner": "anna", "kind": "dub", "created": 1.0, "video": video}
    return ServedJob(**{**plain, **values})


def test_many_processes_make_the_tables_at_the_same_time(url: str) -> None:
    command = [sys.executable, "-c", OPENS, url]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    crowd = [subprocess.Popen(command, cwd=ROOT, text=True, **pipes) for _ in range(4)]
    for one in crowd:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in crowd:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    said = [one.communicate(timeout=60)[1] for one in crowd]
    assert [one.returncode for one in crowd] == [0] * 4, said
    store = JobStore(url)
    there = inspect(store.engine)
    for table in METADATA.sorted_tables:
        assert there.has_table(table.name)
        assert {index["name"] for index in there.get_indexes(table.name)} >= {
            index.name for index in table.indexes
        }
    store.close()


def test_jobs_are_kept_as_they_are(store: JobStore) -> None:
    first = job(options={"encode.crf": 18, "speakers.rows": [{"face": "links ä"}]}, seconds=3.25)
    second = job(owner="bert", audio=InputFile(name="v.wav", place="audio.wav"), created=time.time())
    for one in (first, second):
        store.add(one)
    assert store.get(first.id) == first
    assert store.get(second.id, "bert") == second
    assert store.get(second.id, "anna") is None
    assert [one.id for one in store.find()] == [second.id, first.id]
    assert store.find(before=second.id) == [first]
    assert store.first_of_owners(("dub", "triage")) == [first, second]
    assert store.first_of_owners(("preview",)) == []
    assert (store.position(first), store.position(second)) == (0, 1)
    changed = store.change(first.id, given=("queued",), state="running", progress={"stage": "scan"})
    assert changed == replace(first, state="running", progress={"stage": "scan"}, version=1)
    assert store.change(first.id, given=("queued",), state="running") is None
    assert store.put_back() == [first.id]
    assert not store.remove(first.id)
    store.change(first.id, state="done", finished=5.0, result={"frames": 3})
    assert [one.id for one in store.ended_before(6.0)] == [first.id]
    assert store.remove(first.id)
    assert store.count(("queued",)) == 1
    with pytest.raises(StoreError):
        store.add(second)


def test_bytes_and_seconds_are_counted_once(store: JobStore) -> None:
    one = job()
    other = job(video=InputFile(name="a.mp4", place="video.mp4", bytes=10, of=one.id))
    store.add(one, bytes_=10, seconds=2.0)
    store.add(other, bytes_=15, seconds=0.0)
    assert store.bytes_of("anna") == 15
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: store.use(other, 3.0), range(16)))
    assert store.used_seconds("anna", 0.0) == 5.0
    store.unuse(one)
    assert store.used_seconds("anna", 0.0) == 3.0
    new = job(owner="carl")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: store.use(new, 1.0), range(16)))
    assert store.used_seconds("carl", 0.0) == 1.0


def test_only_one_of_many_gets_a_job(store: JobStore) -> None:
    one = job()
    store.add(one)

    def take(number: int) -> bool:
        return store.change(one.id, given=("queued",), state="running", starts=number) is not None

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(16))) == 1


def test_the_folder_has_a_name_in_it(store: JobStore, tmp_path: Path) -> None:
    places = Places(tmp_path / "data")
    places.make()
    for _ in range(2):
        check_pair(store, places)
