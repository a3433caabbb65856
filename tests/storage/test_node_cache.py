"""A machine fetches a file once, keeps it while it is used, and forgets the longest unused."""

from __future__ import annotations

import hashlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lipsync_ray.errors import ObjectMissing, OutputUnwritable, StorageError
from lipsync_ray.storage.locks import locked
from lipsync_ray.storage.node_cache import NodeCache

HOLDER = """
import sys, time
from pathlib import Path
from lipsync_ray.storage.node_cache import NodeCache

folder, key, log, mode = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), sys.argv[4]

def fetch(path):
    with log.open("a") as file:
        file.write("fetch\\n")
    path.write_bytes(b"half")
    if mode == "hang":
        print("fetching", flush=True)
        time.sleep(600)
    time.sleep(0.5)
    path.write_bytes(key.encode() * 1000)

cache = NodeCache(folder=folder, max_bytes=10_000)
if mode == "wait":
    print("ready", flush=True)
    sys.stdin.readline()
with cache.hold(key, ".bin", fetch) as path:
    print(len(path.read_bytes()), flush=True)
    if mode == "keep":
        sys.stdin.readline()
"""


@pytest.fixture
def cache(tmp_path: Path) -> NodeCache:
    return NodeCache(folder=tmp_path / "cache", max_bytes=10_000)


