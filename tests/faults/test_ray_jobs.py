"""Commands submitted through Ray Jobs: their output is seen, and how they ended."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing

import pytest

from lipsync_ray.distributed.ray_cluster import QUIET
from lipsync_ray.folders import private_folder
from tests.conftest import ROOT
from tests.faults.conftest import Talk
from tests.faults.files import Home, digest

RAY = [sys.executable, "-m", "ray.scripts.scripts"]
STARTS_S = 90.0


def free_port() -> int:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture(scope="module")
def submit() -> Iterator[list[str]]:
    """How a job is submitted to a head of its own."""
    port, token = free_port(), os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    environment = {
        **os.environ,
        **QUIET,
        "PYTHONPATH": str(ROOT),
        "RAY_AUTH_TOKEN": token,
        "OMP_NUM_THREADS": "1",
    }
    environment.pop("RAY_ADDRESS", None)
    with private_folder(44) as folder:
        words = [
            "start",
            "--head",
            "--block",
            f"--port={free_port()}",
            "--num-cpus=2",
            "--include-dashboard=true",
            f"--dashboard-agent-listen-port={free_port()}",
        ]
        words += [f"--dashboard-port={port}", f"--temp-dir={folder}", f"--object-store-memory={100 << 20}"]
        head = subprocess.Popen(
            [*RAY, *words], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            address = f"http://127.0.0.1:{port}"
            wait_for(address, head)
            yield ["job", "submit", "--address", address]
        finally:
            head.terminate()
            head.wait()


def wait_for(address: str, head: subprocess.Popen[bytes]) -> None:
    """Until jobs can be submitted: it takes one that does nothing."""
    ask = urllib.request.Request(f"{address}/api/jobs/", b'{"entrypoint": "true"}', method="POST")
    ask.add_header("Content-Type", "application/json")
    ask.add_header("Authorization", f"Bearer {os.environ['RAY_AUTH_TOKEN']}")
    limit = time.monotonic() + STARTS_S
    while True:
        try:
            with urllib.request.urlopen(ask):
                return
        except OSError:
            assert head.poll() is None
            assert time.monotonic() < limit, "no head"
            time.sleep(0.3)


def submitted(submit: list[str], *words: str) -> tuple[int, str]:
    """The exit status of the submission, and what it told."""
    command = [*RAY, *submit, "--", sys.executable, "-m", "lipsync_ray", *words, "ray.cluster=auto"]
    environment = {**os.environ, "RAY_AUTH_MODE": "token"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment)
    return done.returncode, done.stdout + done.stderr


def test_a_submitted_job_succeeds_and_its_lines_are_seen(
    submit: list[str], scanned: Home, talk: Talk
) -> None:
    out = scanned.out / "talk.mp4"
    job = (
        *talk.words(0),
        f"out={out}",
        f"cache.dir={scanned.cache}",
        "encode.preset=ultrafast",
        "quality.enabled=false",
    )
    code, told = submitted(submit, "run", *job)
    assert code == 0, told
    assert "succeeded" in told
    assert f"{out}: 48 frames" in told
    assert digest(out) == talk.digests[0]
    assert scanned.leftovers() == []


def test_a_failing_job_is_told_with_its_exit_code(submit: list[str], home: Home, talk: Talk) -> None:
    backlog = (f"video={talk.clip}", f"audio={ROOT / 'README.md'}", f"out_dir={home.out}")
    code, told = submitted(submit, "batch", *backlog, f"cache.dir={home.cache}")
    assert code != 0
    assert "AUDIO_UNREADABLE" in told
    assert "exit code 2" in told
