"""The files of cluster/, read as data."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import yaml

CLUSTER = Path(__file__).resolve().parents[2] / "cluster"
DOCKERFILE = CLUSTER / "Dockerfile"
MANIFESTS = sorted(CLUSTER.glob("kuberay/*/ray*.yaml"))
LAUNCHERS = sorted(CLUSTER.glob("ray_up/*.yaml"))

_BINARY = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}


def name_of(path: Path) -> str:
    """How a test's id names a file."""
    return str(path.relative_to(CLUSTER))


def load(path: Path) -> dict[str, Any]:
    """The only document of a file; aliases become copies, so that a test may change one place alone."""
    (document,) = yaml.safe_load_all(path.read_text(encoding="utf-8"))
    return _unshared(document)


def _unshared(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _unshared(item) for key, item in value.items()}
    return [_unshared(item) for item in value] if isinstance(value, list) else value


def changed(document: dict[str, Any], place: str, value: Any) -> dict[str, Any]:
    """A copy with the value at a place such as ``spec.workerGroupSpecs.0.replicas``; None: without it."""
    result = copy.deepcopy(document)
    *parents, last = [int(part) if part.isdigit() else part for part in place.split(".")]
    holder: Any = result
    for part in parents:
        holder = holder[part]
    if value is None:
        del holder[last]
    else:
        holder[last] = value
    return result


def quantity(text: str) -> int:
    """A Kubernetes quantity of bytes."""
    match = re.fullmatch(r"(\d+)(Ki|Mi|Gi|Ti)?", text)
    assert match, f"{text!r} is no number of bytes"
    return int(match[1]) * _BINARY.get(match[2] or "", 1)


def assignments(words: list[str]) -> dict[str, str]:
    """The values of the words of the form ``name=value``."""
    split = [word.partition("=") for word in words]
    return {name: value for name, sign, value in split if sign}


def instructions(text: str) -> list[tuple[str, str]]:
    """The instructions of a Dockerfile with their words, continued lines joined, comments left out."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n", " ", "\n".join(lines))
    return [
        (word.upper(), rest.strip())
        for word, _, rest in (line.strip().partition(" ") for line in joined.splitlines())
        if word
    ]


def build_argument(name: str) -> str:
    """The default of an ARG of the Dockerfile."""
    found = {rest for word, rest in instructions(DOCKERFILE.read_text("utf-8")) if word == "ARG"}
    (value,) = {rest.partition("=")[2] for rest in found if rest.startswith(f"{name}=")}
    return value