class Source:
    """Writes so many bytes and counts how often."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.fetched = 0

    def __call__(self, path: Path) -> None:
        self.fetched += 1
        path.write_bytes(self.data)


def start(cache: NodeCache, key: str, mode: str) -> subprocess.Popen[str]:
    log = cache.folder.parent / "log"
    words = [sys.executable, "-c", HOLDER, str(cache.folder), key, str(log), mode]
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def line(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()


def kept(cache: NodeCache) -> set[bytes]:
    return {path.read_bytes()[:1] for path in (cache.folder / "copies").iterdir()}


def use(cache: NodeCache, letter: str, size: int = 3000) -> int:
    """How often it was fetched: once if it was not there."""
    source = Source(letter.encode() * size)
    with cache.hold(letter, ".bin", source) as path:
        assert path.read_bytes() == letter.encode() * size
    time.sleep(0.02)  # clocks of file systems are coarse, and the order of use is what counts
    return source.fetched


def files_in(cache: NodeCache, folder: str) -> list[str]:
    return sorted(path.name for path in (cache.folder / folder).rglob("*"))


def test_a_copy_is_fetched_once(cache: NodeCache) -> None:
    source = Source(b"x" * 100)
    for _ in range(3):
        with cache.hold("k", ".mp4", source) as path:
            assert (path.read_bytes(), path.suffix) == (b"x" * 100, ".mp4")
    with cache.hold("k", ".wav", source) as path:
        assert path.suffix == ".wav"
    assert source.fetched == 2
    assert path.is_file()


def test_processes_that_ask_at_once_share_one_fetch(cache: NodeCache) -> None:
    children = [start(cache, "k", "wait") for _ in range(6)]
    assert [line(child) for child in children] == ["ready"] * 6
    use(cache, "k")
    for path in (cache.folder / "copies").iterdir():
        path.unlink()
    (lock,) = (cache.folder / "locks").iterdir()
    with locked(lock, shared=True):  # all see that nothing is there, and none may fetch yet
        for child in children:
            assert child.stdin is not None
            child.stdin.write("\n")
            child.stdin.flush()
        time.sleep(1)
    assert [line(child) for child in children] == ["1000"] * 6
    assert [child.wait(60) for child in children] == [0] * 6
    assert (cache.folder.parent / "log").read_text() == "fetch\n"


def test_threads_share_one_fetch_too(cache: NodeCache) -> None:
    source = Source(b"x")

    def slow(path: Path) -> None:
        time.sleep(0.2)
        source(path)

    def hold() -> None:
        with cache.hold("k", "", slow):
            pass

    threads = [threading.Thread(target=hold) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert source.fetched == 1


def test_different_keys_do_not_wait_for_each_other(cache: NodeCache) -> None:
    with start(cache, "slow", "hang") as child:
        assert line(child) == "fetching"
        assert use(cache, "a") == 1
        child.kill()


def test_a_killed_fetcher_leaves_the_way_to_the_next(cache: NodeCache) -> None:
    with start(cache, "k", "hang") as child:
        assert line(child) == "fetching"
        with start(cache, "k", "once") as waiting:
            child.send_signal(signal.SIGKILL)
            assert line(waiting) == "1000"
    assert files_in(cache, "coming") == []
    assert len(files_in(cache, "copies")) == 1


def test_what_a_killed_fetcher_left_goes_with_the_next_use(cache: NodeCache) -> None:
    with start(cache, "k", "hang") as child:
        assert line(child) == "fetching"
        assert use(cache, "a") == 1
        assert files_in(cache, "coming") != []  # it is still at it
        child.kill()
    assert use(cache, "a") == 0
    assert files_in(cache, "coming") == []
    assert len(files_in(cache, "locks")) == 1


def test_the_longest_unused_goes_first(cache: NodeCache) -> None:
    for letter in "abc":
        use(cache, letter)
    assert use(cache, "a") == 0
    use(cache, "d")
    assert kept(cache) == {b"a", b"c", b"d"}
    use(cache, "e", 6000)
    assert kept(cache) == {b"d", b"e"}
    assert len(files_in(cache, "locks")) == 2
    assert [use(cache, letter) for letter in "da"] == [0, 1]


def test_a_killed_holder_has_used_it_too(cache: NodeCache) -> None:
    with start(cache, "a", "once") as child:
        assert line(child) == "1000"
    time.sleep(0.02)
    use(cache, "b")
    with start(cache, "a", "keep") as child:
        assert line(child) == "1000"
        child.kill()
    time.sleep(0.02)
    for letter in "cd":
        use(cache, letter)
    use(cache, "e", 2500)
    assert kept(cache) == {b"a", b"c", b"d", b"e"}


def test_what_is_in_use_stays(cache: NodeCache) -> None:
    with start(cache, "a", "keep") as child, cache.hold("b", ".bin", Source(b"b" * 3000)) as mine:
        assert line(child) == "1000"
        for letter in "cdefgh":
            use(cache, letter, 4000)
            assert {b"a", b"b"} <= kept(cache)
            assert mine.is_file()
        child.send_signal(signal.SIGKILL)  # its hold goes with it
        child.wait()
        for letter in "ij":
            use(cache, letter, 4000)
        assert kept(cache) == {b"b", b"j"}
    use(cache, "k", 9000)
    assert kept(cache) == {b"k"}


def test_the_bound_holds_as_soon_as_a_copy_is_there(cache: NodeCache) -> None:
    for letter in "abc":
        use(cache, letter)
    with cache.hold("d", ".bin", Source(b"d" * 9000)):
        assert kept(cache) == {b"d"}


def test_one_that_is_too_large_is_held_and_then_let_go(
    cache: NodeCache, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.WARNING),
        cache.hold("k", ".bin", Source(b"k" * 20_000)) as path,
    ):
        assert path.stat().st_size == 20_000
    assert "20000 bytes, more than the 10000" in caplog.text
    assert files_in(cache, "copies") == files_in(cache, "locks") == []
    use(cache, "a")
    assert kept(cache) == {b"a"}


@pytest.mark.parametrize("error", [ObjectMissing("gone"), OSError("odd"), KeyboardInterrupt()])
def test_a_fetch_that_fails_leaves_nothing(cache: NodeCache, error: BaseException) -> None:
    def broken(path: Path) -> None:
        path.write_bytes(b"half")
        (path.parent / ".temp").write_bytes(b"half")
        raise error

    with pytest.raises(type(error)) as raised, cache.hold("k", ".bin", broken):
        pytest.fail("there is nothing to hold")
    assert raised.value is error
    assert files_in(cache, "copies") == files_in(cache, "coming") == files_in(cache, "locks") == []
    source = Source(b"x")
    with cache.hold("k", ".bin", source):
        assert source.fetched == 1


def test_other_bytes_than_the_keys_are_refused(cache: NodeCache) -> None:
    key = f"sha256:{hashlib.sha256(b'right').hexdigest()}"
    wrong = cache.hold(key, ".bin", Source(b"wrong"))
    with pytest.raises(StorageError, match="what was fetched has SHA-256") as error, wrong:
        pytest.fail("these bytes must not be held")
    assert error.value.retriable
    assert files_in(cache, "copies") == files_in(cache, "coming") == []
    with cache.hold(key, ".bin", Source(b"right")) as path:
        assert path.read_bytes() == b"right"


def test_an_error_of_the_user_is_passed_on(cache: NodeCache) -> None:
    with pytest.raises(OSError, match="mine"), cache.hold("k", "", Source(b"x")):
        raise OSError("mine")
    assert use(cache, "a") == 1


@pytest.mark.parametrize(
    "make", [lambda path: path.write_bytes(b""), lambda path: path.symlink_to("/dev/null")]
)
def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path, make: Callable[[Path], object]) -> None:
    make(tmp_path / "file")
    cache = NodeCache(folder=tmp_path / "file", max_bytes=1)
    with (
        pytest.raises(OutputUnwritable, match=r"choose another cache\.dir"),
        cache.hold("k", "", Source(b"")),
    ):
        pytest.fail("there is nothing to hold")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_said(cache: NodeCache) -> None:
    use(cache, "a")
    for name in ("locks", "coming"):
        (cache.folder / name).chmod(0o500)
    with (
        pytest.raises(OutputUnwritable, match=r"choose another cache\.dir"),
        cache.hold("b", "", Source(b"")),
    ):
        pytest.fail("there is nothing to hold")


def test_many_processes_under_pressure_never_lose_what_they_hold(cache: NodeCache) -> None:
    script = """
import random, sys
from pathlib import Path
from lipsync_ray.storage.node_cache import NodeCache
cache = NodeCache(folder=Path(sys.argv[1]), max_bytes=10_000)
dice = random.Random(int(sys.argv[2]))
for _ in range(150):
    letter = dice.choice("abcdefgh")
    with cache.hold(letter, "", lambda path: path.write_bytes(letter.encode() * 3000)) as path:
        assert path.read_bytes() == letter.encode() * 3000
"""
    children = [
        subprocess.Popen([sys.executable, "-c", script, str(cache.folder), str(seed)]) for seed in range(4)
    ]
    assert [child.wait(120) for child in children] == [0] * 4
    assert len(files_in(cache, "copies")) <= 3
    assert len(files_in(cache, "locks")) == len(files_in(cache, "copies"))
    assert files_in(cache, "coming") == []
