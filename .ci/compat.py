"""Builds an environment of some Python with the newest or the lowest dependencies, and runs tests in it.

python .ci/compat.py --python python3.13 --dependencies newest --part quick
python .ci/compat.py --python python3.11 --dependencies lowest --part all -- -n 2

The environment lies in .ci/compat/NAME and is used again where it is there; remove it to have newer releases.
What comes after -- goes to pytest. Ends with pytest's exit status.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
LOWEST = HERE / "lowest.txt"
ONLY_FOR_LOWEST = "3.11"  # most of the lowest releases have no wheels for later ones
TOOLS = (
    *("pytest", "pytest-timeout", "pytest-xdist", "hypothesis", "hatchling", "packaging"),
    *("moto[s3]", "flask", "flask-cors"),  # a store on loopback
)

# What `--part quick` leaves out: Ray, services, networks, pages, notebooks, machines, fuzzing, and long ones.
NOT_QUICK = (
    *("bench", "benchmarks", "cluster", "completion", "corpus", "distributed", "enhance", "faults", "fuzz"),
    *("neural", "parity", "quality", "security", "serve", "speakers", "storage", "training", "weights"),
    *("engines/video_retalking", "engines/test_faces96.py", "engines/unit_selection/test_real_clips.py"),
    *("faces/test_fan_package.py", "faces/test_s3fd.py", "faces/test_retinaface.py"),
    *("faces/test_models.py", "test_doctor_memory.py"),
    *("batch/test_batch.py", "batch/test_ledger_killed.py", "batch/test_page.py", "jobs/test_site.py"),
    *("test_docs.py", "test_dub_ray.py", "test_lse.py", "test_neural_engines.py", "test_notebooks.py"),
    *("test_packaging.py", "test_review.py", "test_site.py", "test_wording.py", "triage"),
)


def main() -> int:
    """The exit status."""
    options = _options()
    python = environment(options.python, options.dependencies)
    words = ["-q", *_left_out(options.part), *options.pytest]
    folder = str(python.parent)
    own = {
        **os.environ,
        "PATH": folder + os.pathsep + os.environ["PATH"],
        "VIRTUAL_ENV": str(python.parents[1]),
    }
    return subprocess.run([python, "-m", "pytest", *words], cwd=ROOT, env=own).returncode


def environment(interpreter: str, dependencies: str) -> Path:
    """Its interpreter; made where there is none yet."""
    version = _told(interpreter, "import sys; print('%d.%d' % sys.version_info[:2])")
    if dependencies == "lowest" and version != ONLY_FOR_LOWEST:
        raise SystemExit(f"{LOWEST.name} is for Python {ONLY_FOR_LOWEST}, {interpreter} is {version}")
    folder = HERE / "compat" / f"{version}-{dependencies}"
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        _make(interpreter, folder)
        chosen = (
            ["-c", str(LOWEST)] if dependencies == "lowest" else ["--upgrade", "--upgrade-strategy=eager"]
        )
        subprocess.run([python, "-m", "pip", "install", "-q", *chosen, *_dependencies(), *TOOLS], check=True)
        (folder / "ready").touch()
    subprocess.run([python, "-m", "pip", "list", "--format=freeze"], check=True)
    return python


def _make(interpreter: str, folder: Path) -> None:
    """An empty environment with pip."""
    shutil.rmtree(folder, ignore_errors=True)
    if subprocess.run([interpreter, "-m", "venv", folder]).returncode:
        # Debian's python3 comes without ensurepip: the pip outside installs one inside.
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([interpreter, "-m", "venv", "--without-pip", folder], check=True)
        pip = [interpreter, "-m", "pip", "--python", folder / "bin" / "python"]
        subprocess.run([*pip, "install", "-q", "pip"], check=True)


def _dependencies() -> list[str]:
    """Of the package itself: its source is that of the checkout; the extras bring gigabytes."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)["project"]["dependencies"]


def _told(interpreter: str, code: str) -> str:
    return subprocess.check_output([interpreter, "-c", code], text=True).strip()


def _left_out(part: str) -> list[str]:
    return [f"--ignore=tests/{name}" for name in NOT_QUICK] if part == "quick" else []


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--python", default=sys.executable, help="an interpreter, 3.11 to 3.13")
    parser.add_argument("--dependencies", choices=("newest", "lowest"), default="newest")
    parser.add_argument("--part", choices=("quick", "all"), default="quick")
    parser.add_argument("pytest", nargs="*", help="after --: words for pytest")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
