"""What all tests share: where the real clips are, faces found in them, how tests run side by side."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Iterator
from functools import cache as remember
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from threadpoolctl import threadpool_limits

ROOT = Path(__file__).resolve().parent.parent
SIDE_BY_SIDE = "PYTEST_XDIST_WORKER" in os.environ  # this process is one of several that share the tests

# Modules that start a Ray, or measure the process they run in.
_ALONE = re.compile(
    r"ray_session|two_workers|ray\.init|Cluster\(|taken_node|ray\.cluster=(local|auto)\b|getrusage"
    r'|"lipsync_ray", "serve"'
)
# Folders and modules that take longest: begun early, none of them ends last.
_LONG = ("training", "test_neural_engines.py", "test_review.py", "parity", "faults", "test_dub.py", "serve")

# How long an example takes depends on what else the machine does.
hypothesis.settings.register_profile("any machine", deadline=None)
hypothesis.settings.load_profile("any machine")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep the tests of a module in one process, and all that start a Ray in one, where tests are shared out.

    Two Rays would fight for cores and memory; fixtures of a module would be made in every process.
    """
    from xdist.scheduler import LoadScopeScheduling

    class ByModule(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            module = nodeid.partition("::")[0]
            return "ray" if _runs_alone(config.rootpath / module) else module

    config.option.loadscopereorder = False  # begun in the order below, not the module of most tests first
    return ByModule(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where tests are shared out, begin with those that take longest."""
    if SIDE_BY_SIDE:
        items.sort(key=lambda item: (*_rank(item.path), bool(item.get_closest_marker("late"))))


@remember
def _runs_alone(module: Path) -> bool:
    return bool(_ALONE.search(module.read_text(encoding="utf-8")))


def _rank(module: Path) -> tuple[int, int]:
    if _runs_alone(module):  # what measures memory comes before what uses much of it
        return 0, int("getrusage" not in module.read_text(encoding="utf-8"))
    folder = module.relative_to(ROOT / "tests").parts[0]
    return 1, _LONG.index(folder) if folder in _LONG else len(_LONG)


@pytest.fixture(scope="session")
def media_dir() -> Path:
    """Folder of real talking clips; a test that needs it is skipped, with the reason, where it is absent."""
    folder = Path(os.environ.get("LIPSYNC_TEST_MEDIA", ROOT / ".." / "shared" / "media")).resolve()
    if not (folder / "talk_closeup_590.mp4").is_file():
        pytest.skip(f"real clips not found in {folder}: set LIPSYNC_TEST_MEDIA")
    return folder


@pytest.fixture
def clip(media_dir: Path) -> Path:
    """A real close-up: 125 frames, 590 x 590, 25 per second."""
    return media_dir / "talk_closeup_590.mp4"


@pytest.fixture(scope="session")
def scans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the faces that were found in clips; processes that share the tests share it."""
    home = tmp_path_factory.getbasetemp()
    folder = (home.parent if SIDE_BY_SIDE else home) / "scans"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture
def cache(tmp_path_factory: pytest.TempPathFactory, scans: Path) -> Path:
    """A cache folder of one test alone, except that faces need not be found again."""
    folder = tmp_path_factory.mktemp("cache")
    (folder / "scans").symlink_to(scans)
    return folder


@pytest.fixture(scope="session", autouse=True)
def _one_thread_each() -> Iterator[None]:
    """Let arithmetic in the tests' own processes take one thread; other threads only wait for the same cores.

    The environment stays as it is: what processes of the program make of it is tested.
    """
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="session", autouse=True)
def _signals_reach_children() -> Iterator[None]:
    """Let processes that tests start be interrupted, also where pytest itself runs in the background.

    A shell starts background jobs with SIGINT ignored, ``nohup`` with SIGHUP ignored, and children inherit
    that.
    """
    numbers = (signal.SIGINT, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
