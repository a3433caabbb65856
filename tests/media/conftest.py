"""Awkward clips, each written once per session."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.clips import Clip, make_clip


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Clip]:
    """``clip("open_gop")`` is the clip of that kind; see ``tests/clips.py``."""
    folder: Path = tmp_path_factory.mktemp("clips")
    return cache(lambda kind: make_clip(kind, folder / kind))
