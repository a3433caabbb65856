"""Fixtures shared by all tests: where the real clips are."""

from __future__ import annotations

import os
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
