from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from lipsync_ray.serve.tables import KEYS
from tests.serve.api.served import ANNA, BERT, TOKENS, House, house


def test_lists_by_pages_kinds_and_states(owned_house: House) -> None:
    ids = [owned_house.add("bert", kind=kind).id for kind in ("dub", "triage", "dub", "preview", "dub")]
    other = owned_house.add("anna").id
    with owned_house.client(BERT) as client:
        seen: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            page = client.get(
                "/v1/jobs", params={"limit": 2, **({"cursor": cursor} if cursor else {})}
            ).json()
            seen += [job["id"] for job in page["jobs"]]
            cursor = page["next"]
        assert seen == ids[::-1]
        assert other not in seen
        dubs = client.get("/v1/jobs", params={"kind": "dub"}).json()["jobs"]
        assert [job["id"] for job in dubs] == [ids[4], ids[2], ids[0]]
        assert client.get("/v1/jobs", params={"state": "done"}).json() == {"jobs": [], "next": None}
        for wrong in (
            {"limit": 0},
            {"limit": 201},
            {"state": "x"},
            {"kind": "x"},
            {"cursor": "x"},
            {"cursor": "a\0b"},
            {"limit": "x"},
            {"stat": "done"},
            {"": ""},
        ):
            answer = client.get("/v1/jobs", params=wrong)
            assert answer.status_code == 422
            assert answer.headers["content-type"] == "application/problem+json"


def test_cancel_and_delete(owned_house: House) -> None:
    waits, runs = owned_house.add("anna"), owned_house.add("anna", state="running")
    done = owned_house.add("anna", state="done")
    with owned_house.client(ANNA) as client:
        assert client.delete(f"/v1/jobs/{waits.id}").json()["code"] == "GOES_ON"
        assert client.post(f"/v1/jobs/{waits.id}/cancel").json()["state"] == "cancelled"
        assert client.post(f"/v1/jobs/{waits.id}/cancel").status_code == 202  # asked for twice is no mistake
        assert client.post(f"/v1/jobs/{runs.id}/cancel").json()["state"] == "running"
        kept = owned_house.store.get(runs.id)
        assert kept is not None
        assert kept.cancel
        assert client.post(f"/v1/jobs/{done.id}/cancel").json()["code"] == "ENDED"
        assert client.delete(f"/v1/jobs/{done.id}").status_code == 204
        assert not owned_house.places.job(done.id).exists()
        assert client.get(f"/v1/jobs/{done.id}").status_code == 404
        assert client.delete(f"/v1/jobs/{done.id}").status_code == 404


def test_a_failed_job_tells_no_paths(open_house: House) -> None:
    job = open_house.add(state="failed", error_code="VIDEO_UNREADABLE", error_message="")
    folder = open_house.places.job(job.id)
    open_house.store.change(job.id, error_message=f"{folder}/video.mp4 is damaged (see {folder})")
    with open_house.client() as client:
        error = client.get(f"/v1/jobs/{job.id}").json()["error"]
    assert error == {"code": "VIDEO_UNREADABLE", "message": "video.mp4 is damaged (see the service's folder)"}


def test_what_there_is_not(open_house: House) -> None:
    with open_house.client() as client:
        for method, path, status, code in (
            ("GET", "/v2/nothing", 404, "NOT_FOUND"),
            ("PUT", "/v1/jobs", 405, "METHOD"),
            ("PATCH", "/v1/options", 405, "METHOD"),
            ("GET", "/docs", 404, "NOT_FOUND"),
        ):
            answer = client.request(method, path)
            assert (answer.status_code, answer.json()["code"]) == (status, code)
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["x-request-id"]


def test_headers_are_on_everything(open_house: House) -> None:
    with open_house.client() as client:
        for path in ("/v1/jobs", "/v2", "/healthz", "/openapi.json"):
            headers = client.get(path, headers={"Origin": "http://evil.example"}).headers
            assert "script-src 'self'" in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "no-referrer"
            assert headers["cross-origin-resource-policy"] == "same-origin"
            assert not [name for name in headers if name.startswith("access-control")]


def test_probes_and_figures(tmp_path: Path) -> None:
    from lipsync_ray.storage.locks import locked

    with house(tmp_path, tokens=TOKENS) as made, made.client() as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        told = client.get("/readyz")
        assert (told.status_code, told.json()["ready"]) == (503, False)
        assert told.json()["checks"]["runner"] == "nobody works on jobs"
        assert str(tmp_path) not in told.text
        with locked(made.places.runner_lock()):
            assert client.get("/readyz").json()["checks"]["runner"] == "ok"
        assert client.get("/metrics").status_code == 401
        made.add("anna")
        made.add("anna", state="failed", calling="due", callback="https://hooks.example/")
        client.get("/v1/jobs/some-id")
        client.get("/made/up/address")
        figures = client.get("/metrics", headers={"Authorization": f"Bearer {ANNA}"}).text
        assert 'lipsync_ray_serve_jobs{state="queued"} 1.0' in figures
        assert 'lipsync_ray_serve_jobs{state="failed"} 1.0' in figures
        assert 'requests_total{method="GET",route="/v1/jobs/{id}",status="401"} 1.0' in figures
        assert "made/up" not in figures
        assert "queue_age_seconds" in figures
        assert 'lipsync_ray_serve_callbacks{state="due"} 1.0' in figures


def test_a_database_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with house(tmp_path) as made, made.client() as client:
        KEYS.metadata.drop_all(made.store.engine)
        for answer in (client.get("/v1/jobs"), client.get("/metrics"), client.post("/v1/jobs", json={})):
            assert (answer.status_code, answer.json()["code"]) == (503, "STORE")
            assert "sqlite" not in answer.text.lower()
            assert "jobs" not in answer.json()["detail"]
        assert client.get("/readyz").json()["checks"]["store"] != "ok"


def test_what_is_offered(tmp_path: Path) -> None:
    with house(tmp_path, max_mb=7.0, engines=("unit_selection", "wav2lip")) as made, made.client() as client:
        told = client.get("/v1/options").json()
    assert [engine["name"] for engine in told["engines"]] == ["unit_selection", "wav2lip"]
    assert {"name": "fast", "about": told["presets"][-1]["about"]} in told["presets"]
    assert told["limits"]["max_mb"] == 7.0
    assert told["auth"] is False
    options = {(option["name"], option["engine"]): option for option in told["options"]}
    assert options["encode.crf", None]["type"] == "a whole number or null"
    assert ("engine.pads", "wav2lip") in options
    assert ("engine.pads", "unit_selection") not in options
    assert not [name for name, _ in options if name.startswith(("ray.", "serve.", "cache.", "weights."))]


def test_the_page_comes_with_its_headers(open_house: House) -> None:
    with open_house.client() as client:
        answer: httpx.Response = client.get("/")
    assert answer.status_code == 200
    assert "default-src 'none'" in answer.headers["content-security-policy"]
