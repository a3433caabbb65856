"""The same pictures on every run: whatever the threads, the process and the day."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import av
import cv2
import pytest

from tests.conftest import ROOT
from tests.faults.files import digest, make_clip, make_sound
from tests.test_dub import run

GOLDEN = Path(__file__).with_name("golden.json")
SOUNDS = ("hello", "hola")
# A command with so many threads for OpenCV; libraries that ask the environment are told there.
COMMAND = (
    "import cv2, sys; cv2.setNumThreads({}); from lipsync_ray.cli import main; sys.exit(main(sys.argv[1:]))"
)


def processor() -> str:
    """The model and its vector instructions, by which libraries choose their arithmetic: eight digits."""
    info = Path("/proc/cpuinfo")
    if not info.exists():
        return platform.processor()
    lines = [line.split(":", 1) for line in info.read_text().splitlines() if ":" in line]
    facts = {name.strip(): value for name, value in reversed(lines)}  # of the first core
    flags = facts.get("flags", facts.get("Features", "")).split()
    wide = sorted(word for word in flags if word.startswith(("avx", "fma", "amx", "sse", "asimd", "sve")))
    model = [facts.get(name, "").strip() for name in ("vendor_id", "cpu family", "model", "CPU part")]
    return hashlib.sha256(" ".join([*model, *wide]).encode()).hexdigest()[:8]


def platform_key() -> str:
    """All that may change a pixel besides this project."""
    codec = ".".join(map(str, av.library_versions["libavcodec"]))
    parts = (platform.system(), platform.machine(), processor(), f"numpy {version('numpy')}")
    parts += (f"opencv {cv2.__version__}", f"av {av.__version__}", f"libavcodec {codec}")
    return ", ".join((*parts, f"litert {version('ai-edge-litert')}"))


def test_the_examples_look_as_they_did(tmp_path: Path, cache: Path) -> None:
    """``UPDATE_GOLDEN=1 python -m pytest tests/test_golden.py`` writes what is found, for this platform."""
    known, key = json.loads(GOLDEN.read_text("utf-8")), platform_key()
    if key not in known and not os.environ.get("UPDATE_GOLDEN"):
        pytest.skip(f"nothing is stored in {GOLDEN.name} for this platform: {key}")
    portrait = ROOT / "examples" / "portrait.png"
    found = {
        name: run(portrait, tmp_path / f"{name}.mp4", cache, speech=ROOT / "examples" / f"{name}.wav").digest
        for name in SOUNDS
    }
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(json.dumps({**known, key: found}, indent=1, sort_keys=True) + "\n", "utf-8")
        return
    assert found == known[key], "meant? UPDATE_GOLDEN=1 python -m pytest tests/test_golden.py"


def packets(path: Path) -> str:
    """A digest of everything encoded, pictures and sound; the signature around it has its own time."""
    found = hashlib.sha256()
    with av.open(str(path)) as container:
        for packet in container.demux():
            found.update(f"{packet.stream.index} {packet.pts} {packet.dts} ".encode() + bytes(packet))
    return found.hexdigest()


def test_threads_and_processes_do_not_show_in_the_result(tmp_path: Path) -> None:
    clip, sound = make_clip(tmp_path / "clip.mp4", 20), make_sound(tmp_path / "sound.wav", 0.8)
    found = []
    for threads in ("1", "2"):
        home = tmp_path / threads
        out = home / "out.mp4"
        home.mkdir()
        words = [f"video={clip}", f"audio={sound}", f"out={out}", f"cache.dir={home / 'cache'}"]
        words += ["ray.cluster=none", "quality.enabled=false", "chunk.seconds=0.4", "chunk.overlap=2"]
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OPENCV_FOR_THREADS_NUM")
        environment = {**os.environ, **dict.fromkeys(names, threads)}
        command = [sys.executable, "-c", COMMAND.format(threads), "run", *words]
        subprocess.run(command, cwd=ROOT, env=environment, check=True)
        found.append((digest(out), packets(out)))
    assert found[0] == found[1]
