"""Some odd inputs as people meet them: the real command, its own defaults, limits on memory and time."""

from __future__ import annotations

import ctypes
import os
import resource
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lipsync_ray.cli import main
from tests.conftest import ROOT
from tests.corpus.case import Given, Refused
from tests.corpus.corpus import all_cases
from tests.corpus.running import Room
from tests.corpus.stock import Stock

MEMORY = 6 << 30  # bytes of addresses: what a run of the plain clip needs, twice
_PR_CAPBSET_DROP = 24
_READ_ANYTHING = (1, 2)  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
SAMPLE = (
    "sound fifo",
    "dev zero",
    "png bomb",
    "mp4 4 billion frames",
    "video cut before drawing",
    "name with bytes that are no UTF-8",
)
CASES = {case.name: case for case in all_cases()}


@pytest.fixture
def room(tmp_path: Path, cache: Path) -> Room:
    (tmp_path / "stock").mkdir()
    return Room(folder=tmp_path, cache=cache, stock=Stock(tmp_path / "stock"))


def _limited() -> None:
    """Of a process about to begin: limits, and no right to read all files, should root run the tests."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for right in _READ_ANYTHING:
        ctypes.CDLL(None).prctl(_PR_CAPBSET_DROP, right, 0, 0, 0)


def started(room: Room, words: list[str]) -> subprocess.CompletedProcess[str]:
    """The command, which may take a minute and some memory; temporary files go to the room."""
    environment = {**os.environ, "TMPDIR": str(room.folder / "tmp"), "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", "lipsync_ray", *words],
        cwd=room.folder / "in",
        env=environment,
        capture_output=True,
        text=True,
        errors="backslashreplace",
        timeout=60,
        preexec_fn=_limited,
    )


@pytest.mark.parametrize("name", SAMPLE)
def test_the_command_itself_ends_so(name: str, room: Room) -> None:
    case = CASES[name]
    given = room.make(case)
    kept = [word for word in room.words(given) if not word.startswith(("quality.", "provenance="))]
    done = started(room, kept)
    assert "Traceback" not in done.stderr
    if isinstance(case.ends, Refused):
        assert done.returncode == 1
        assert done.stdout == ""
        assert done.stderr.splitlines()[-1].startswith(f"lipsync_ray: {case.ends.code}: ")
        assert room.left() == set()
    else:
        assert done.returncode == 0, done.stderr
        assert room.left() == {"out.mp4", "out.json", "out.report.html"}


@pytest.fixture
def port() -> Iterator[socket.socket]:
    """A server on this machine that nobody may ask."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        yield server


@pytest.mark.parametrize("name", ["m3u8 of addresses", "m3u8 with key", "ffconcat of addresses", "dash"])
def test_nobody_is_asked_for_what_a_list_names(name: str, room: Room, port: socket.socket) -> None:
    path = Path(str(room.make(CASES[name]).video))
    address = f"127.0.0.1:{port.getsockname()[1]}"
    text = path.read_text("utf-8").replace("127.0.0.1:9", address)
    path.write_text(text.replace("secret.ts", f"http://{address}/a"), encoding="utf-8")
    assert main(room.words(Given(video=path))) == 1
    with pytest.raises(TimeoutError):
        port.accept()


def test_a_file_that_may_not_be_read_is_named(room: Room) -> None:
    words = room.words(room.make(CASES["link"]))
    room.stock.clip.chmod(0)
    done = started(room, words)
    assert done.returncode == 1, done.stderr
    assert done.stderr.count("\n") == 1
    assert "VIDEO_UNREADABLE: " in done.stderr
    assert "cannot be read: Permission denied" in done.stderr
    assert room.left() == set()
