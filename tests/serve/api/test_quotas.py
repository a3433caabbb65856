from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.serve.api.served import ANNA, BERT, TOKENS, Clock, house


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


def test_a_quota_holds_for_many_at_once(tmp_path: Path, files: Any) -> None:
    with house(tmp_path, tokens=TOKENS, quota_queued=2) as made, made.client(ANNA) as client:
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda _: client.post("/v1/jobs", files=files), range(6)))
        assert sorted(answer.status_code for answer in answers) == [202] * 2 + [429] * 4
        assert len(list(made.places.jobs().iterdir())) == 2
        assert made.incoming() == []


def test_seconds_in_a_day(tmp_path: Path, files: Any) -> None:
    clock = Clock()
    more = {"clock": clock}
    with house(tmp_path, tokens=TOKENS, quota_seconds=7.0, more=more) as made, made.client(ANNA) as client:
        made.store._clock = clock
        ids = [client.post("/v1/jobs", files=files).json()["id"] for _ in range(2)]  # of 3 s each
        assert code(client.post("/v1/jobs", files=files)) == (429, "QUOTA")
        assert client.post("/v1/jobs", data={"kind": "triage"}, files=files).status_code == 202
        for id in ids:  # what was used is used, also of jobs that are gone
            client.post(f"/v1/jobs/{id}/cancel")
            client.delete(f"/v1/jobs/{id}")
        assert code(client.post("/v1/jobs", files=files)) == (429, "QUOTA")
        clock.now += 86401
        assert client.post("/v1/jobs", files=files).status_code == 202


def test_bytes_of_files(tmp_path: Path, files: Any) -> None:
    with house(tmp_path, tokens=TOKENS, quota_mb=0.3) as made, made.client(ANNA) as client:
        id = client.post("/v1/jobs", files=files).json()["id"]  # about 0.12 MB
        assert client.post("/v1/jobs", files=files).status_code == 202
        assert code(client.post("/v1/jobs", files=files)) == (429, "QUOTA")
        client.post(f"/v1/jobs/{id}/cancel")
        client.delete(f"/v1/jobs/{id}")
        assert client.post("/v1/jobs", files=files).status_code == 202
