"""Imports point one way, and importing the package costs nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "lipsync_ray"

# Each row may use the rows before it; within a row only what is named in BESIDE.
LAYERS = (
    {
        "errors",
        "progress",
        "logs",
        "kinds",
        "layout",
        "limits",
        "schema",
        "threads",
        "fingerprint",
        "folders",
        "heap",
    },
    {"storage"},
    {"neural"},
    {"media", "faces", "speech", "weights", "people"},
    {"engines", "enhance", "blend"},
    {
        "plan",
        "preset",
        "schedule",
        "shrink",
        "drawing",
        "between",
        "render",
        "stitch",
        "artifact",
        "compositing",
        "copying",
        "harvest",
        "seam",
        *("role", "acts", "feed", "plane_canvas"),
    },
    {"distributed", "quality", "speakers", "provenance"},
    {
        *("config", "workspace", "inputs", "analysis", "sidecar", "triage", "preview"),
        *("driving", "jobs", "dubbing", "serve_settings"),
    },
    {"cli", "serve", "batch"},
)
BESIDE = {("faces", "media"), ("faces", "weights"), ("speech", "media")}
BESIDE |= {("people", "faces"), ("people", "media"), ("people", "weights")}
BESIDE |= {("engines", "enhance"), ("engines", "blend"), ("enhance", "blend")}
TOP = {
    "__main__",
    "api",
    "bars",
    "bench",
    "callback",
    "cli",
    "client",
    "completion",
    "console",
    "doctor",
    "doctor_memory",
    "doctor_packages",
    "doctor_probe",
    "foreign_flags",
    "group_help",
    "help",
    "knobs",
    "option_lines",
    "overrides",
    "plain_conf",
    "verbs",
    "wording",
}


def imports_of(path: Path) -> Iterator[tuple[str, int]]:
    """Dotted modules that a file imports anywhere in it, with the line."""
    package = ".".join(path.relative_to(ROOT).with_suffix("").parts[:-1])
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parents, *([base] if base else [])])
            if base == "lipsync_ray":
                for alias in node.names:
                    yield f"lipsync_ray.{alias.name}", node.lineno
            else:
                yield base, node.lineno


def part_of(module: str) -> str:
    """The part of the package that a module belongs to: ``media`` for lipsync_ray.media.index."""
    return module.split(".")[1] if module.count(".") else ""


def rank(part: str) -> int | None:
    """Row of a part; the last row for what talks to people; None for what belongs to the package itself."""
    if part in TOP:
        return len(LAYERS) - 1
    return next((row for row, parts in enumerate(LAYERS) if part in parts), None)


FILES = sorted(PACKAGE.rglob("*.py"))


def test_every_part_has_its_place() -> None:
    parts = {part_of(".".join(path.relative_to(ROOT).with_suffix("").parts)) for path in FILES}
    unknown = {part for part in parts - {"", "__init__"} if rank(part) is None}
    assert not unknown, f"add {unknown} to LAYERS"


def test_imports_point_one_way() -> None:
    wrong = []
    for path in FILES:
        mine = part_of(".".join(path.relative_to(ROOT).with_suffix("").parts))
        for module, line in imports_of(path):
            theirs = part_of(module) if module.startswith("lipsync_ray.") else ""
            if not theirs or theirs == mine or mine in ("", "__init__"):
                continue
            here, there = rank(mine), rank(theirs)
            if here is None or there is None or here > there or (mine, theirs) in BESIDE:
                continue
            if here == there and here in (0, 5, 7, len(LAYERS) - 1):
                continue  # small siblings of one concern
            wrong.append(f"{path.relative_to(ROOT)}:{line}: {mine} imports {theirs}")
    assert not wrong, "\n".join(wrong)


def test_only_the_ray_modules_import_ray() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in FILES
        for module, line in imports_of(path)
        if module.split(".")[0] == "ray"
        and not (path.parent.name == "distributed" and path.name.startswith("ray"))
        and path.parent.name != "serve"
    ]
    assert not wrong, f"ray is imported outside distributed/ray*.py: {wrong}"


@pytest.mark.parametrize(
    ("statement", "heavy"),
    [
        ("import lipsync_ray", {"ray", "torch", "numpy", "cv2", "av", "hydra", "pyarrow", "rich"}),
        ("import lipsync_ray.cli", {"ray", "torch", "numpy", "cv2", "av", "hydra", "pyarrow", "rich"}),
        ("import lipsync_ray.config", {"ray", "torch", "hydra", "rich", "ai_edge_litert", "decord", "pydub"}),
        ("import lipsync_ray.verbs", {"ray", "torch", "hydra", "rich", "ai_edge_litert", "decord", "pydub"}),
    ],
)
def test_importing_stays_light(statement: str, heavy: set[str]) -> None:
    script = f"import sys\n{statement}\nprint(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not heavy & set(done.stdout.split())
