from __future__ import annotations

import json
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from lipsync_ray.client import verify_callback
from lipsync_ray.client.signing import sign
from lipsync_ray.errors import CallbackRefused, ConfigError
from lipsync_ray.serve.calling import WAITS_S, Caller, callback_secret
from lipsync_ray.serve.job import InputFile, ServedJob, new_id
from lipsync_ray.serve.outbound import Outbound, check_callbacks, check_url, is_public
from lipsync_ray.serve.places import Places
from lipsync_ray.serve.problems import Problem
from lipsync_ray.serve.store import JobStore
from lipsync_ray.serve_settings import ServeSettings
from tests.serve.api.served import Clock

SECRET = "a-secret-that-both-know"


class Receiver:
    """Keeps what it is sent, and answers as it is told."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.got.append((dict(self.headers), body))
                status = outer.answers.pop(0) if outer.answers else 204
                self.send_response(status)
                self.send_header("Location", "http://127.0.0.1:1/elsewhere")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


class Called:
    """A store with a job whose callback is due, and a caller."""

    def __init__(self, folder: Path, url: str, outbound: Outbound, settings: ServeSettings) -> None:
        self.clock = Clock()
        self.places = Places(folder)
        self.places.make()
        self.store = JobStore(self.places.database_url(settings))
        video = InputFile(name="a.mp4", place="video.mp4", bytes=1)
        self.job = ServedJob(
            **{"id": new_id(), "owner": "anna", "kind": "dub", "state": "done", "created": 1.0},
            **{"video": video, "callback": url, "calling": "due"},  # type: ignore[arg-type]
        )
        self.store.add(self.job)
        self.caller = Caller(
            *(self.store, settings, SECRET, self.places), outbound=outbound, clock=self.clock
        )

    def now(self) -> ServedJob:
        job = self.store.get(self.job.id)
        assert job is not None
        return job


@pytest.fixture
def called(tmp_path: Path, receiver: Receiver) -> Iterator[Called]:
    url = f"http://hooks.example:{receiver.port}/in/1"
    settings = ServeSettings(callbacks=(f"http://hooks.example:{receiver.port}/in/",), private_addresses=True)
    made = Called(tmp_path, url, Outbound(settings, lambda name, port: ["127.0.0.1"]), settings)
    yield made
    made.store.close()


def test_the_end_of_a_job_is_told_once_and_signed(called: Called, receiver: Receiver) -> None:
    assert called.caller.round() == 1
    assert called.caller.round() == 0
    (headers, body) = receiver.got[0]
    assert (
        headers["Host"] == f"hooks.example:{receiver.port}"
    )  # the name, though the address was connected to
    seen: dict[str, float] = {}
    job = verify_callback(headers, body, SECRET, seen, now=called.clock.now + 10)
    assert (job.id, job.state) == (called.job.id, "done")
    with pytest.raises(CallbackRefused, match="before"):
        verify_callback(headers, body, SECRET, seen, now=called.clock.now + 20)
    with pytest.raises(CallbackRefused, match="old"):
        verify_callback(headers, body, SECRET, {}, now=called.clock.now + 301)
    for forged in (
        {"headers": headers, "body": body + b" ", "secret": SECRET},
        {"headers": headers, "body": body, "secret": "another secret"},
        {"headers": {**headers, "Lipsync-Timestamp": "1800000001"}, "body": body, "secret": SECRET},
        {"headers": {**headers, "Lipsync-Delivery": "x"}, "body": body, "secret": SECRET},
        {"headers": {}, "body": body, "secret": SECRET},
    ):
        with pytest.raises(CallbackRefused, match="signature"):
            verify_callback(**forged, seen={}, now=called.clock.now)
    assert (called.now().calling, called.now().calls) == ("sent", 1)


def test_what_fails_is_tried_again_for_an_hour(called: Called, receiver: Receiver) -> None:
    receiver.answers = [500, 302, 404, 503, 500, 500]
    waited = 0.0
    for wait in (*WAITS_S, 0.0):
        assert called.caller.round() == 1
        assert called.caller.round() == 0  # not before its time
        called.clock.now += wait
        waited += wait
    assert len(receiver.got) == 6  # a redirect is not followed
    assert len({headers["Lipsync-Delivery"] for headers, _ in receiver.got}) == 6
    assert waited > 3600
    assert (called.now().calling, called.now().calls) == ("failed", 6)
    called.clock.now += 1e6
    assert called.caller.round() == 0


def test_a_try_of_a_killed_service_is_made_again_and_never_twice(called: Called, receiver: Receiver) -> None:
    assert called.caller._taken(called.job)  # and then it was killed
    assert not called.caller._taken(called.job)  # another caller that has read the same row
    assert called.caller.round() == 0
    called.clock.now += 61
    assert called.caller.round() == 1
    assert len(receiver.got) == 1


def test_a_caller_works_until_it_is_stopped(called: Called, receiver: Receiver) -> None:
    stop = threading.Event()
    answers = receiver.got

    class Stops(Outbound):
        def post(self, *given: Any) -> Any:
            sent = super().post(*given)
            stop.set()
            return sent

    called.caller._outbound = Stops(called.caller._outbound._settings, lambda name, port: ["127.0.0.1"])
    called.caller.run(stop)
    assert len(answers) == 1


@pytest.mark.parametrize(
    "addresses",
    [
        *(["127.0.0.1"], ["169.254.169.254"], ["10.0.0.1"], ["::1"], ["::ffff:127.0.0.1"], ["fd00:ec2::254"]),
        *(["93.184.216.34", "127.0.0.1"], ["64:ff9b::7f00:1"], [], ["0.0.0.0"], ["224.0.0.1"]),
    ],
)
def test_names_that_lead_inside_are_not_called(
    tmp_path: Path, receiver: Receiver, addresses: list[str]
) -> None:
    base = f"http://hooks.example:{receiver.port}/"
    outbound = Outbound(ServeSettings(callbacks=(base,)), lambda name, port: addresses)
    sent = outbound.post(f"{base}in", b"{}", {})
    assert sent.status == 0
    assert "address" in sent.why or "nowhere" in sent.why
    assert receiver.got == []


def test_a_name_that_leads_inside_is_called_where_that_is_allowed(receiver: Receiver) -> None:
    """The very call that is refused without ``private_addresses`` arrives with it."""
    base = f"http://hooks.example:{receiver.port}/"
    for allowed in (False, True):
        settings = ServeSettings(callbacks=(base,), private_addresses=allowed)
        sent = Outbound(settings, lambda name, port: ["127.0.0.1"]).post(f"{base}in", b"{}", {})
        assert (sent.status, len(receiver.got)) == ((204, 1) if allowed else (0, 0))


def test_the_connection_goes_to_the_address_that_was_looked_at() -> None:
    asked: list[str] = []
    reached: list[httpx.Request] = []

    def resolver(name: str, port: int) -> list[str]:
        asked.append(name)
        return ["93.184.216.34"] if len(asked) == 1 else ["127.0.0.1"]

    async def nothing() -> AsyncIterator[bytes]:
        yield b""

    def answer(request: httpx.Request) -> httpx.Response:
        reached.append(request)
        return httpx.Response(204, content=nothing())

    settings = ServeSettings(callbacks=("https://hooks.example/a/",))
    outbound = Outbound(settings, resolver, httpx.MockTransport(answer))
    assert outbound.post("https://hooks.example/a/b?c=d", b"{}", {"X": "y"}).status == 204
    assert asked == ["hooks.example"]  # once: no second answer counts
    (request,) = reached
    assert (request.url.host, request.url.raw_path) == ("93.184.216.34", b"/a/b?c=d")
    assert request.headers["host"] == "hooks.example"
    assert request.extensions["sni_hostname"] == "hooks.example"


@pytest.mark.parametrize(
    ("address", "public"),
    [
        *(("8.8.8.8", True), ("2606:4700::1111", True), ("127.0.0.1", False), ("127.9.9.9", False)),
        *(("10.1.1.1", False), ("172.16.0.1", False), ("192.168.0.1", False), ("100.64.0.1", False)),
        *(("169.254.169.254", False), ("0.0.0.0", False), ("255.255.255.255", False), ("240.0.0.1", False)),
        *(("224.0.0.1", False), ("192.0.2.1", False), ("198.18.0.1", False), ("::", False), ("::1", False)),
        *(
            ("::ffff:10.0.0.1", False),
            ("::ffff:8.8.8.8", True),
            ("::127.0.0.1", False),
            ("fe80::1%eth0", False),
        ),
        *(("fc00::1", False), ("ff02::1", False), ("2002:7f00:1::", False), ("64:ff9b::a00:1", False)),
        *(("64:ff9b:1::1", False), ("2001:db8::1", False)),
    ],
)
def test_public_addresses(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize(
    "url",
    [
        *(
            "https://hooks.example:8443/in",
            "https://hooks.example/inside/x",
            "https://hooks.example.evil/in/x",
        ),
        *("https://hooks.example@evil.example/in/x", "https://evil.example/https://hooks.example/in/"),
        *("http://hooks.example/in/x", "https://hooks.example:444/in/x", "https://hooks.example/in/../admin"),
        *(
            "https://hooks.example/in/%2e%2e/admin",
            "https://hooks.example\\@evil.example/in/",
            "//hooks.example/in/x",
        ),
        *("https://user:word@hooks.example/in/x", "https://hooks.example/in/x#y", "file:///etc/passwd"),
        *("https://hooks.example:99999/in/x", "https://hooks.example/in/\r\nX: y", "https://[::1/in", ""),
    ],
)
def test_callbacks_elsewhere_are_refused(url: str) -> None:
    with pytest.raises(Problem) as caught:
        check_url(
            url, ServeSettings(callbacks=("https://hooks.example/in/", "https://hooks.example:8443/in/x"))
        )
    assert (caught.value.status, caught.value.code) == (422, "CALLBACK")


def test_callbacks_that_are_allowed() -> None:
    settings = ServeSettings(callbacks=("https://hooks.example/in/", "http://other.example"))
    for url in (
        "https://hooks.example/in/x?y=z",
        "https://HOOKS.example:443/in/",
        "http://other.example/any",
    ):
        check_url(url, settings)
    for wrong in ("hooks.example", "ftp://hooks.example/", "https://u@hooks.example/", "https:///x"):
        with pytest.raises(ConfigError):
            check_callbacks([wrong])


def test_the_secret_of_callbacks(tmp_path: Path) -> None:
    places = Places(tmp_path)
    places.make()
    made = callback_secret(places, {})
    assert made == callback_secret(places, {})
    assert places.secret().hex() not in made
    assert callback_secret(places, {"LIPSYNC_RAY_CALLBACK_SECRET": SECRET}) == SECRET
    with pytest.raises(ConfigError):
        callback_secret(places, {"LIPSYNC_RAY_CALLBACK_SECRET": "short"})


def test_deliveries_are_forgotten_in_time() -> None:
    seen = {"old": 0.0, "new": 950.0}
    body = json.dumps({"id": "x", "kind": "dub", "state": "done"}).encode()
    headers = {
        "lipsync-timestamp": "1000",
        "lipsync-delivery": "d",
        "lipsync-signature": sign(SECRET, "1000", "d", body),
    }
    assert verify_callback(headers, body, SECRET, seen, now=1000.0).id == "x"
    assert set(seen) == {"new", "d"}


def test_nobody_is_there(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as port:
        number = port.getsockname()[1]
    settings = ServeSettings(callbacks=(f"http://hooks.example:{number}/",), private_addresses=True)
    url = f"http://hooks.example:{number}/"
    made = Called(tmp_path, url, Outbound(settings, lambda name, port: ["127.0.0.1"]), settings)
    assert made.caller.round() == 1
    assert (made.now().calling, made.now().calls) == ("due", 1)
    made.store.close()
