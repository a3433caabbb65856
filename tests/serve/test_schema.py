"""The service answers as its own description says, whatever it is asked.

``LIPSYNC_RAY_TEST_URL`` (and ``LIPSYNC_RAY_TEST_TOKEN``) let the same requests go to a service that runs and
gets jobs for it; start it with ``serve.burst=1000000 serve.max_queued=100000 serve.quota_queued=100000``.
``LIPSYNC_RAY_TEST_EXAMPLES`` is how many requests of a kind are made.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi.checks import positive_data_acceptance

from lipsync_ray.client import Client
from lipsync_ray.serve.api import health
from lipsync_ray.storage.locks import locked
from tests.clips import make_clip
from tests.serve.api.conftest import sound
from tests.serve.api.served import ANNA, TOKENS, House, house

EXAMPLES = int(os.environ.get("LIPSYNC_RAY_TEST_EXAMPLES", "8"))
METHODS = ("get", "head", "post", "delete")
OPERATIONS = (
    *(("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/metrics"), ("GET", "/v1/options")),
    *(("POST", "/v1/session"), ("DELETE", "/v1/session"), ("POST", "/v1/jobs"), ("GET", "/v1/jobs")),
    *(("GET", "/v1/jobs/{id}"), ("POST", "/v1/jobs/{id}/cancel"), ("DELETE", "/v1/jobs/{id}")),
    *(("GET", "/v1/jobs/{id}/events"), ("GET", "/v1/jobs/{id}/{what}"), ("HEAD", "/v1/jobs/{id}/{what}")),
    *(("GET", "/v1/jobs/{id}/faces/{n}"), ("HEAD", "/v1/jobs/{id}/faces/{n}")),
)
WITHOUT_INPUT = (("GET", "/healthz"), ("GET", "/readyz"), ("DELETE", "/v1/session"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """A service, and ids of jobs that it has."""

    url: str
    headers: dict[str, str] = field(default_factory=dict)
    ended: list[str] = field(default_factory=list)
    going_on: list[str] = field(default_factory=list)


def prepared(made: House) -> Live:
    """Jobs in all states, of all kinds, with files."""
    files = {"result.mp4": b"r" * 100, "result.json": b"{}", "strip.jpg": b"s", "faces/0.jpg": b"f"}
    ended = [
        made.add("anna", state=state, kind=kind, files=files, finished=1_800_000_100.0, **more).id
        for kind in ("dub", "triage", "preview")
        for state, more in (
            ("done", {"result": {"frames": 3}}),
            ("failed", {"error_code": "FACE_NONE", "error_message": "no face"}),
            ("cancelled", {"cancel": True}),
        )
    ]
    progress = {"stage": "scan", "done": 1, "total": None, "share": 0.5, "note": "", "seconds_left": None}
    running = made.add("anna", state="running", progress=progress, started=1_800_000_001.0, starts=1).id
    told = made.add("anna", state="done", callback="https://hooks.example/", calling="due").id
    headers = {"Authorization": f"Bearer {ANNA}"}
    return Live(url=made.url, headers=headers, ended=[*ended, told], going_on=[made.add("anna").id, running])


def prepared_there(url: str, token: str | None, folder: Path) -> Live:
    """Jobs of a service that runs: looked at, failed and cancelled ones; none goes on for ever."""
    clip = make_clip("with_audio", folder / "clip").path
    with Client(url, token) as client:
        looked = client.submit(clip, kind="triage")
        preview = client.submit(files_of=looked.id, audio=make_sound(folder / "v.wav"), kind="preview")
        cancelled = [client.submit(files_of=looked.id, kind="triage").id for _ in range(3)]
        for id in cancelled:
            client.cancel(id)
        for id in (looked.id, preview.id, *cancelled):
            client.wait(id)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return Live(url=url, headers=headers, ended=[looked.id, preview.id, *cancelled])


def make_sound(path: Path) -> Path:
    path.write_bytes(sound(1))
    return path


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    if url := os.environ.get("LIPSYNC_RAY_TEST_URL"):
        token = os.environ.get("LIPSYNC_RAY_TEST_TOKEN")
        yield prepared_there(url, token, tmp_path_factory.mktemp("there"))
        return
    page = tmp_path_factory.mktemp("page")
    (page / "index.html").write_text("<!doctype html>")
    wide = {"burst": 1_000_000, "max_queued": 1_000_000, "quota_queued": 1_000_000}
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(health, "page_dir", lambda: page)
        made = stack.enter_context(house(tmp_path_factory.mktemp("schema"), tokens=TOKENS, **wide))
        stack.enter_context(locked(made.places.runner_lock()))
        yield prepared(made)


@pytest.fixture(scope="module")
def document(live: Live) -> dict[str, Any]:
    return httpx.get(f"{live.url}/openapi.json", headers=live.headers).json()


def with_ids(document: dict[str, Any], path: str, ids: list[str]) -> dict[str, Any]:
    """The description of one path, in which ids are mostly those of jobs that there are."""
    operations = {
        method: {
            **operation,
            "parameters": [
                {**told, "schema": {"enum": [*ids, "nobody"]}} if ids and told["name"] == "id" else told
                for told in operation.get("parameters", [])
            ],
        }
        for method, operation in document["paths"][path].items()
    }
    return {**document, "paths": {path: operations}}


def test_all_operations_are_described_and_tried(document: dict[str, Any]) -> None:
    there = {
        (method.upper(), path)
        for path, operations in document["paths"].items()
        for method in METHODS
        if method in operations
    }
    assert there == set(OPERATIONS)
    ids = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(ids) == len(set(ids))
    for _, path in OPERATIONS:
        for operation in document["paths"][path].values():
            assert operation["summary"]
            assert "application/json" not in operation["responses"].get("422", {}).get("content", {})


@pytest.mark.parametrize(
    ("mode", "method", "path"),
    [
        (mode, *operation)
        for operation in OPERATIONS
        for mode in GenerationMode
        if mode.is_positive or operation not in WITHOUT_INPUT
    ],
    ids=str,
)
def test_answers_are_as_described(
    live: Live,
    document: dict[str, Any],
    mode: GenerationMode,
    method: str,
    path: str,
    record_property: Callable[[str, object], None],
) -> None:
    answers: Counter[int] = Counter()
    load_all_checks()
    # The stream of a job that goes on has no end, and a deleted one cannot be asked for again.
    ids = live.ended if path.endswith("/events") else live.ended + live.going_on
    ids = ids[-2:] if method == "DELETE" else ids
    schema = schemathesis.openapi.from_dict(with_ids(document, path, ids))
    operation = schema[path][method]
    strategy = operation.as_strategy(generation_mode=mode)

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def ask(case: Any) -> None:
        # Not all that a description allows is right: names of options, ids, addresses.
        answer = case.call_and_validate(
            base_url=live.url, headers=live.headers, timeout=20, excluded_checks=[positive_data_acceptance]
        )
        assert answer.status_code != 429, "the service must not refuse for the number of requests"
        assert answer.status_code < 500 or path == "/readyz"
        answers[answer.status_code] += 1

    ask()
    record_property("answers", dict(answers))
