"""docs/python.md: its examples run as they stand, in a folder that has the examples."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lipsync_ray.weights.store import default_folder

ROOT = Path(__file__).resolve().parent.parent
BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "python.md").read_text("utf-8"), re.DOTALL)
# The first one starts a Ray, as users will; what it prints is the same without.
LOCAL, ALONE = '"hello.mp4")', '"hello.mp4", options={"ray.cluster": "none"})'
PRINTED = [
    r"hello\.mp4 \d+ \d\.\d+\n",
    r"",
    r"(?s).*AUDIO_UNREADABLE .*absent\.wav.* False\n",
    r"(?s)hello out/videos/hello\.mp4 .*\nabsent quarantined VIDEO_UNREADABLE .*face scans",
]


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_an_example_runs_as_it_stands(number: int, tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    default_folder().mkdir(parents=True, exist_ok=True)
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "weights").symlink_to(default_folder())  # they need not be fetched again
    script = tmp_path / "example.py"
    script.write_text(BLOCKS[number].replace(LOCAL, ALONE), "utf-8")
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "LIPSYNC_RAY_CACHE": str(tmp_path / "kept")},
    )
    assert done.returncode == 0, done.stderr
    assert re.match(PRINTED[number], done.stdout), done.stdout


def test_every_example_has_its_check() -> None:
    assert len(BLOCKS) == len(PRINTED)
