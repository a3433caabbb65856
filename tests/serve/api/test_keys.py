from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from lipsync_ray.serve.desk import Desk
from lipsync_ray.serve.keys import Claim, Keys
from lipsync_ray.serve.problems import Problem
from lipsync_ray.serve.store import JobStore
from tests.serve.api.databases import KINDS, empty_database
from tests.serve.api.served import ANNA, BERT, TOKENS, Clock, House, house


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[JobStore]:
    made = JobStore(empty_database(request.param, tmp_path))
    yield made
    made.close()


def test_the_same_request_makes_one_job(owned_house: House, files: Any, audio: bytes) -> None:
    key = {"Idempotency-Key": "k-1"}
    with owned_house.client(ANNA) as client, owned_house.client(BERT) as other:
        first = client.post("/v1/jobs", files=files, data={"preset": "fast"}, headers=key)
        again = client.post("/v1/jobs", files=files, data={"preset": "fast"}, headers=key)
        assert (first.status_code, again.status_code) == (202, 202)
        assert first.json()["id"] == again.json()["id"]
        assert again.headers["idempotent-replayed"] == "true"
        assert "idempotent-replayed" not in first.headers
        for changed in ({"preset": "best"}, {"preset": "fast", "options": '{"encode.crf": 3}'}):
            answer = client.post("/v1/jobs", files=files, data=changed, headers=key)
            assert (answer.status_code, answer.json()["code"]) == (422, "KEY_REUSED")
        swapped = {**files, "audio": ("voice.wav", audio + b"x")}
        assert client.post("/v1/jobs", files=swapped, data={"preset": "fast"}, headers=key).status_code == 422
        theirs = other.post("/v1/jobs", files=files, data={"preset": "fast"}, headers=key)
        assert theirs.status_code == 202
        assert theirs.json()["id"] != first.json()["id"]
        client.post(f"/v1/jobs/{first.json()['id']}/cancel")
        client.delete(f"/v1/jobs/{first.json()['id']}")
        anew = client.post("/v1/jobs", files=files, data={"preset": "fast"}, headers=key)
        assert anew.status_code == 202  # the job is gone, and its key with it
        bad = client.post("/v1/jobs", json={}, headers={"Idempotency-Key": "x" * 256})
        assert (bad.status_code, bad.json()["code"]) == (422, "KEY")
    assert owned_house.incoming() == []


def test_a_request_that_failed_lets_go_of_its_key(owned_house: House, files: Any) -> None:
    key = {"Idempotency-Key": "k-2"}
    with owned_house.client(ANNA) as client:
        assert client.post("/v1/jobs", files=files, data={"preset": "none"}, headers=key).status_code == 422
        assert client.post("/v1/jobs", files=files, headers=key).status_code == 202


def test_requests_at_the_same_time_make_one_job(tmp_path: Path, files: Any) -> None:
    with house(tmp_path, tokens=TOKENS) as made, made.client(ANNA) as client:

        def send(_: int) -> Any:
            return client.post("/v1/jobs", files=files, headers={"Idempotency-Key": "race"})

        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(send, range(6)))
        assert {answer.status_code for answer in answers} <= {202, 409}
        assert len({answer.json()["id"] for answer in answers if answer.status_code == 202}) == 1
        assert len(made.store.find()) == 1
        assert made.incoming() == []


def test_a_key_of_a_killed_service_is_free_after_a_while(store: JobStore) -> None:
    clock = Clock()
    keys = Keys(store, 60.0, clock)
    first = keys.claim("anna", "k")
    clock.now += 59
    with pytest.raises(Problem) as caught:
        keys.claim("anna", "k")
    assert (caught.value.status, caught.value.code) == (409, "IN_FLIGHT")
    clock.now += 2
    second = keys.claim("anna", "k")
    assert isinstance(second, Claim)
    keys.drop(first)  # too late: it is another's by now
    with pytest.raises(Problem):
        keys.claim("anna", "k")
    keys.finish(second, "hash", "no-such-job")
    with pytest.raises(Problem):  # its job is about to be there
        keys.claim("anna", "k")
    clock.now += 61
    assert keys.claim("anna", "k").job is None


def test_keys_are_not_kept_for_ever(store: JobStore) -> None:
    clock = Clock()
    keys = Keys(store, 60.0, clock)
    keys.claim("anna", "old")
    clock.now += 8 * 86400
    keys.claim("anna", "new")
    with store.reading() as connection:
        assert connection.exec_driver_sql("SELECT key FROM idempotency_keys").scalars().all() == ["new"]


def test_a_key_that_is_anothers_cannot_be_finished(store: JobStore) -> None:
    clock = Clock()
    keys = Keys(store, 60.0, clock)
    claim = keys.claim("anna", "k")
    keys.drop(claim)
    with pytest.raises(Problem) as caught:
        keys.finish(claim, "hash", "job")
    assert (caught.value.status, caught.value.code) == (409, "IN_FLIGHT")


@pytest.mark.parametrize("fails", [False, True])
def test_a_request_that_is_cancelled_while_its_job_is_made(
    tmp_path: Path, files: Any, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    """As Starlette and Ray Serve do when the client leaves."""
    looking, go_on = threading.Event(), threading.Event()
    examine = Desk.measure

    def slow(*given: Any) -> float:
        looking.set()
        assert go_on.wait(20)
        if fails:
            raise Problem(422, "LIMIT", "too long")
        return examine(*given)

    monkeypatch.setattr(Desk, "measure", slow)
    headers = {"Idempotency-Key": "k", "Authorization": f"Bearer {ANNA}"}

    async def leave(made: House) -> None:
        transport = httpx.ASGITransport(made.app)
        async with httpx.AsyncClient(transport=transport, base_url=made.url) as client:
            request = asyncio.create_task(client.post("/v1/jobs", files=files, headers=headers))
            assert await asyncio.to_thread(looking.wait, 20)
            request.cancel()
            done, _ = await asyncio.wait({request}, timeout=0.2)
            assert not done  # it is waited for what the thread does
            go_on.set()
            with pytest.raises(asyncio.CancelledError):
                await request

    with house(tmp_path, tokens=TOKENS) as made, made.client(ANNA) as client:
        asyncio.run(leave(made))
        jobs = made.store.find()
        assert len(jobs) == (0 if fails else 1)
        assert all((made.places.job(job.id) / "video.mp4").is_file() for job in jobs)
        assert made.incoming() == []
        fails = False
        again = client.post("/v1/jobs", files=files, headers=headers)
        assert again.status_code == 202, again.text
        assert [job.id for job in made.store.find()] == [again.json()["id"]]
        assert ("idempotent-replayed" in again.headers) is bool(jobs)
