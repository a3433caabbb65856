"""Checks of Python and its packages, the double OpenCV above all."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from typing import Literal

from lipsync_ray.doctor_probe import Probe

State = Literal["ok", "note", "broken"]

# What each required distribution is imported as; all of them are needed for a dub.
REQUIRED = {
    "numpy": "numpy",
    "opencv-python-headless": "cv2",
    "av": "av",
    "pyarrow": "pyarrow",
    "hydra-core": "hydra",
    "pydub": "pydub",
    "ai-edge-litert": "ai_edge_litert.interpreter",
    "filelock": "filelock",
    "c2pa-python": "c2pa",
    "cryptography": "cryptography",
    "rich": "rich",
    "ray": "ray",
}
OPTIONAL = {"torch": "neural", "safetensors": "neural", "h5py": "neural", "decord": "decord"}
OPENCV = (
    "opencv-python-headless",
    "opencv-python",
    "opencv-contrib-python",
    "opencv-contrib-python-headless",
)
PYTHON = ((3, 11), (3, 14))  # included, excluded


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One finding: ``broken`` means that a dub cannot work; ``mend`` is a command or an advice."""

    name: str
    state: State
    text: str
    mend: str = ""


def check_python() -> Iterator[Check]:
    """The version of Python."""
    text = f"{sys.version.split()[0]} at {sys.executable}"
    good = PYTHON[0] <= sys.version_info[:2] < PYTHON[1]
    mend = "" if good else "use Python 3.11, 3.12 or 3.13"
    yield Check(name="python", state="ok" if good else "broken", text=text, mend=mend)


def check_packages(probe: Probe) -> Iterator[Check]:
    """Required packages are there, new enough, and import; optional ones are told."""
    for name, module in REQUIRED.items():
        if module in probe.errors:
            text = f"{name} does not import: {probe.errors[module]}"
            yield Check(
                name="packages", state="broken", text=text, mend=f"pip install --force-reinstall {name}"
            )
    yield from _wrong_versions()
    good = [name for name, module in REQUIRED.items() if module in probe.versions]
    versions = ", ".join(f"{name} {installed_version(name)}" for name in good)
    yield Check(name="packages", state="ok", text=versions)
    for name, extra in OPTIONAL.items():
        if installed_version(name) and name in probe.errors and name != "torch":
            text = f"{name} (extra {extra}) does not import: {probe.errors[name]}"
            yield Check(
                name="packages", state="note", text=text, mend=f"pip install --force-reinstall {name}"
            )


def _wrong_versions() -> Iterator[Check]:
    from packaging.requirements import Requirement  # comes with ray

    try:
        wanted = [Requirement(text) for text in metadata.requires("lipsync-ray") or ()]
    except metadata.PackageNotFoundError:
        yield Check(name="packages", state="note", text="lipsync-ray runs from a folder and is not installed")
        return
    for need in wanted:
        if need.marker is not None and not need.marker.evaluate({"extra": ""}):
            continue
        have = installed_version(need.name)
        if have is None or not need.specifier.contains(have, prereleases=True):
            text = f"{need.name} is {have or 'missing'}, needed {need.specifier or 'any'}"
            yield Check(
                name="packages", state="broken", text=text, mend=f"pip install '{need.name}{need.specifier}'"
            )


def opencv_installed() -> dict[str, str]:
    """Installed distributions that all unpack into the one folder ``cv2``, with their versions."""
    return {name: version for name in OPENCV if (version := installed_version(name))}


def check_opencv(installed: dict[str, str], imported: str | None) -> Iterator[Check]:
    """One OpenCV only: two wheels share the folder ``cv2``, and the one unpacked last wins.

    Args:
        installed: distributions of OpenCV by name, with their versions.
        imported: ``cv2.__version__``, None where it does not import.
    """
    wanted = installed.get("opencv-python-headless", "")
    target = f"opencv-python-headless{f'=={wanted}' if wanted else ''}"
    if len(installed) <= 1:
        same = imported is None or not wanted or _same_release(wanted, imported)
        text = f"{', '.join(installed) or 'none'} {wanted}"
        if same:
            yield Check(name="opencv", state="ok" if installed else "broken", text=text.strip())
        else:
            mend = f"pip install --force-reinstall --no-deps {target}"
            yield Check(name="opencv", state="broken", text=f"{text}, but cv2 is {imported}", mend=mend)
        return
    others = " ".join(name for name in installed if name != "opencv-python-headless")
    listed = ", ".join(f"{name} {version}" for name, version in installed.items())
    mixed = len(set(installed.values())) > 1 or (imported is not None and not _same_release(wanted, imported))
    yield Check(
        name="opencv",
        state="broken" if mixed or imported is None else "note",
        text=f"installed {len(installed)} times into one folder: {listed}; cv2 is {imported or 'broken'}",
        mend=f"pip uninstall -y {others} && pip install --force-reinstall --no-deps {target}",
    )


def installed_version(name: str) -> str | None:
    """Version of an installed distribution, None where it is absent."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _same_release(wheel: str, imported: str) -> bool:
    return wheel.split(".")[:3] == imported.split(".")[:3]  # the wheel of OpenCV 5.0.0 is 5.0.0.93
