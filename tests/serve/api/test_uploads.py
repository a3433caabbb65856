"""Uploads that go wrong: nothing of them stays."""

from __future__ import annotations

import asyncio
import errno
import socket
import threading
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest

from lipsync_ray.serve import incoming
from lipsync_ray.serve.incoming import Pace, clear, paced
from lipsync_ray.serve.parts import PartBegins, Parts
from lipsync_ray.serve.problems import Problem
from tests.serve.api.served import ANNA, BERT, TOKENS, House, house

START = (
    b"POST /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=xx\r\n"
    b"Content-Length: %d\r\n\r\n"
)
END = b"\r\n--xx--\r\n"
PART = b'--xx\r\nContent-Disposition: form-data; name="video"; filename="a.mp4"\r\n\r\n'


def head(name: str, more: bytes = b"") -> bytes:
    """The headers of a part."""
    return b'--xx\r\nContent-Disposition: form-data; name="' + name.encode() + b'"' + more + b"\r\n\r\n"


def connected(made: House) -> socket.socket:
    parts = urlsplit(made.url)
    return socket.create_connection((parts.hostname or "", parts.port or 0), timeout=20)


def answered(connection: socket.socket) -> bytes:
    """All that comes until the other side closes, or has said enough."""
    got = b""
    while b"}" not in got and (block := connection.recv(65_536)):
        got += block
    return got


def watched(monkeypatch: pytest.MonkeyPatch) -> tuple[threading.Event, threading.Event]:
    """Set when an upload's folder is made, and when it is removed."""
    began, gone = threading.Event(), threading.Event()
    remove = incoming.shutil.rmtree

    def removed(path: Any, **more: Any) -> None:
        remove(path, **more)
        gone.set()

    monkeypatch.setattr(incoming.shutil, "rmtree", removed)
    made = incoming._File.made

    def beginning(*args: Any) -> Any:
        began.set()
        return made(*args)

    monkeypatch.setattr(incoming._File, "made", beginning)
    return began, gone


def test_a_slow_upload_is_cut_off(tmp_path: Path) -> None:
    pace = Pace(longest_s=60.0, grace_s=0.2, least=1e9)
    with house(tmp_path, more={"pace": pace}) as made, connected(made) as connection:
        connection.sendall(START % 10_000 + PART + b"some bytes, and no more")
        got = answered(connection)
        assert b" 408 " in got
        assert b"SLOW" in got
        assert made.incoming() == []


def test_a_client_that_goes_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    began, gone = watched(monkeypatch)
    with house(tmp_path) as made:
        with connected(made) as connection:
            connection.sendall(START % 10_000_000 + PART + bytes(2_000_000))
            assert began.wait(20)
            assert len(made.incoming()) == 1
        assert gone.wait(20)
        assert made.incoming() == []
        assert list(made.places.jobs().iterdir()) == []


def test_what_is_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with house(tmp_path, max_mb=0.5) as made, connected(made) as connection:
        connection.sendall(START % 2_000_000)
        assert b" 413 " in answered(connection)


