from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from lipsync_ray.serve.desk import Desk
from tests.pictures import png
from tests.serve.api.conftest import sound
from tests.serve.api.databases import KINDS, empty_database
from tests.serve.api.served import ANNA, BERT, TOKENS, Clock, House, house


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def test_jobs_of_one_owner_and_of_all(tmp_path: Path, files: Any) -> None:
    with house(tmp_path, tokens=TOKENS, quota_queued=2, max_queued=3) as made:
        with made.client(ANNA) as anna, made.client(BERT) as bert:
            ids = [anna.post("/v1/jobs", files=files).json()["id"] for _ in range(2)]
            refused = anna.post("/v1/jobs", files=files)
            assert code(refused) == (429, "QUOTA")
            assert refused.headers["retry-after"]
            assert bert.post("/v1/jobs", files=files).status_code == 202
            full = bert.post("/v1/jobs", files=files)
            assert code(full) == (503, "QUEUE_FULL")
            assert full.headers["retry-after"]
            anna.post(f"/v1/jobs/{ids[0]}/cancel")
            assert anna.post("/v1/jobs", files=files).status_code == 202
        assert made.incoming() == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_quota_holds_for_many_at_once(tmp_path: Path, files: Any, kind: str) -> None:
    more = {"database": empty_database(kind, tmp_path)}
    with house(tmp_path, tokens=TOKENS, quota_queued=2, **more) as made, made.client(ANNA) as client:
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda _: client.post("/v1/jobs", files=files), range(6)))
        assert sorted(answer.status_code for answer in answers) == [202] * 2 + [429] * 4
        assert len(list(made.places.jobs().iterdir())) == 2
        assert made.incoming() == []


@pytest.mark.parametrize("kind", KINDS)
def test_seconds_in_a_day(tmp_path: Path, files: Any, kind: str) -> None:
    clock = Clock()
    given = {"database": empty_database(kind, tmp_path), "more": {"clock": clock}}
    with house(tmp_path, tokens=TOKENS, quota_seconds=7.0, **given) as made, made.client(ANNA) as client:
        made.store._clock = clock
        ids = [client.post("/v1/jobs", files=files).json()["id"] for _ in range(2)]  # of 3 s each
        assert code(client.post("/v1/jobs", files=files)) == (429, "QUOTA")
        assert client.post("/v1/jobs", data={"kind": "triage"}, files=files).status_code == 202
        for id in ids:  # what was used is used, also of jobs that are gone
            made.store.change(id, state="done", finished=clock.now)
            client.delete(f"/v1/jobs/{id}")
        assert code(client.post("/v1/jobs", files=files)) == (429, "QUOTA")
        clock.now += 86401
        assert client.post("/v1/jobs", files=files).status_code == 202


def test_the_longer_of_video_and_sound_counts(tmp_path: Path, files: Any) -> None:
    picture = ("face.png", png(tmp_path / "face.png", 64, 64).read_bytes())
    long = ("v.wav", sound(20))
    with house(tmp_path / "data", tokens=TOKENS, quota_seconds=50.0) as made:
        with made.client(ANNA) as anna, made.client(BERT) as bert:
            for client, video in ((anna, picture), (bert, files["video"])):  # a video is repeated, if need be
                sent = {"video": video, "audio": long}
                assert [client.post("/v1/jobs", files=sent).status_code for _ in range(2)] == [202, 202]
                assert code(client.post("/v1/jobs", files=sent)) == (429, "QUOTA")


def test_a_job_of_unknown_length_is_not_free(tmp_path: Path, files: Any, monkeypatch: Any) -> None:
    with house(tmp_path, tokens=TOKENS, quota_seconds=7.0) as made, made.client(ANNA) as client:
        monkeypatch.setattr(Desk, "measure", lambda *_: 0.0)  # as of files in a store
        job = made.store.get(client.post("/v1/jobs", files=files).json()["id"])
        assert job is not None
        made.store.use(job, 7.0)  # what it had in the end
        assert code(client.post("/v1/jobs", files=files)) == (429, "QUOTA")
        assert client.post("/v1/jobs", data={"kind": "triage"}, files=files).status_code == 202


def test_what_was_never_begun_is_given_back(tmp_path: Path, files: Any) -> None:
    with house(tmp_path, tokens=TOKENS, quota_seconds=3.5) as made, made.client(ANNA) as client:
        first = client.post("/v1/jobs", files=files).json()["id"]
        assert code(client.post("/v1/jobs", files=files)) == (429, "QUOTA")
        client.post(f"/v1/jobs/{first}/cancel")
        second = client.post("/v1/jobs", files=files)
        assert second.status_code == 202
        made.store.change(second.json()["id"], starts=1)  # it waits again after a restart
        client.post(f"/v1/jobs/{second.json()['id']}/cancel")
        assert code(client.post("/v1/jobs", files=files)) == (429, "QUOTA")


def test_what_is_counted_for_a_job_can_be_set_anew(owned_house: House) -> None:
    store = owned_house.store
    job = owned_house.add("carl")
    for seconds in (5.0, 3.0):
        store.use(job, seconds)
        assert store.used_seconds("carl", 0.0) == seconds
    store.unuse(job)
    assert store.used_seconds("carl", 0.0) == 0.0
    store.unuse(job)


def test_bytes_of_files(tmp_path: Path, files: Any) -> None:
    with house(tmp_path, tokens=TOKENS, quota_mb=0.3) as made, made.client(ANNA) as client:
        id = client.post("/v1/jobs", files=files).json()["id"]  # about 0.12 MB
        assert client.post("/v1/jobs", files=files).status_code == 202
        assert code(client.post("/v1/jobs", files=files)) == (429, "QUOTA")
        client.post(f"/v1/jobs/{id}/cancel")
        client.delete(f"/v1/jobs/{id}")
        assert client.post("/v1/jobs", files=files).status_code == 202


def test_an_input_that_several_jobs_have_counts_once(tmp_path: Path, files: Any) -> None:
    with house(tmp_path, tokens=TOKENS, quota_mb=0.2) as made, made.client(ANNA) as client:
        first = client.post("/v1/jobs", files=files, data={"kind": "triage"}).json()["id"]
        used = made.store.bytes_of("anna")
        assert used == sum(len(content) for _, content in files.values())
        second = client.post("/v1/jobs", json={"files_of": first}).json()["id"]
        third = client.post("/v1/jobs", json={"files_of": second})
        assert third.status_code == 202  # 0.12 MB, as before
        assert made.store.bytes_of("anna") == used
        made.store.change(second, bytes=used + 1000)  # with its result, once it is done
        assert made.store.bytes_of("anna") == used + 1000
        client.post(f"/v1/jobs/{first}/cancel")
        client.delete(f"/v1/jobs/{first}")
        assert made.store.bytes_of("anna") == used + 1000  # the others still have them
        assert code(client.post("/v1/jobs", files=files)) == (429, "QUOTA")
