"""A real S3 server on this machine, for the time of a test, which can be told to misbehave.

Elsewhere: ``from tests.storage.s3 import running`` in a conftest, or its fixtures ``s3`` and ``bucket``.
"""

from __future__ import annotations

import logging
import os
import secrets
import threading
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import pytest

Answer = Iterable[bytes]
Fault = Callable[[str, Callable[..., Any]], Answer | None]
"""Gets a method and WSGI's start_response; answers instead of the server, or None to let it answer."""


def deny(method: str, start: Callable[..., Any]) -> Answer:
    start("403 Forbidden", [("Content-Type", "application/xml")])
    body = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
    return [b"" if method == "HEAD" else body]


def fail(method: str, start: Callable[..., Any]) -> Answer:
    start("500 Internal Server Error", [("Content-Type", "application/xml")])
    body = b"<Error><Code>InternalError</Code><Message>We encountered an internal error</Message></Error>"
    return [b"" if method == "HEAD" else body]


def cut(method: str, start: Callable[..., Any]) -> Answer:
    """Promises more than it sends before it hangs up."""
    start("206 Partial Content" if method == "GET" else "200 OK", [("Content-Length", "8388608")])
    return [b"half"]


@dataclass(slots=True, kw_only=True)
class S3:
    """What runs at ``url``: the requests it got, as (method, path), and faults by the start of a path."""

    url: str = ""
    requests: list[tuple[str, str]] = field(default_factory=list)
    faults: dict[str, Fault] = field(default_factory=dict)
    on_request: Callable[[str, str], None] | None = None
    stop: Callable[[], None] = lambda: None

    def environment(self) -> dict[str, str]:
        """What a client needs: the address, and credentials, of which any will do."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "2",  # the waits between five take up to 15 s for each request
        }

    def make_bucket(self) -> str:
        """The name of a new bucket."""
        name = f"test-{secrets.token_hex(6)}"
        with urllib.request.urlopen(urllib.request.Request(f"{self.url}/{name}", method="PUT")):
            return name

    def bytes_at(self, place: str) -> bytes:
        """What lies at an address, asked for without the code under test."""
        quoted = urllib.request.quote(place.removeprefix("s3://"))  # type: ignore[attr-defined]
        with urllib.request.urlopen(f"{self.url}/{quoted}") as answer:
            return answer.read()

    def count(self, method: str, ending: str = "") -> int:
        """Requests of a method whose path ends so."""
        return sum(got == method and path.endswith(ending) for got, path in list(self.requests))

    def wrapped(self, server: Callable[..., Answer]) -> Callable[..., Answer]:
        """The server with its faults before it, as a WSGI application."""

        def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Answer:
            method = environ["REQUEST_METHOD"]
            path = unquote(environ.get("RAW_URI", environ["PATH_INFO"]).partition("?")[0])
            self.requests.append((method, path))
            if self.on_request:
                self.on_request(method, path)
            for start_of_path, fault in list(self.faults.items()):
                if path.startswith(start_of_path) and (own := fault(method, start)) is not None:
                    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
                    return own
            return server(environ, start)

        return answer


@contextmanager
def running() -> Iterator[S3]:
    """A server of its own on a free port of 127.0.0.1."""
    from moto.moto_server.werkzeug_app import (
        DomainDispatcherApplication,
        MotoRequestHandler,
        create_backend_app,
    )
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    s3 = S3()
    application = s3.wrapped(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=MotoRequestHandler)
    s3.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    # The server may look for credentials of its own to sign what it calls; it must never find real ones.
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "test"))

    def stop() -> None:
        if thread.is_alive():
            server.shutdown()
            server.server_close()
            thread.join()

    s3.stop = stop
    try:
        yield s3
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        stop()


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3]:
    with running() as s3:
        yield s3


@pytest.fixture
def s3(s3_server: S3, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3]:
    """The server, with the environment of this process pointing to it, and no faults or requests yet."""
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    for name, value in s3_server.environment().items():
        monkeypatch.setenv(name, value)
    s3_server.requests.clear()
    yield s3_server
    s3_server.faults.clear()
    s3_server.on_request = None


@pytest.fixture
def bucket(s3: S3) -> str:
    """The address of a new bucket: ``s3://name``."""
    return f"s3://{s3.make_bucket()}"
