"""Whether modules import, found out in a process of its own: one that crashes there breaks nothing here."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

TIMEOUT_S = 120.0

# Reports each module before and after its import, so that a crash is known by the module it happened in.
_SCRIPT = """
import importlib, json, sys
for name in sys.argv[1:]:
    found = {"name": name}
    print(json.dumps(found), flush=True)
    try:
        module = importlib.import_module(name)
        found["version"] = str(getattr(module, "__version__", ""))
        if name == "torch" and module.cuda.is_available():
            found["gpu"] = f"CUDA {module.version.cuda}, {module.cuda.get_device_name()}"
            found["gpu_bytes"] = module.cuda.get_device_properties(0).total_memory
    except BaseException as error:
        found["error"] = f"{type(error).__name__}: {error}"
    found["done"] = True
    print(json.dumps(found), flush=True)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What importing told."""

    versions: Mapping[str, str]  # of modules that import; empty text where they do not say
    errors: Mapping[str, str]  # of modules that do not
    gpu: str = ""  # what torch sees
    gpu_bytes: int = 0  # memory of it


def probe_modules(names: Sequence[str]) -> Probe:
    """Import each module in a fresh interpreter and tell how it went; a missing one is an error."""
    versions: dict[str, str] = {}
    errors: dict[str, str] = {}
    gpu, gpu_bytes = "", 0
    left = list(names)
    while left:
        rows, end = _import(left)
        for row in rows:
            if row.get("done") != "True":
                continue
            left.remove(row["name"])
            gpu = row.get("gpu", gpu)
            gpu_bytes = int(row.get("gpu_bytes", gpu_bytes))
            if "error" in row:
                errors[row["name"]] = row["error"]
            else:
                versions[row["name"]] = row["version"]
        if left:  # the interpreter ended before its time, in the module that comes next
            errors[left.pop(0)] = end
    return Probe(versions=versions, errors=errors, gpu=gpu, gpu_bytes=gpu_bytes)


def _import(names: Sequence[str]) -> tuple[list[dict[str, str]], str]:
    """Rows that the script printed, and how it ended."""
    command = [sys.executable, "-c", _SCRIPT, *names]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
        output, end = done.stdout, f"its import ends Python with status {done.returncode}"
    except subprocess.TimeoutExpired as error:
        output = error.stdout.decode() if isinstance(error.stdout, bytes) else error.stdout or ""
        end = f"its import takes more than {TIMEOUT_S:.0f} s"
    return [_row(line) for line in output.splitlines() if line.startswith('{"name"')], end


def _row(line: str) -> dict[str, str]:
    return {key: str(value) for key, value in json.loads(line).items()}
