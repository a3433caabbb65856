"""What is told of a file before anybody works on it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lipsync_ray.errors import LimitExceeded, VideoUnreadable
from lipsync_ray.media.glance import glance_at_video
from tests.pictures import png

MOST = 9_000_000
PEAK = """
import resource, sys
from pathlib import Path
from lipsync_ray.errors import LimitExceeded
from lipsync_ray.media.glance import glance_at_video
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    glance_at_video(Path(sys.argv[1]), "bomb.png", 9_000_000)
except LimitExceeded:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_a_picture_within_the_limit_is_decoded(tmp_path: Path) -> None:
    glance = glance_at_video(png(tmp_path / "a.png", 320, 200), "a.png", MOST)
    assert (glance.width, glance.height) == (320, 200)


def test_the_size_of_one_above_it_is_told(tmp_path: Path) -> None:
    path = png(tmp_path / "a.png", 300, 200)
    glance = glance_at_video(path, "a.png", 50_000)
    assert (glance.width, glance.height) == (300, 200)


def test_a_bomb_does_not_fill_the_memory(tmp_path: Path) -> None:
    path = png(tmp_path / "bomb.png", 16_000, 16_000)
    assert path.stat().st_size < 2_000_000
    told = subprocess.run([sys.executable, "-c", PEAK, str(path)], capture_output=True, text=True, check=True)
    assert int(told.stdout) < 100_000, told  # kB; the picture has 768 MB
    with path.open("rb") as file, pytest.raises(LimitExceeded, match="megapixels"):
        glance_at_video(file, "bomb.png", MOST)


def test_what_is_no_picture_is_told_as_such(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"no picture at all")
    with pytest.raises(VideoUnreadable):
        glance_at_video(path, "a.png", MOST)
