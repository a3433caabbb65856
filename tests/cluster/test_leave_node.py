"""A node that took leave before it was killed: what it worked on was pre-empted, and did not fail."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from pathlib import Path

from tests.cluster.files import CLUSTER

SCENE = Path(__file__).with_name("taken_node.py")
PROGRAM = CLUSTER / "leave_node.py"


def test_only_work_of_a_node_that_took_leave_counts_as_preempted() -> None:
    guarded = {**os.environ, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    done = subprocess.run(
        [sys.executable, str(SCENE), str(PROGRAM)], env=guarded, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = [line for line in done.stdout.splitlines() if "preempted=" in line]  # among Ray's own lines
    assert told == ["127.0.0.2: preempted=True", "127.0.0.3: preempted=False"]
