"""The script for machines with a GPU: what it reads and prints, and that it runs without one."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "benchmarks" / "gpu" / "run.py"


@pytest.fixture(scope="module")
def script() -> Any:
    spec = importlib.util.spec_from_file_location("gpu_run", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["gpu_run"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        ("1234, 56\n", (1234, 56)),
        ("1234 MiB, 56 %\n", (1234, 56)),
        ("\n1, 2\n30000, 99\n", (1, 2)),  # the first GPU
        ("900, [N/A]\n", (900, None)),
        ("[Not Supported], 7\n", (None, 7)),
        ("warning: something\n5, 6\n", (5, 6)),
    ],
)
def test_answers_of_nvidia_smi_are_understood(script: Any, answer: str, wanted: tuple[Any, Any]) -> None:
    sample = script.parse(answer)
    assert (sample.memory, sample.busy) == wanted


@pytest.mark.parametrize("answer", ["", "\n", "No devices were found\n", "[N/A], [N/A]\n", "1, 2, 3\n"])
def test_answers_without_a_gpu_are_none(script: Any, answer: str) -> None:
    assert script.parse(answer) is None


def test_a_row_tells_the_most_memory_and_the_mean_share(script: Any) -> None:
    samples = [
        script.Sample(memory=10, busy=0),
        script.Sample(memory=None, busy=50),
        script.Sample(memory=7, busy=None),
    ]
    assert script.row("wav2lip", "fp16", 1.234, samples) == "| wav2lip | fp16 | 1.23 | 10 | 25 % |"
    assert script.row("wav2lip", "fp32", 1, []) == "| wav2lip | fp32 | 1.00 | - | - |"
    assert script.HEAD.splitlines()[0].count("|") == script.row("a", "b", 1, []).count("|")


def test_every_engine_has_its_files(script: Any) -> None:
    assert set(script.JOBS) == set(script.FILES)


def started(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    command = [sys.executable, str(SCRIPT), *words]
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT, check=False)


def test_without_a_gpu_it_says_so(tmp_path: Path) -> None:
    done = started("--video", "a.mp4", "--audio", "a.wav", PATH=str(tmp_path))  # no nvidia-smi there
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        "no GPU is seen (nvidia-smi tells of none); --cpu tries the script without"
    ]


def test_it_runs_on_the_cpu(media_dir: Path) -> None:
    clip, speech = media_dir / "talk_closeup_590.mp4", ROOT / "examples" / "hello.wav"
    words = ["--video", str(clip), "--audio", str(speech), "--cpu", "--engines", "unit_selection"]
    done = started(*words, "--frames", "12")
    assert done.returncode == 0, done.stderr
    engine, dtype, pace, memory, busy = (
        cell.strip() for cell in done.stdout.splitlines()[2].split("|")[1:-1]
    )
    assert (engine, dtype, memory, busy) == ("unit_selection", "-", "-", "-")
    assert float(pace) > 0
