"""Where the service listens, that it is alone on its folder, and what it logs."""

from __future__ import annotations

import logging
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lipsync_ray.cli import main
from lipsync_ray.errors import ConfigError
from lipsync_ray.serve.listening import alone, free_port, is_loopback
from lipsync_ray.serve.logfile import KEPT, LogFile
from lipsync_ray.serve.places import Places
from lipsync_ray.serve_settings import ServeSettings

Captured = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ["serve.host=0.0.0.0"],
            "serve.host=0.0.0.0 is reached from other machines, and there are no tokens",
        ),
        (["video=a.mp4"], "video=a.mp4: the service gets files with its jobs"),
        (["ray.cluster=none"], "ray.cluster=none: the service needs Ray"),
        (["serve.port=70000"], "serve.port=70000 must be 0 to 65535"),
        (["serve.tokens_file=none.txt"], "serve.tokens_file=none.txt cannot be read"),
        (["serve.database=sqlite:////no/such/folder/x.db"], "the service's database does not answer"),
    ],
)
def test_what_cannot_be_served_is_told_on_one_line(
    words: list[str], says: str, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LIPSYNC_RAY_TOKENS", raising=False)
    assert main(["serve", f"serve.data_dir={tmp_path}", "serve.port=0", *words]) == 1
    said = capsys.readouterr().err
    assert says in said
    assert said.count("\n") == 1


def test_a_port_or_a_folder_that_another_one_has_is_refused(tmp_path: Path, capsys: Captured) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["serve", f"serve.data_dir={tmp_path}", f"serve.port={port}"]) == 1
        assert f"serve.port={port}: cannot listen there (Address already in use)" in capsys.readouterr().err
    with alone(Places(tmp_path)):
        assert main(["serve", f"serve.data_dir={tmp_path}", "serve.port=0"]) == 1
    assert f"another service works in {tmp_path}" in capsys.readouterr().err


def test_it_is_known_whether_the_service_before_was_killed(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys\n"
        "from lipsync_ray.serve.listening import alone\n"
        "from lipsync_ray.serve.places import Places\n"
        "with alone(Places(sys.argv[1])): os.kill(os.getpid(), signal.SIGKILL)"
    )
    with alone(Places(tmp_path)) as killed:
        assert not killed
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    with alone(Places(tmp_path)) as killed:
        assert killed
    with alone(Places(tmp_path)) as killed:
        assert not killed


def test_a_port_is_waited_for(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, ThreadPoolExecutor(1) as pool:
        settings = ServeSettings(port=taken.getsockname()[1])
        with pytest.raises(ConfigError):
            free_port(settings, 0.0)
        waiting = pool.submit(free_port, settings, 60.0)
        taken.close()
        assert waiting.result() == settings.port


def test_hosts_of_this_machine_alone() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "127.3.2.1", "::1", "[::1]", "localhost")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "192.168.1.5", "example.com", "")))


def test_a_log_of_several_writers_does_not_grow_for_ever_and_loses_no_line(tmp_path: Path) -> None:
    path = tmp_path / "access.jsonl"
    writers = [LogFile(path, largest=2000) for _ in range(3)]
    for number in range(300):
        record = logging.LogRecord("x", logging.INFO, "", 0, f"line {number:04d}", None, None)
        writers[number % 3].emit(record)
    files = sorted(tmp_path.glob("access.jsonl*"))
    lines = [line for file in files for line in file.read_text().splitlines()]
    assert sorted(lines) == [f"line {number:04d}" for number in range(300)]
    assert 1 < len(files) <= KEPT + 1
    assert max(file.stat().st_size for file in files) < 2100
