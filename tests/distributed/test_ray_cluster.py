"""Ray's coming and going, seen from outside: what a user's terminal, home and process list show."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

DRIVER = """
import sys
from lipsync_ray.distributed.ray_cluster import ray_session
from lipsync_ray.distributed.settings import RaySettings
from lipsync_ray.distributed.tasks import Task
from lipsync_ray.errors import LipsyncError
from tests.distributed.driver import dispatch
from tests.distributed.runners import Order, Squares

def tell(event):
    if event.kind in ("started", "done"):
        print(event.kind, event.task, flush=True)

harm, cluster = sys.argv[1:]
try:
    with ray_session(RaySettings(workers=2, cluster=cluster)) as session, session.pool(Squares) as pool:
        tasks = [Task(key=str(n), payload=Order(number=n, harm=harm if n else "")) for n in range(3)]
        dispatch(tasks, pool, on_event=tell)
except LipsyncError as error:
    print(f"{error.code}: {error}", file=sys.stderr)
except KeyboardInterrupt:
    sys.exit(4)
"""


class Driver:
    """A process that dispatches, in an empty folder and home; its children are known by a token."""

    def __init__(self, folder: Path, harm: str = "", cluster: str = "local", **environment: str) -> None:
        self.token = secrets.token_hex(32)
        self.temp = folder / "t"
        self.home = folder / "home"
        for path in (self.temp, self.home):
            path.mkdir()
        clean = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
        changes = {
            "RAY_AUTH_TOKEN": self.token,
            "HOME": str(self.home),
            "TMPDIR": str(self.temp),
            "PYTHONPATH": str(ROOT),
        }
        self.process = subprocess.Popen(
            [sys.executable, "-c", DRIVER, harm, cluster],
            cwd=self.home,
            env=clean | changes | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def wait_for(self, line: str) -> None:
        assert self.process.stdout is not None
        for seen in self.process.stdout:
            if seen.strip() == line:
                return
        pytest.fail(f"the driver ended without saying {line!r}: {self.process.stderr.read()}")

    def alive(self) -> list[str]:
        """Command lines of processes, the driver's and those it started, that still run."""
        found = []
        for folder in Path("/proc").iterdir():
            try:
                if folder.name.isdigit() and self.token.encode() in (folder / "environ").read_bytes():
                    found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:
                continue
        return found

    def wait_until_none_is_alive(self, only: str = "") -> None:
        patience = time.monotonic() + 60
        while [line for line in self.alive() if only in line]:
            if time.monotonic() > patience:
                pytest.fail(f"still alive: {self.alive()}")
            time.sleep(0.1)


def test_quiet_and_clean_after_a_good_run_with_a_crash(tmp_path: Path) -> None:
    driver = Driver(tmp_path, harm="segfault")
    out, err = driver.process.communicate(timeout=120)
    assert driver.process.returncode == 0
    assert {line.split()[0] for line in out.splitlines()} == {"started", "done"}
    assert {line.split()[0] for line in err.splitlines()} == {"worker"}  # this project's own warnings
    assert list(driver.temp.iterdir()) == []
    assert list(driver.home.iterdir()) == []
    driver.wait_until_none_is_alive()


@pytest.mark.parametrize(("number", "group"), [(signal.SIGINT, True), (signal.SIGTERM, False)])
def test_signal_leaves_nothing_behind(tmp_path: Path, number: int, group: bool) -> None:
    driver = Driver(tmp_path, harm="hold_gil")
    driver.wait_for("started 2")
    (os.killpg if group else os.kill)(driver.process.pid, number)
    _, err = driver.process.communicate(timeout=120)
    assert driver.process.returncode == 4, err
    assert {line.split()[0] for line in err.splitlines()} <= {"worker"}
    assert list(driver.temp.iterdir()) == []
    driver.wait_until_none_is_alive()


def test_workers_end_with_a_driver_that_is_killed(tmp_path: Path) -> None:
    driver = Driver(tmp_path, harm="sleep")
    driver.wait_for("started 2")
    driver.process.kill()
    driver.wait_until_none_is_alive(only="RayWorker")


def test_no_cluster_to_join_is_one_clear_line(tmp_path: Path) -> None:
    driver = Driver(tmp_path, cluster="auto", RAY_ADDRESS="127.0.0.1:1")
    _, err = driver.process.communicate(timeout=240)
    assert driver.process.returncode == 0
    assert err.startswith("CONFIG: ray.cluster=auto: cannot join a Ray cluster at '127.0.0.1:1'")
    assert len(err.splitlines()) == 1
