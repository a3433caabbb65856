from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.serve.api.served import House, house


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("events"), more={"poll_s": 0.01}, burst=10_000, max_streams=2) as made:
        yield made


def jobs(answer: httpx.Response) -> Iterator[tuple[str, Any]]:
    id = ""
    for line in answer.iter_lines():
        name, _, value = line.partition(": ")
        if name == "id":
            id = value
        if name == "data":
            yield id, json.loads(value)


def test_a_job_is_told_until_it_ends(quick: House) -> None:
    first, job = quick.add(), quick.add()
    with quick.client() as client, client.stream("GET", f"/v1/jobs/{job.id}/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        told = jobs(answer)
        assert next(told)[1]["position"] == 1
        quick.store.change(first.id, state="running")
        assert next(told)[1]["position"] == 0  # nothing of this job has changed but its place in the line
        quick.store.change(job.id, state="running", progress={"stage": "scan"})
        version, shown = next(told)
        assert (version, shown["state"], shown["progress"]) == ("1", "running", {"stage": "scan"})
        quick.store.change(job.id, state="done", finished=1.0)
        assert next(told)[1]["state"] == "done"
        assert next(told, None) is None
    quick.store.change(first.id, state="done")


def test_who_comes_back_hears_what_is_new(quick: House) -> None:
    job = quick.add(state="running")
    quick.store.change(job.id, progress={"stage": "scan"})
    url = f"/v1/jobs/{job.id}/events"
    with quick.client() as client:
        with client.stream("GET", url, headers={"Last-Event-ID": "0"}) as answer:
            assert next(jobs(answer))[0] == "1"
        with client.stream("GET", url, headers={"Last-Event-ID": "1"}) as answer:
            threading.Timer(0.05, quick.store.change, (job.id,), {"state": "failed"}).start()
            assert [version for version, _ in jobs(answer)] == ["2"]  # not the one that is known
        assert client.get(url, headers={"Last-Event-ID": "2"}).status_code == 204
        assert [version for version, _ in jobs(client.get(url))] == ["2"]


def test_a_deleted_job_ends_its_stream(quick: House) -> None:
    job = quick.add(state="running")
    with quick.client() as client, client.stream("GET", f"/v1/jobs/{job.id}/events") as answer:
        told = jobs(answer)
        next(told)
        with quick.store.writing() as connection:
            connection.exec_driver_sql("DELETE FROM jobs WHERE id = ?", (job.id,))
        assert list(told) == []


def test_streams_are_counted(quick: House) -> None:
    job = quick.add(state="running")
    url = f"/v1/jobs/{job.id}/events"
    with quick.client() as client:
        with client.stream("GET", url) as one, client.stream("GET", url) as two:
            followed = jobs(one), jobs(two)  # httpx closes what nobody reads any more
            assert all(map(next, followed))
            refused = client.get(url)
            assert (refused.status_code, refused.json()["code"]) == (503, "STREAMS")
        quick.store.change(job.id, state="done")
        # The service hears late that both are gone, and then there is room again.
        answers = (client.get(url) for _ in range(500))
        assert next(answer for answer in answers if answer.status_code == 200)


def test_beats_keep_a_connection_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lipsync_ray.serve.api import events

    monkeypatch.setattr(events, "_BEAT_S", 0.0)
    with house(tmp_path, more={"poll_s": 0.01}) as made:
        job = made.add(state="running")
        with made.client() as client, client.stream("GET", f"/v1/jobs/{job.id}/events") as answer:
            assert next(line for line in answer.iter_lines() if "beat" in line) == ": beat"
            made.store.change(job.id, state="done")
