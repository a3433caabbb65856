from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from lipsync_ray.errors import ConfigError
from lipsync_ray.serve.origins import host_allowed, same_origin
from lipsync_ray.serve.rates import Rates
from lipsync_ray.serve.sessions import LASTS_S, Sessions
from lipsync_ray.serve.tokens import Tokens, read_tokens
from lipsync_ray.serve_settings import ServeSettings
from tests.serve.api.served import ANNA, BERT, TOKENS, Clock, House, house

ROUTES = (
    *(("GET", "/v1/jobs"), ("POST", "/v1/jobs"), ("GET", "/v1/options"), ("POST", "/v1/session")),
    *(("GET", "/metrics"), ("GET", "/v1/jobs/{}"), ("POST", "/v1/jobs/{}/cancel"), ("DELETE", "/v1/jobs/{}")),
    *(("GET", "/v1/jobs/{}/events"), ("GET", "/v1/jobs/{}/video"), ("HEAD", "/v1/jobs/{}/result")),
    ("GET", "/v1/jobs/{}/faces/1"),
)


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize(
    "sent",
    [None, "Bearer wrong-0123456789abcdef", f"Basic {ANNA}", f"Bearer {ANNA}x", "Bearer", "Bearer \xe4"],
)
def test_nothing_without_the_right_token(
    owned_house: House, method: str, path: str, sent: str | None
) -> None:
    job = owned_house.add("anna", state="done", finished=1.0)
    with owned_house.client() as client:
        headers = {"Authorization": sent.encode("latin-1")} if sent else {}
        answer = client.request(method, path.format(job.id), headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert owned_house.store.get(job.id) is not None


@pytest.mark.parametrize(("method", "path"), [route for route in ROUTES if "{}" in route[1]])
def test_jobs_of_others_are_as_if_they_were_not(owned_house: House, method: str, path: str) -> None:
    job = owned_house.add("anna", state="done", finished=1.0)
    with owned_house.client(BERT) as client:
        answer = client.request(method, path.format(job.id))
        none = client.request(method, path.format("0" * 22))
    assert answer.status_code == none.status_code == 404
    assert answer.text == none.text
    with owned_house.client(BERT) as client:
        assert job.id not in client.get("/v1/jobs").text
        stolen = client.post("/v1/jobs", json={"files_of": job.id})
        assert (stolen.status_code, stolen.json()["code"]) == (422, "FILES_OF")
        assert client.get("/v1/jobs", params={"cursor": job.id}).status_code == 422


def test_a_session_stands_for_its_token_until_it_ends(tmp_path: Path) -> None:
    clock = Clock()
    with house(tmp_path, tokens=TOKENS, more={"clock": clock}) as made:
        job = made.add("anna")
        with made.client() as client:
            begun = client.post("/v1/session", headers={"Authorization": f"Bearer {ANNA}"})
            assert begun.status_code == 204
            cookie = begun.headers["set-cookie"]
            assert "HttpOnly" in cookie
            assert "samesite=strict" in cookie.lower()
            assert ANNA not in cookie
            assert client.get(f"/v1/jobs/{job.id}").status_code == 200
            assert client.post("/v1/session").status_code in (401, 403)  # a session makes no other
            clock.now += LASTS_S + 1
            assert client.get(f"/v1/jobs/{job.id}").status_code == 401
        with made.client() as client:
            client.post("/v1/session", headers={"Authorization": f"Bearer {ANNA}"})
            assert client.delete("/v1/session", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 204
            assert client.get(f"/v1/jobs/{job.id}").status_code == 401


def test_a_session_cannot_be_forged_and_ends_with_its_token() -> None:
    clock = Clock()
    tokens = Tokens(TOKENS)
    token = tokens.find(ANNA)
    assert token is not None
    sessions = Sessions(tokens, b"s" * 32, clock)
    value = sessions.make(token)
    assert sessions.read(value) == token
    name, until, signature = value.split(".")
    bert = tokens.find(BERT)
    assert bert is not None
    forged = (
        *(f"{bert.print}.{until}.{signature}", f"{name}.{int(until) + 9}.{signature}", f"{name}.{until}."),
        *("", "..", "x", "\udcff.1.2", f"{value}0"),
    )
    assert not any(map(sessions.read, forged))
    assert Sessions(tokens, b"t" * 32, clock).read(value) is None
    assert Sessions(Tokens(TOKENS[1:]), b"s" * 32, clock).read(value) is None


def test_pages_of_others_change_nothing(tmp_path: Path) -> None:
    with house(tmp_path / "open") as made, made.client() as client:
        job = made.add()
        own = {"Origin": made.url, "Sec-Fetch-Site": "same-origin"}
        for evil in (
            {"Origin": "http://evil.example"},
            {"Origin": "null"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site", "Origin": made.url},
            {"Origin": made.url.replace("127.0.0.1", "localhost")},
        ):
            answer = client.post(f"/v1/jobs/{job.id}/cancel", headers=evil)
            assert (answer.status_code, answer.json()["code"]) == (403, "ORIGIN"), evil
        assert client.post(f"/v1/jobs/{job.id}/cancel", headers=own).status_code == 202
    with house(tmp_path / "owned", tokens=TOKENS) as made, made.client() as client:
        job = made.add("anna")
        client.post("/v1/session", headers={"Authorization": f"Bearer {ANNA}"})
        # With a cookie alone nothing is changed unless the browser says where it comes from.
        assert client.post(f"/v1/jobs/{job.id}/cancel").status_code == 403
        evil = {"Origin": "http://evil.example"}
        assert client.post(f"/v1/jobs/{job.id}/cancel", headers=evil).status_code == 403
        assert client.post(f"/v1/jobs/{job.id}/cancel", headers={"Origin": made.url}).status_code == 202


def test_other_names_do_not_lead_to_an_open_service(tmp_path: Path) -> None:
    with house(tmp_path / "a") as made, made.client() as client:
        for name in ("evil.example", "127.0.0.1.evil.example", "localhost.evil", ""):
            answer = client.get("/v1/jobs", headers={"Host": name})
            assert (answer.status_code, answer.json()["code"]) == (403, "HOST"), name
        assert client.get("/v1/jobs", headers={"Host": "localhost:1"}).status_code == 200
        assert (
            client.get("/healthz", headers={"Host": "10.1.2.3"}).status_code == 200
        )  # probes come by address
    with house(tmp_path / "b", hosts=("dub.example",)) as made, made.client() as client:
        assert client.get("/v1/jobs", headers={"Host": "DUB.example:8443"}).status_code == 200
        assert client.get("/v1/jobs").status_code == 200  # by loopback, as without any names
        assert client.get("/v1/jobs", headers={"Host": "evil.example"}).status_code == 403
    with house(tmp_path / "c", hosts=("dub.example",), tokens=TOKENS) as made, made.client(ANNA) as client:
        assert client.get("/v1/jobs").status_code == 403  # with tokens it has the names that it was given


@pytest.mark.parametrize(
    ("host", "hosts", "open_", "allowed"),
    [
        ("[::1]:8000", (), True, True),
        ("[::1]", (), True, True),
        ("[::2]", (), True, False),
        ("localhost:8000", ("a.example",), True, True),
        ("localhost:8000", ("a.example",), False, False),
        ("any.example", (), False, True),
        ("a.example:443", ("a.example",), False, True),
        ("a.example:443", ("a.example:80",), False, False),
        ("xa.example", ("a.example",), False, False),
    ],
)
def test_names(host: str, hosts: tuple[str, ...], open_: bool, allowed: bool) -> None:
    assert host_allowed(host, hosts, open_=open_) is allowed


def test_origins() -> None:
    assert same_origin("GET", "a", "http://evil", "cross-site", must_tell=True)
    assert same_origin("POST", "a:1", "http://a:1", None, must_tell=True)
    assert not same_origin("POST", "a:1", "http://a:2", None, must_tell=False)
    assert not same_origin("POST", "a", "http://[", None, must_tell=False)
    assert same_origin("POST", "a", None, None, must_tell=False)
    assert not same_origin("DELETE", "a", None, None, must_tell=True)


def test_tokens_that_are_no_good_are_refused_at_the_start(tmp_path: Path) -> None:
    for wrong in (
        "short",
        "name:short",
        "bad name:0123456789abcdef",
        ":0123456789abcdef",
        "a:0123456789 abcdef",
    ):
        with pytest.raises(ConfigError) as caught:
            Tokens([wrong])
        assert wrong.partition(":")[2] not in str(caught.value) or wrong == "short"
    file = tmp_path / "tokens"
    file.write_text(f"# who\n\nanna:{ANNA}\n{BERT}\n")
    tokens = read_tokens(ServeSettings(tokens_file=str(file)), {})
    anna, other = tokens.find(ANNA), tokens.find(BERT)
    assert anna is not None
    assert anna.owner == "anna"
    assert other is not None
    assert other.owner.startswith("token-")
    file.write_text("# nobody\n")
    for settings in (ServeSettings(tokens_file=str(file)), ServeSettings(tokens_file=str(tmp_path / "none"))):
        with pytest.raises(ConfigError):
            read_tokens(settings, {})  # never an open service by mistake
    assert not read_tokens(ServeSettings(), {})
    assert read_tokens(ServeSettings(), {"LIPSYNC_RAY_TOKENS": f"{ANNA}, {BERT}"}).find(BERT)


def test_who_asks_too_often_waits(tmp_path: Path) -> None:
    with house(tmp_path, tokens=TOKENS, burst=5, requests_per_s=0.001) as made:
        with made.client(ANNA) as client:
            statuses = [client.get("/v1/jobs").status_code for _ in range(7)]
            assert statuses == [200] * 5 + [429] * 2
            answer = client.get("/v1/jobs")
            assert answer.json()["code"] == "RATE_LIMITED"
            assert int(answer.headers["retry-after"]) > 0
            assert client.get("/healthz").status_code == 200
        with made.client() as client:  # the page is many small files, which count little
            assert {client.get(f"/js/{number}.js").status_code for number in range(60)} == {404}
        with made.client("wrong-0123456789abcdef") as client:
            # A wrong token is as dear as ten requests: guessing is no use.
            assert [client.get("/v1/jobs").status_code for _ in range(2)] == [401, 429]
        with made.client(BERT) as client:
            assert client.get("/v1/jobs").status_code == 200


def test_buckets_fill_and_are_forgotten() -> None:
    now = [0.0]
    rates = Rates(2.0, 3.0, most=10, clock=lambda: now[0])
    assert [rates.take("a") for _ in range(4)] == [0, 0, 0, 1]
    now[0] = 0.5
    assert [rates.take("a") for _ in range(2)] == [0, 1]
    now[0] = 100.0
    assert [rates.take("a") for _ in range(4)] == [0, 0, 0, 1]
    for name in range(1000):
        rates.take(str(name))
    assert len(rates) == 10


def test_the_log_tells_requests_and_no_secrets(owned_house: House, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "lipsync_ray.serve.access"), owned_house.client(ANNA) as client:
        client.get("/v1/jobs/x", params={"token": "a-secret"}, headers={"X-Request-ID": "mine-1"})
        client.get(
            "/v1/jobs", headers={"X-Request-ID": "bad id\tx", "Authorization": "Bearer wrong-secret-123456"}
        )
    lines = [record.getMessage() for record in caplog.records if record.name == "lipsync_ray.serve.access"]
    told = [json.loads(line) for line in lines[-2:]]
    assert {key: told[0][key] for key in ("method", "route", "status", "owner", "client", "id")} == {
        **{"method": "GET", "route": "/v1/jobs/{id}", "status": 404, "owner": "anna"},
        **{"client": "127.0.0.1", "id": "mine-1"},
    }
    assert told[1]["owner"] is None
    assert told[1]["id"] != "bad id\tx"
    assert not any(secret in line for line in lines for secret in (ANNA, "a-secret", "wrong-secret"))