def test_what_does_not_tell_its_size_is_refused_on_the_way(tmp_path: Path) -> None:
    with house(tmp_path, max_mb=0.5) as made, connected(made) as connection:
        connection.sendall((START % 0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked"))
        for block in (PART, *[bytes(65_536)] * 10):  # just above the limit, and no end
            connection.sendall(b"%x\r\n%s\r\n" % (len(block), block))
        got = answered(connection)
        assert b" 413 " in got
        assert b"TOO_LARGE" in got
        assert made.incoming() == []


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (PART + b"cut off", 422, "FORM"),
        (PART + b"a\r\n" + PART + b"b\r\n--xx--\r\n", 422, "FORM"),
        (head("other", b'; filename="a"') + b"a" + END, 422, "FORM"),
        (head("../x") + b"a" + END, 422, "FORM"),
        (b"--xx\r\nno header\r\n\r\na" + END, 422, "FORM"),
        (head("kind") + b"\xff\xfe" + END, 422, "FORM"),
        (head("options") + b"x" * 70_000 + END, 413, "TOO_LARGE"),
        (b"".join(head(f"f{number}") + b"a\r\n" for number in range(17)) + b"--xx--\r\n", 422, "FORM"),
        (b"", 422, "FORM"),
    ],
    ids=["cut", "twice", "other file", "path", "header", "no text", "long text", "many", "empty"],
)
def test_broken_forms(open_house: House, body: bytes, status: int, code: str) -> None:
    headers = {"content-type": "multipart/form-data; boundary=xx"}
    with open_house.client() as client:
        answer = client.post("/v1/jobs", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert open_house.incoming() == []


def test_a_form_without_a_boundary(open_house: House) -> None:
    with open_house.client() as client:
        answer = client.post("/v1/jobs", content=b"x", headers={"content-type": "multipart/form-data"})
    assert (answer.status_code, answer.json()["code"]) == (422, "FORM")


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_told(open_house: House, monkeypatch: pytest.MonkeyPatch, files: Any) -> None:
    monkeypatch.setattr(incoming._File, "flush", full)
    with open_house.client() as client:
        answer = client.post("/v1/jobs", files=files)
    assert (answer.status_code, answer.json()["code"]) == (507, "DISK_FULL")
    assert open_house.incoming() == []


def test_room_on_the_disk_is_looked_at_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = iter([incoming.RESERVE + 10_000_000, incoming.RESERVE + 1_200_000])
    monkeypatch.setattr(incoming.shutil, "disk_usage", lambda _: SimpleNamespace(free=next(left, 0)))
    with house(tmp_path) as made, connected(made) as connection:
        connection.sendall((START % 0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked"))
        for block in (PART, *[bytes(65_536)] * 60):  # written three times, and no end
            connection.sendall(b"%x\r\n%s\r\n" % (len(block), block))
        got = answered(connection)
        assert b" 507 " in got
        assert b"DISK_FULL" in got
        assert made.incoming() == []


def test_uploads_at_a_time_have_limits(tmp_path: Path, files: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    began = threading.Semaphore(0)
    make = incoming._File.made

    def beginning(*args: Any) -> Any:
        began.release()
        return make(*args)

    monkeypatch.setattr(incoming._File, "made", beginning)
    start = START.replace(b"Host", b"Authorization: Bearer %s\r\nHost")

    def begin(token: str) -> socket.socket:
        connection = connected(made)
        connection.sendall(start % (token.encode(), 10_000_000) + PART + b"not all of it")
        assert began.acquire(timeout=20)
        return connection

    with house(tmp_path, tokens=TOKENS, max_uploads=3) as made, ExitStack() as stack:
        first, second = (stack.enter_context(begin(ANNA)) for _ in range(2))
        anna, bert = (stack.enter_context(made.client(token)) for token in (ANNA, BERT))
        refused = anna.post("/v1/jobs", files=files)
        assert (refused.status_code, refused.json()["code"]) == (429, "UPLOADS")
        assert int(refused.headers["retry-after"]) > 0
        assert anna.get("/v1/jobs").status_code == 200
        stack.enter_context(begin(BERT))
        full = bert.post("/v1/jobs", files=files)
        assert (full.status_code, full.json()["code"]) == (503, "UPLOADS")
        assert int(full.headers["retry-after"]) > 0
        for connection in (first, second):  # broken forms end as well
            connection.sendall(bytes(10_000_000 - len(PART) - 13))
            assert b" 422 " in answered(connection)
        assert anna.post("/v1/jobs", files=files).status_code == 202


def test_a_mistake_tells_nothing_of_the_inside(
    open_house: House, monkeypatch: pytest.MonkeyPatch, files: Any
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("secret words")

    monkeypatch.setattr(incoming._File, "finish", broken)
    with open_house.client() as client:
        answer = client.post("/v1/jobs", files=files)
    assert (answer.status_code, answer.json()["code"]) == (500, "INTERNAL")
    assert "secret" not in answer.text
    assert answer.headers["x-request-id"] in answer.json()["detail"]
    assert open_house.incoming() == []


def test_what_killed_processes_left_is_removed_later(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "video.mp4").write_bytes(b"x")
    clear(tmp_path, older_s=3600.0)
    assert (tmp_path / "old").exists()  # it may be another process's
    clear(tmp_path, older_s=-1.0)
    assert list(tmp_path.iterdir()) == []


def test_an_upload_must_keep_its_pace() -> None:
    pace = Pace(longest_s=100.0, grace_s=10.0, least=1000.0)
    assert pace.deadline(0.0, 0) == 10.0
    assert pace.deadline(0.0, 5_000) == 15.0
    assert pace.deadline(0.0, 10**9) == 100.0


def test_a_silent_upload_is_cut_off() -> None:
    class Silent:
        async def stream(self) -> Any:
            yield b"x"
            await asyncio.Event().wait()

    async def read() -> list[bytes]:
        return [block async for block in paced(Silent(), Pace(longest_s=0.05))]  # type: ignore[arg-type]

    with pytest.raises(Problem, match="slow") as caught:
        asyncio.run(read())
    assert caught.value.status == 408


def test_parts_do_not_depend_on_how_they_were_cut() -> None:
    body = PART + b"\r\n--x no boundary\r\n" + b"\r\n--xx--\r\n"

    def read(step: int) -> tuple[list[Any], bytes]:
        parts = Parts("multipart/form-data; boundary=xx")
        events = [
            event for start in range(0, len(body), step) for event in parts.feed(body[start : start + step])
        ]
        parts.end()
        content = b"".join(event for event in events if isinstance(event, bytes))
        return [event for event in events if isinstance(event, PartBegins) or event is None], content

    whole = read(len(body))
    assert whole == ([PartBegins(name="video", file="a.mp4"), None], b"\r\n--x no boundary\r\n")
    assert all(read(step) == whole for step in (1, 2, 7))
