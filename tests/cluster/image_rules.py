"""What the image of cluster/Dockerfile promises."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.cluster.files import assignments, instructions

HADOLINT = Path(sys.executable).parent / "hadolint"
WRITABLE = ("/scratch", "/tmp")  # what every pod mounts


def lint(text: str) -> set[str]:
    """The codes of the rules of hadolint that a Dockerfile breaks, hints included."""
    command = [str(HADOLINT), "--no-fail", "--format", "json", "-"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    return {finding["code"] for finding in json.loads(done.stdout)}


def image_errors(text: str) -> Iterator[str]:
    """What a Dockerfile breaks of this project's promises."""
    stages = _stages(instructions(text))
    last = stages[-1]
    users = [rest for word, rest in last if word == "USER"]
    if not users or not re.fullmatch(r"[1-9]\d*(:\d+)?", users[-1]):
        yield "the image does not run as a numbered user that is not root"
    if any(word == "ENTRYPOINT" for word, _ in last):
        yield "an entrypoint stands before the shells of KubeRay and `ray up`"
    environment = " ".join(rest for word, rest in last if word == "ENV").split()
    values = assignments(environment)
    if not values.get("LIPSYNC_RAY_CACHE", "").startswith(WRITABLE):
        yield "the cache is not where pods may write"
    if values.get("RAY_ENABLE_UV_RUN_RUNTIME_ENV") != "0":
        yield "workers might be started by uv"
    if "OMP_NUM_THREADS" in values:
        yield "a number of threads is set for all workers; Ray sets it for each"
    everything = [pair for stage in stages for pair in stage]
    if any(re.search(r"\buv run\b|\bsudo\b|\bcurl\b", rest) for word, rest in everything if word == "RUN"):
        yield "uv run, sudo or curl"
    if any(
        re.search(r"(?i)token|secret|password", rest) for word, rest in everything if word in ("ARG", "ENV")
    ):
        yield "a credential would stay in the image"
    runs = " ".join(rest for word, rest in everything if word == "RUN")
    for package, argument in (("ray[default]", "RAY_VERSION"), ("torch", "TORCH_VERSION")):
        installs = re.findall(re.escape(package) + r"==\$\{(\w+)\}", runs)
        if set(installs) != {argument}:
            yield f"{package} is not installed by {argument}"
    if "weights pull" not in runs:
        yield "no models are staged"


def copied(text: str) -> set[str]:
    """What comes from the repository into the image."""
    words = [rest.split() for word, rest in instructions(text) if word == "COPY" and "--from" not in rest]
    return {source for sources in words for source in sources[:-1]}


def _stages(pairs: list[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    stages: list[list[tuple[str, str]]] = [[]]
    for word, rest in pairs:
        if word == "FROM":
            stages.append([])
        stages[-1].append((word, rest))
    return stages
