"""A wheel carries everything that runs: code, defaults, data."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that pip would build, built by the build backend itself."""
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("dist")
    script = "import sys\nfrom hatchling.build import build_wheel\nprint(build_wheel(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return folder / done.stdout.split()[-1]


def test_wheel_holds_every_file_of_the_package_and_conf(wheel: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "lipsync_ray", "conf"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    tracked = [name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]
    wanted = {f"lipsync_ray/{name}" if name.startswith("conf/") else name for name in tracked}
    held = set(zipfile.ZipFile(wheel).namelist())
    assert wanted <= held, wanted - held
    assert "lipsync_ray/conf/config.yaml" in held
    assert "lipsync_ray/py.typed" in held


def test_wheel_holds_nothing_else(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"lipsync_ray"}


def test_defaults_are_found_in_an_installed_wheel(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site packages [1]"  # an awkward place on purpose
    zipfile.ZipFile(wheel).extractall(site)
    assert _conf_dir_seen_from(tmp_path, site) == site / "lipsync_ray" / "conf"


def test_defaults_are_found_in_a_checkout(tmp_path: Path) -> None:
    assert _conf_dir_seen_from(tmp_path, ROOT) == ROOT / "conf"


def _conf_dir_seen_from(folder: Path, first_on_path: Path) -> Path:
    script = (
        "import sys\nsys.path.insert(0, sys.argv[1])\n"
        "from lipsync_ray.overrides import conf_dir, load_config\n"
        "assert load_config(['video=a', 'chunk.seconds=3']).chunk.seconds == 3.0\n"
        "print(conf_dir())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(first_on_path)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())
