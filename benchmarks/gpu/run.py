"""Seconds per second of video, GPU memory and GPU busy share of each engine, where there is a GPU.

    PYTHONPATH=. python benchmarks/gpu/run.py --video talk.mp4 --audio speech.wav --weights checkpoints
    PYTHONPATH=. python benchmarks/gpu/run.py --video talk.mp4 --audio speech.wav --random-weights

Every row is one dub by the command that users run, in a process of its own; starting and loading are part of
it. Memory and busy share are what nvidia-smi tells of the whole first GPU, asked twice a second.
With ``--cpu`` the same runs on the CPU for a few frames: it proves the script, not a speed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
import wave
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av

JOBS = {
    "unit_selection": ("engine=unit_selection",),
    "wav2lip": ("engine=wav2lip",),
    "lipgan": ("engine=lipgan",),
    "video_retalking": ("engine=video_retalking", "enhance.name=none"),
    "video_retalking+gfpgan": ("engine=video_retalking", "enhance.name=gfpgan"),
}
_RETALKING = ("dnet", "lnet", "enet", "face3d_r50", "bfm", "expression")
FILES = {
    "unit_selection": (),
    "wav2lip": ("wav2lip",),
    "lipgan": ("lipgan_mel",),
    "video_retalking": _RETALKING,
    "video_retalking+gfpgan": (*_RETALKING, "gfpgan"),
}
HEAD = "| engine | format | s per s of video | GPU memory, MiB | GPU busy |\n|---|---|--:|--:|--:|"
ASK = ["nvidia-smi", "--query-gpu=memory.used,utilization.gpu", "--format=csv,noheader,nounits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What nvidia-smi told once; None where it does not tell."""

    memory: float | None  # MiB
    busy: float | None  # percent


@dataclass(slots=True)
class Watch:
    """Samples of the first GPU, taken by a thread."""

    samples: list[Sample] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Ask until told to stop."""
        while not self.done.is_set():
            if (sample := ask()) is not None:
                self.samples.append(sample)
            self.done.wait(0.5)


def ask() -> Sample | None:
    """A sample; None without a GPU that answers."""
    try:
        answer = subprocess.run(ASK, capture_output=True, text=True, check=True, timeout=20)
    except (OSError, subprocess.SubprocessError):
        return None
    return parse(answer.stdout)


def parse(answer: str) -> Sample | None:
    """The first GPU in nvidia-smi's answer; None where there is none."""
    for line in answer.splitlines():
        parts = [_number(part) for part in line.split(",")]
        if len(parts) == 2 and any(part is not None for part in parts):
            return Sample(memory=parts[0], busy=parts[1])
    return None


def _number(text: str) -> float | None:
    """``12``, ``12 MiB`` and ``12 %`` are numbers, ``[N/A]`` and ``[Not Supported]`` are none."""
    try:
        return float(text.split()[0])
    except (IndexError, ValueError):
        return None


def row(engine: str, dtype: str, pace: float, samples: list[Sample]) -> str:
    """A line of the table."""
    memory = [sample.memory for sample in samples if sample.memory is not None]
    busy = [sample.busy for sample in samples if sample.busy is not None]
    most = f"{max(memory):.0f}" if memory else "-"
    mean = f"{sum(busy) / len(busy):.0f} %" if busy else "-"
    return f"| {engine} | {dtype} | {pace:.2f} | {most} | {mean} |"


def main() -> int:
    """Print the table."""
    options = _options()
    if not options.cpu and ask() is None:
        print("no GPU is seen (nvidia-smi tells of none); --cpu tries the script without", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        words = _words(options, folder)
        print(HEAD, flush=True)
        for engine in options.engines:
            formats = options.dtypes or (["fp32"] if options.cpu else ["fp16", "fp32"])
            for dtype in formats if FILES[engine] else ["-"]:
                pace, samples = _dub(engine, dtype, words, folder / "out.mp4", watched=not options.cpu)
                print(row(engine, dtype, pace, samples), flush=True)
    return 0


def _words(options: argparse.Namespace, folder: Path) -> list[str]:
    """Options of all dubs."""
    video, audio = options.video, options.audio
    if options.cpu:
        video = _first_frames(video, folder / "short.mp4", options.frames)
        audio = _first_seconds(audio, folder / "short.wav", options.frames / 25)
    words = [f"video={video}", f"audio={audio}", "ray.cluster=none", "cache.enabled=false"]
    words += [f"compute.device={'cpu' if options.cpu else 'cuda'}"]
    if options.random_weights:
        from tests.parity.checkpoints import write_checkpoints

        files = dict.fromkeys(file for engine in options.engines for file in FILES[engine])
        written = folder / "checkpoints"
        written.mkdir()
        return [*words, f"weights.dir={write_checkpoints(written, *files)}", "weights.verify=false"]
    return [*words, f"weights.dir={options.weights}"] if options.weights else words


def _dub(
    engine: str, dtype: str, words: list[str], out: Path, *, watched: bool
) -> tuple[float, list[Sample]]:
    """Seconds per second of video, and what the GPU did meanwhile."""
    command = [sys.executable, "-m", "lipsync_ray", "run", f"out={out}", *JOBS[engine], *words]
    command += [] if dtype == "-" else [f"compute.dtype={dtype}"]
    watch = Watch()
    thread = threading.Thread(target=watch.run, daemon=True)
    if watched:
        thread.start()
    begin = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wall = time.perf_counter() - begin
    watch.done.set()
    if watched:
        thread.join()
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\nfailed with status {done.returncode}: {done.stderr.strip()}")
    seconds = json.loads(out.with_suffix(".json").read_text("utf-8"))["result"]["seconds"]
    return wall / seconds, watch.samples


def _first_frames(source: Path, out: Path, frames: int) -> Path:
    with av.open(str(source)) as read, av.open(str(out), "w") as written:
        stream = written.add_stream("libx264", rate=25, options={"crf": "16", "preset": "veryfast"})
        shown = read.streams.video[0]
        stream.width, stream.height, stream.pix_fmt = shown.width // 2 * 2, shown.height // 2 * 2, "yuv420p"
        for number, frame in enumerate(read.decode(shown)):
            if number == frames:
                break
            picture = frame.reformat(stream.width, stream.height, format="yuv420p")
            picture.pts, picture.time_base = number, Fraction(1, 25)
            written.mux(stream.encode(picture))
        written.mux(stream.encode(None))
    return out


def _first_seconds(source: Path, out: Path, seconds: float) -> Path:
    with av.open(str(source)) as read, wave.open(str(out), "wb") as file:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=16000)
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        left = round(seconds * 16000)
        for frame in read.decode(audio=0):
            for piece in resampler.resample(frame):
                part = piece.to_ndarray()[0][:left]
                file.writeframes(part.tobytes())
                left -= len(part)
            if left <= 0:
                break
    return out


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--video", type=Path, required=True, help="a talking clip")
    parser.add_argument("--audio", type=Path, required=True, help="speech")
    weights = parser.add_mutually_exclusive_group()
    weights.add_argument("--weights", type=Path, help="folder with the authors' files")
    weights.add_argument("--random-weights", action="store_true", help="files of the parity tests' recipe")
    parser.add_argument("--engines", nargs="+", choices=list(JOBS), default=list(JOBS))
    parser.add_argument(
        "--dtypes", nargs="+", choices=["fp32", "bf16", "fp16"], help="fp16 fp32; on a CPU fp32"
    )
    parser.add_argument("--cpu", action="store_true", help="without a GPU, to try the script")
    parser.add_argument("--frames", type=int, default=4, help="of the clip, with --cpu")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
