"""What this installation can do, what is broken, and the command that mends it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Literal

from lipsync_ray.config import Config
from lipsync_ray.doctor_memory import check_memory
from lipsync_ray.doctor_packages import (
    OPTIONAL,
    REQUIRED,
    Check,
    State,
    check_opencv,
    check_packages,
    check_python,
    installed_version,
    opencv_installed,
)
from lipsync_ray.doctor_probe import Probe, probe_modules
from lipsync_ray.errors import LipsyncError
from lipsync_ray.folders import default_cache_dir
from lipsync_ray.help import PROGRAM
from lipsync_ray.storage.uri import is_remote, local_path

SCARCE_DISK = 5e9  # bytes; a long 4K job keeps its finished pieces here
NO_DISK = 0.5e9


def examine(config: Config) -> list[Check]:
    """Look at everything; no check stops the next one."""
    probe = probe_modules([*REQUIRED.values(), *OPTIONAL])
    parts: list[tuple[str, Callable[[], Iterable[Check]]]] = [
        ("python", check_python),
        ("packages", lambda: check_packages(probe)),
        ("opencv", lambda: check_opencv(opencv_installed(), probe.versions.get("cv2"))),
        ("video", lambda: check_codecs(probe)),
        ("ray", lambda: check_ray(probe)),
        ("torch", lambda: check_torch(probe)),
        ("memory", lambda: check_memory(config, probe)),
        ("weights", lambda: check_weights(config)),
        ("cache", lambda: check_folder(_cache_here(config))),
        ("disk", lambda: check_disk(_cache_here(config))),
    ]
    return [check for name, part in parts for check in _guarded(name, part)]


def _cache_here(config: Config) -> Path:
    """The folder of this machine that takes what is kept: copies, where the cache is in a store."""
    if is_remote(config.cache.place):
        return config.cache.copies_dir or default_cache_dir()
    return local_path(config.cache.place)


def report(checks: Iterable[Check]) -> str:
    """The findings as text, worst last word first: one line each, mending below."""
    lines = []
    found = list(checks)
    for check in found:
        lines.append(f"{check.state:<7} {check.name:<9} {check.text}")
        if check.mend:
            lines.append(f"{'':17} mend: {check.mend}")
    broken = sum(check.state == "broken" for check in found)
    lines.append(f"{broken} broken: a dub cannot work yet" if broken else "nothing essential is broken")
    return "\n".join(lines)


def _guarded(name: str, part: Callable[[], Iterable[Check]]) -> Iterator[Check]:
    try:
        yield from part()
    except Exception as error:  # a check that fails is a finding, not the end of the others
        yield Check(name=name, state="broken", text=f"cannot be checked: {type(error).__name__}: {error}")


def check_codecs(probe: Probe) -> Iterator[Check]:
    """Encoders and decoders in the FFmpeg that PyAV brings."""
    if "av" in probe.errors:
        return
    import av

    def has(name: str, mode: Literal["r", "w"]) -> bool:
        try:
            av.Codec(name, mode)
        except ValueError:  # UnknownCodecError is one
            return False
        return True

    essential = [name for name in ("libx264", "aac") if not has(name, "w")]
    essential += [name for name in ("h264", "hevc", "aac") if not has(name, "r")]
    useful = [name for name in ("libx265", "libopus") if not has(name, "w")]
    nvenc = [name for name in ("h264_nvenc", "hevc_nvenc") if has(name, "w")]
    ffmpeg = ".".join(str(part) for part in av.library_versions.get("libavcodec", ()))
    states: tuple[tuple[State, list[str]], ...] = (("broken", essential), ("note", useful))
    for state, missing in states:
        if missing:
            text = f"PyAV {av.__version__} was built without {', '.join(missing)}"
            yield Check(
                name="video", state=state, text=text, mend="pip install --force-reinstall --only-binary av av"
            )
    if not essential:
        gpu = (
            f"NVENC in the build ({', '.join(nvenc)}; needs an NVIDIA GPU)"
            if nvenc
            else "no NVENC in the build"
        )
        yield Check(name="video", state="ok", text=f"PyAV {av.__version__}, libavcodec {ffmpeg}; {gpu}")


def check_ray(probe: Probe) -> Iterator[Check]:
    """Ray is there, and its shared memory is."""
    if "ray" in probe.errors:
        return  # told among the packages
    address = os.environ.get("RAY_ADDRESS")
    where = f"; RAY_ADDRESS={address} is what ray.cluster=auto joins" if address else ""
    yield Check(name="ray", state="ok", text=f"{installed_version('ray')}, {os.cpu_count()} CPUs here{where}")
    shared = Path("/dev/shm")  # nosec B108
    if shared.is_dir() and (free := shutil.disk_usage(shared).free) < NO_DISK:
        text = f"only {free / 1e9:.1f} GB free in {shared}: Ray will be slow"
        yield Check(name="ray", state="note", text=text, mend="in a container: docker run --shm-size=2g")


def check_torch(probe: Probe) -> Iterator[Check]:
    """Torch is optional; if it is there, whether it works and sees a GPU."""
    version = installed_version("torch")
    if version is None:
        yield Check(name="torch", state="ok", text="not installed, and not needed by the default engine")
    elif "torch" in probe.errors:
        text = f"{version} does not import: {probe.errors['torch']}"
        yield Check(name="torch", state="note", text=text, mend="pip install 'lipsync-ray[neural]'")
    else:
        yield Check(name="torch", state="ok", text=f"{version}, {probe.gpu or 'no GPU seen'}")


def check_weights(config: Config) -> Iterator[Check]:
    """The model files: what every run needs, here or still to be fetched; others only if they are here."""
    try:
        store = config.weights.store(config.license.policy)
        found = store.status()
    except LipsyncError as error:
        yield Check(name="weights", state="broken", text=str(error))
        return
    needed = set(store.registry.default())
    for status in found:
        if status.state == "corrupt":
            kind = "published" if status.entry.sha256 else "pinned"
            own = "" if status.path == store.folder / status.entry.file else ", or weights.verify=false"
            yield Check(
                name="weights",
                state="broken" if status.entry.name in needed else "note",
                text=f"{status.path} is not the {kind} file",
                mend=f"delete it, then: {PROGRAM} weights pull {status.entry.name}{own}",
            )
    here = [status.entry.name for status in found if status.usable]
    if basic := [name for name in here if name in needed]:
        yield Check(name="weights", state="ok", text=f"here: {', '.join(basic)}")
    if others := [name for name in here if name not in needed]:
        yield Check(name="weights", state="ok", text=f"also here, for other engines: {', '.join(others)}")
    absent = [status.entry.name for status in found if status.state == "absent"]
    if missing := [name for name in absent if name in needed]:
        text = f"not fetched yet: {', '.join(missing)} (run fetches what it needs)"
        yield Check(name="weights", state="note", text=text, mend=f"{PROGRAM} weights pull")


def check_folder(folder: Path) -> Iterator[Check]:
    """The cache folder can be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        text = f"{folder} cannot be written: {error.strerror}"
        yield Check(
            name="cache",
            state="broken",
            text=text,
            mend="set LIPSYNC_RAY_CACHE or cache.dir to another folder",
        )
    else:
        yield Check(name="cache", state="ok", text=str(folder))


def check_disk(folder: Path) -> Iterator[Check]:
    """Room for pieces of unfinished jobs, and for Ray, which keeps its logs in the temporary folder."""
    for place in dict.fromkeys((folder, Path(tempfile.gettempdir()))):
        existing = next(path for path in (place, *place.parents) if path.exists())
        free = shutil.disk_usage(existing).free
        state: State = "broken" if free < NO_DISK else "note" if free < SCARCE_DISK else "ok"
        mend = "" if state == "ok" else f"free some space, or choose another folder than {place}"
        yield Check(name="disk", state=state, text=f"{free / 1e9:.1f} GB free for {place}", mend=mend)
