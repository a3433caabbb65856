"""Seconds per second of video, GPU memory and GPU busy share of each engine, where there is a GPU.

    PYTHONPATH=. python benchmarks/gpu/run.py --video talk.mp4 --audio speech.wav --weights checkpoints
    PYTHONPATH=. python benchmarks/gpu/run.py --video talk.mp4 --audio speech.wav --random-weights

Every row is one dub by the command that users run, in a process of its own; loading is part of it. Memory and
busy share are those that nvidia-smi tells of the whole GPU, asked twice a second while drawing or loading.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

JOBS = {
    "unit_selection": ("engine=unit_selection",),
    "wav2lip": ("engine=wav2lip",),
    "video_retalking": ("engine=video_retalking", "enhance.name=none"),
    "video_retalking, gfpgan": ("engine=video_retalking",),
}
FILES = ("wav2lip", "dnet", "lnet", "enet", "face3d_r50", "bfm", "expression", "gfpgan")
ASK = ["nvidia-smi", "--query-gpu=memory.used,utilization.gpu", "--format=csv,noheader,nounits"]


@dataclass(slots=True)
class Watch:
    """Samples of the first GPU: memory in MiB, busy percent."""

    samples: list[tuple[float, float]] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Ask until told to stop."""
        while not self.done.wait(0.5):
            answer = subprocess.run(ASK, capture_output=True, text=True, check=False).stdout
            if (sample := parse(answer)) is not None:
                self.samples.append(sample)


def parse(answer: str) -> tuple[float, float] | None:
    """Memory and busy share in nvidia-smi's first line; None where it tells neither."""
    try:
        memory, busy = (float(part) for part in answer.splitlines()[0].split(","))
    except (IndexError, ValueError):
        return None
    return memory, busy


def main() -> int:
    """Print the table."""
    options = _options()
    gpu = shutil.which("nvidia-smi") is not None
    if not gpu and not options.cpu:
        print("no GPU is seen (nvidia-smi is missing); --cpu runs the same on the CPU", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        words = _weights(options, folder)
        print("| engine | format | s per s of video | GPU memory, MiB | GPU busy |\n|---|---|--:|--:|--:|")
        for engine in options.engines:
            for dtype in options.dtypes:
                _row(engine, dtype, [*JOBS[engine], *words], folder, options, gpu)
    return 0


def _weights(options: argparse.Namespace, folder: Path) -> list[str]:
    if options.random_weights:
        from tests.parity.checkpoints import write_checkpoints

        return [f"weights.dir={write_checkpoints(folder / 'checkpoints', *FILES)}", "weights.verify=false"]
    return [f"weights.dir={options.weights}"] if options.weights else []


def _row(
    engine: str, dtype: str, words: list[str], folder: Path, options: argparse.Namespace, gpu: bool
) -> None:
    out, watch = folder / "out.mp4", Watch()
    command = [sys.executable, "-m", "lipsync_ray", "run", f"video={options.video}", f"audio={options.audio}"]
    command += [f"out={out}", f"compute.dtype={dtype}", "ray.cluster=none", "cache.enabled=false", *words]
    thread = threading.Thread(target=watch.run, daemon=True)
    if gpu:
        thread.start()
    begin = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall = time.perf_counter() - begin
    watch.done.set()
    seconds = json.loads(out.with_suffix(".json").read_text("utf-8"))["result"]["seconds"]
    memory = f"{max(sample[0] for sample in watch.samples):.0f}" if watch.samples else "-"
    busy = f"{sum(s[1] for s in watch.samples) / len(watch.samples):.0f} %" if watch.samples else "-"
    print(f"| {engine} | {dtype} | {wall / seconds:.2f} | {memory} | {busy} |", flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--video", type=Path, required=True)
    parser.add_argument("--audio", type=Path, required=True)
    parser.add_argument("--weights", type=Path, help="folder with the authors' files")
    parser.add_argument("--random-weights", action="store_true", help="files of the parity tests' recipe")
    parser.add_argument("--engines", nargs="+", choices=list(JOBS), default=list(JOBS))
    parser.add_argument("--dtypes", nargs="+", choices=["fp32", "bf16", "fp16"], default=["fp16", "fp32"])
    parser.add_argument("--cpu", action="store_true", help="run without a GPU, to try the script")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
