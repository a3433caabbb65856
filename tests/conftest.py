"""Fixtures shared by all tests: where the real clips are, and what was found in them."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


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
    """Folder of the faces that were found in clips."""
    return tmp_path_factory.mktemp("scans")


@pytest.fixture
def cache(tmp_path_factory: pytest.TempPathFactory, scans: Path) -> Path:
    """A cache folder of one test alone, except that faces need not be found again."""
    folder = tmp_path_factory.mktemp("cache")
    (folder / "scans").symlink_to(scans)
    return folder


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
