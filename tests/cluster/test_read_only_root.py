"""A dub where a container of cluster/ would make it: a read-only root, user 1000, no capabilities."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from lipsync_ray.weights.store import default_folder
from tests.conftest import ROOT

SCRIPT = Path(__file__).with_name("read_only.sh")


def _may_mount() -> bool:
    """Whether this process may make a view of the file system of its own."""
    if sys.platform != "linux" or os.geteuid() != 0 or not shutil.which("setpriv"):
        return False
    trial = ["unshare", "--mount", "mount", "--make-rprivate", "/"]
    return subprocess.run(trial, capture_output=True).returncode == 0


@pytest.fixture
def empty() -> Iterator[Path]:
    """A folder that a view of the file system can be made in, outside /tmp."""
    path = Path(f"/var/tmp/lipsync-{uuid.uuid4().hex}")
    path.mkdir(mode=0o700)
    yield path
    path.rmdir()


@pytest.mark.skipif(not _may_mount(), reason="only root may make a view of the file system")
def test_a_dub_needs_no_right_and_writes_to_no_root(empty: Path) -> None:
    weights = default_folder()
    if not any(weights.glob("*.tflite")):
        pytest.skip("the face models are not on this machine")
    command = [
        "unshare",
        "--mount",
        "bash",
        str(SCRIPT),
        str(empty),
        str(ROOT),
        str(weights),
        sys.base_prefix,
    ]
    python = Path(sys.executable)
    if python.is_relative_to(ROOT):  # the checkout may be below /tmp, which is another one inside
        python = "/srv" / python.relative_to(ROOT)
    looked = "import os; print(os.getuid(), os.access('/', os.W_OK), os.access('/srv', os.W_OK))"
    dub = (
        f'{python} -c "{looked}" && {python} -m lipsync_ray run '
        "video=/srv/examples/portrait.png "
        "audio=/srv/examples/hello.wav out=/mnt/out.mp4 weights.folder=/media ray.cluster=none preset=fast "
        "&& ls /mnt"
    )
    done = subprocess.run([*command, "bash", "-c", dub], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.split("\n")
    assert lines[0] == "1000 False False"
    assert {"cache", "out.json", "out.mp4", "out.report.html"} <= set(lines)
