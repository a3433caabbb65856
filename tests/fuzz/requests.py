"""Bytes as requests to the service, which answers in this process."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from lipsync_ray.serve.app import create_app
from lipsync_ray.serve.places import Places
from lipsync_ray.serve.store import JobStore
from lipsync_ray.serve.tokens import Tokens
from lipsync_ray.serve_settings import ServeSettings
from tests.fuzz.media import sound_seeds, video_seeds
from tests.fuzz.target import Target

_LATE_S = 15.0
_ON_PURPOSE = (503, 507)  # the queue or the disk is full
_MANY: dict[str, Any] = dict.fromkeys(("burst", "max_queued", "quota_queued"), 10**9)
_BOUNDARY = b"b0undary"


@cache
def _service(folder: Path) -> tuple[FastAPI, asyncio.AbstractEventLoop]:
    settings = ServeSettings(data_dir=str(folder / "data"), requests_per_s=1e9, **_MANY)
    places = Places(folder / "data")
    places.make()
    store = JobStore(places.database_url(settings))
    return create_app(settings, (), store, places, Tokens(())), asyncio.new_event_loop()


@cache
def _thread() -> ThreadPoolExecutor:
    """Of its own: a browser that other tests drive keeps a loop in theirs."""
    return ThreadPoolExecutor(1)


def ask(data: bytes, folder: Path) -> object:
    """One request as it would be on the wire: a line, headers, an empty line, the body."""
    app, loop = _service(folder)
    answer = _thread().submit(loop.run_until_complete, asyncio.wait_for(_asked(app, data), _LATE_S))
    status = answer.result()
    assert status < 500 or status in _ON_PURPOSE, f"the service answers {status}"
    return status


async def _asked(app: FastAPI, data: bytes) -> int:
    head, _, body = data.partition(b"\n\n")
    first, *lines = head.split(b"\n")
    method, _, target = first.partition(b" ")
    path, _, query = target.partition(b"?")
    headers = [(name.strip().lower(), value.strip()) for name, _, value in (s.partition(b":") for s in lines)]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "method": method.decode("latin-1").upper(),
        "path": path.decode("utf-8", "replace"),
        "raw_path": path,
        "query_string": query,
        "headers": [(b"host", b"127.0.0.1"), (b"content-length", str(len(body)).encode()), *headers],
        "client": ("127.0.0.1", 4000),
        "server": ("127.0.0.1", 8000),
    }
    arriving = [{"type": "http.request", "body": body, "more_body": False}]
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return arriving.pop() if arriving else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await app(scope, receive, send)
    return statuses[0]


def request_seeds(folder: Path) -> list[bytes]:
    """What a client asks: jobs as JSON and as a form, lists, pages, a session."""
    form = _form(video_seeds(folder)[0], sound_seeds(folder)[0])
    kind = b"content-type: multipart/form-data; boundary=" + _BOUNDARY
    wish = b'{"kind": "dub", "video": "s3://in/a.mp4", "audio": "b.wav", "options": {"encode.crf": 20}}'
    return [
        b"POST /v1/jobs\n" + kind + b"\nidempotency-key: k1\n\n" + form,
        b"POST /v1/jobs\ncontent-type: application/json\n\n" + wish,
        b"POST /v1/session\ncontent-type: application/json\n\n" + b'{"token": "abc"}',
        b"GET /v1/jobs?state=done&limit=5&before=2026-01-01\n\n",
        b"GET /v1/jobs/0123456789abcdef/files/result.mp4\nrange: bytes=0-1\n\n",
        b"GET /v1/options\naccept: */*\n\n",
        b"GET /../../etc/passwd\n\n",
        b"DELETE /v1/jobs/x\nauthorization: Bearer x\norigin: http://a\n\n",
    ]


def _form(video: bytes, audio: bytes) -> bytes:
    parts = [
        (b"video", b"a.mp4", video),
        (b"audio", b"b.wav", audio),
        (b"options", b"", b'{"encode.crf": 20}'),
    ]
    made = b""
    for name, file, content in parts:
        named = b'; filename="' + file + b'"' if file else b""
        made += b"--" + _BOUNDARY + b'\r\ncontent-disposition: form-data; name="' + name + b'"' + named
        made += b"\r\n\r\n" + content + b"\r\n"
    return made + b"--" + _BOUNDARY + b"--\r\n"


_TOKENS = (b"Bearer ", b"bytes=", b"%2e%2e%2f", b"content-disposition", b"last-event-id: ", b'"callback"')
TARGETS = (Target(name="requests", feed=ask, seeds=request_seeds, tokens=_TOKENS),)
