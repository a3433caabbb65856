"""The Dockerfile: linted, and what cluster/README.md says of the image."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from lipsync_ray.weights.registry import Registry
from tests.cluster.files import CLUSTER, DOCKERFILE, build_argument
from tests.cluster.image_rules import HADOLINT, copied, image_errors, lint

TEXT = DOCKERFILE.read_text("utf-8")
ROOT = CLUSTER.parent
linted = pytest.mark.skipif(not HADOLINT.exists(), reason="hadolint has no wheel for this platform")


@linted
def test_linter_finds_nothing() -> None:
    assert lint(TEXT) == set()


@linted
@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("astral-sh/uv:0.8.22", "astral-sh/uv", "DL3022"),
        (" --no-install-recommends", "", "DL3015"),
        ("    && rm -rf /var/lib/apt/lists/*\n", "", "DL3009"),
        ("# hadolint ignore=DL3008\n", "", "DL3008"),
        ('SHELL ["/bin/bash", "-o", "pipefail", "-c"]\n', "", "DL4006"),
        ("USER 1000:1000", "USER root", "DL3002"),
        ("WORKDIR /src", "WORKDIR src", "DL3000"),
    ],
)
def test_linter_finds_what_is_broken(old: str, new: str, code: str) -> None:
    assert old in TEXT
    assert code in lint(TEXT.replace(old, new))


def test_image_keeps_its_promises() -> None:
    assert list(image_errors(TEXT)) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("USER 1000:1000", "USER ray", "does not run as a numbered user"),
        ("USER 1000:1000\n", "", "does not run as a numbered user"),
        ("USER 1000:1000", "USER 0", "does not run as a numbered user"),
        ('CMD ["python"', 'ENTRYPOINT ["python"', "an entrypoint"),
        ("LIPSYNC_RAY_CACHE=/scratch/cache", "LIPSYNC_RAY_CACHE=/home/ray/cache", "not where pods may write"),
        ("RAY_ENABLE_UV_RUN_RUNTIME_ENV=0", "RAY_ENABLE_UV_RUN_RUNTIME_ENV=1", "started by uv"),
        ("LANG=C.UTF-8", "OMP_NUM_THREADS=1", "a number of threads"),
        ("RUN uv pip install", "RUN uv run pip install", "uv run"),
        ("ARG WEIGHTS=default", "ARG HF_TOKEN\nARG WEIGHTS=default", "a credential"),
        ('"ray[default]==${RAY_VERSION}"', '"ray[default]"', "not installed by RAY_VERSION"),
        ("weights pull", "weights list", "no models"),
    ],
)
def test_broken_images_are_refused(old: str, new: str, said: str) -> None:
    assert old in TEXT
    errors = list(image_errors(TEXT.replace(old, new)))
    assert any(said in error for error in errors), errors


def test_everything_that_is_copied_exists_and_is_let_into_the_build() -> None:
    allowed = (CLUSTER / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    assert allowed[1] == "*"
    sources = copied(TEXT)
    assert {"pyproject.toml", "conf", "lipsync_ray", "cluster/leave_node.py"} <= sources
    for source in sources:
        assert (ROOT / source).exists(), source
        assert f"!{source}" in allowed


def test_package_builds_from_what_is_copied_alone(tmp_path: Path) -> None:
    for source in copied(TEXT) - {"cluster/leave_node.py"}:
        path = ROOT / source
        (shutil.copytree if path.is_dir() else shutil.copy)(path, tmp_path / source)
    script = "from hatchling.build import build_wheel\nprint(build_wheel('.'))"
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    held = zipfile.ZipFile(tmp_path / done.stdout.split()[-1]).namelist()
    assert {"lipsync_ray/__main__.py", "lipsync_ray/conf/config.yaml"} <= set(held)


def test_staged_models_are_those_of_every_run() -> None:
    assert Registry.load().resolve([build_argument("WEIGHTS")]) == ["face_detector", "face_mesh"]


def test_programs_that_hooks_call_are_in_the_image() -> None:
    manifests = [path.read_text("utf-8") for path in Path(CLUSTER, "kuberay").glob("*/ray*.yaml")]
    assert all("python /opt/leave_node.py" in text and "pkill" in text for text in manifests)
    assert "COPY cluster/leave_node.py /opt/leave_node.py" in TEXT
    assert " procps " in TEXT  # pkill
    assert " wget\n" in TEXT.replace(" \\", "")  # KubeRay's probes
