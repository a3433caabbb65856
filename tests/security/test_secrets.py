"""Tokens are in no log, whatever is asked; what is written on the way is for its owner alone."""

from __future__ import annotations

import logging
import os
import socket
import stat
from pathlib import Path

import pytest

from lipsync_ray.distributed.machine import machine_id
from lipsync_ray.folders import private_folder
from lipsync_ray.jobs.site import Site, SiteSpec
from lipsync_ray.storage.node_cache import NodeCache
from tests.serve.api.served import ANNA, TOKENS, house

WRONG = "wrong-secret-0123456789"


def test_no_token_is_ever_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with house(tmp_path / "data", tokens=TOKENS) as made, made.client() as client:
        for token in (ANNA, WRONG):
            more = {"headers": {"Authorization": f"Bearer {token}"}, "params": {"token": token}}
            for method, path in (("GET", "/v1/jobs"), ("POST", "/v1/jobs"), ("GET", "/v1/jobs/x/result")):
                client.request(method, path, **more)
            client.post("/v1/session", content=f'{{"token": "{token}"', headers=more["headers"])
        session = next(iter(client.cookies.values()))
        client.get("/v1/jobs")
    ours = [record for record in caplog.records if _is_ours(record)]
    logged = "\n".join(f"{record.getMessage()} {record.exc_text or ''}" for record in ours)
    assert '"owner": "anna"' in logged
    assert not [secret for secret in (ANNA, WRONG, session) if secret in logged]


def _is_ours(record: logging.LogRecord) -> bool:
    """The service's own; the client of this test tells what it sends."""
    return record.name.startswith(("lipsync_ray", "uvicorn", "fastapi", "starlette", "sqlalchemy"))


def test_an_address_of_any_bytes_is_answered(tmp_path: Path) -> None:
    with house(tmp_path / "data") as made:
        host, port = made.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as line:
            line.sendall(
                b"GET /v1/jobs?limit=\xff\xfe HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
            )
            answer = line.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 400 ")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_is_written_on_the_way_is_for_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with private_folder() as one, private_folder() as other:
            assert mode(one.parent) == 0o700
            assert one.parent.name != other.parent.name
        spec = SiteSpec(root=str(tmp_path / "root"), home=machine_id(), shared=True, beacon="", copies=None)
        assert mode(Site(spec, driver=True).folder("jobs/x")) == 0o700
        source = tmp_path / "in.bin"
        source.write_bytes(b"face")
        cache = NodeCache(folder=tmp_path / "copies", max_bytes=1000)
        cache._make_folders()
        assert {mode(tmp_path / "copies" / name) for name in ("copies", "coming", "locks")} == {0o700}
    finally:
        os.umask(before)
