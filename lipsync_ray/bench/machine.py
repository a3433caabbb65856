"""Where and with what something was measured."""

from __future__ import annotations

import os
import platform
import subprocess
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import av

import lipsync_ray
from lipsync_ray.distributed.machine import available_cpus
from lipsync_ray.fingerprint import code_version

_PACKAGES = ("ray", "numpy", "opencv-python-headless", "opencv-python", "av", "ai-edge-litert", "torch")


def machine_facts() -> dict[str, Any]:
    """The machine: its processor, CPUs that may be used, memory, system, and how busy it is just now."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": _processor(),
        "cpus": available_cpus(),
        "memory_gb": round(memory / 1e9, 1),
        "system": platform.platform(),
        "load": round(os.getloadavg()[0], 2),
    }


def version_facts() -> dict[str, Any]:
    """This program, its code, the commit if it runs in a checkout, and the libraries that take the time."""
    found = {
        "lipsync_ray": lipsync_ray.__version__,
        "code": code_version(),
        "python": platform.python_version(),
    }
    for name in _PACKAGES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    codec = ".".join(str(part) for part in av.library_versions["libavcodec"])
    return {**found, "libavcodec": codec, **_commit()}


def machine_line(facts: dict[str, Any]) -> str:
    """The machine in a few words."""
    memory, load = facts["memory_gb"], facts["load"]
    return f"{facts['cpus']} x {facts['processor']}, {memory:g} GB, load {load:g} at the start"


def _processor() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return " ".join(value.split())
    return platform.processor() or platform.machine()


def _commit() -> dict[str, Any]:
    """The commit of the checkout that this package is in, and whether files were changed since."""
    root = Path(lipsync_ray.__file__).resolve().parent.parent
    if not (root / ".git").exists():
        return {}
    git = ("git", "-C", str(root))
    with suppress(OSError):
        head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
        state = subprocess.run(
            [*git, "status", "--porcelain", "--untracked-files=no"],
            capture_output=True,
            text=True,
            check=False,
        )
        if head.returncode == 0:
            return {"commit": head.stdout.strip(), "changed": bool(state.stdout.strip())}
    return {}
