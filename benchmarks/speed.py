"""Seconds of wall clock and CPU per second of video, next to a plain transcode in the same run.

    python benchmarks/speed.py --video talk.mp4 --audio speech.wav --sizes 1280x720 1920x1080

The clip is brought to each size and looped to --seconds. Transcode (A) and dub (B) take turns, A B A B,
each as a process of its own with the same encoder settings; medians are printed. CPU is user plus system
time of the process; the dub's own stages come from its sidecar.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from clips import looped_sound, looped_video

TRANSCODE = """
import sys, av
source, target, preset, crf = sys.argv[1:]
with av.open(source) as read, av.open(target, "w") as written:
    video = read.streams.video[0]
    video.thread_type = "AUTO"
    stream = written.add_stream("libx264", rate=video.average_rate, options={"preset": preset, "crf": crf})
    stream.width, stream.height, stream.pix_fmt = video.width, video.height, "yuv420p"
    stream.codec_context.time_base = stream.time_base = video.time_base
    for frame in read.decode(video):
        written.mux(stream.encode(frame))
    written.mux(stream.encode(None))
"""
DUBS = {"dub, in process": ("ray.cluster=none",), "dub, Ray, 2 workers": ("ray.workers=2",)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one process took, in seconds."""

    wall: float
    cpu: float


def main() -> None:
    """Print a table per size."""
    options = _options()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sound = looped_sound(options.audio, folder / "sound.wav", seconds=options.seconds)
        for size in options.sizes:
            width, height = (int(side) for side in size.split("x"))
            video = folder / f"{size}.mp4"
            looped_video(options.video, video, width=width, height=height, seconds=options.seconds)
            _compare(video, sound, folder, size, options)


def _compare(video: Path, sound: Path, folder: Path, size: str, options: argparse.Namespace) -> None:
    costs: dict[str, list[Cost]] = {"transcode": [], **{name: [] for name in DUBS}}
    stages: list[dict[str, dict[str, float]]] = []
    plain = [sys.executable, "-c", TRANSCODE, video, folder / "plain.mp4", options.preset, str(options.crf)]
    out = folder / "dub.mp4"
    words = [f"video={video}", f"audio={sound}", f"out={out}", "cache.enabled=false"]
    quality = [f"encode.preset={options.preset}", f"encode.crf={options.crf}"]
    for _ in range(options.rounds):
        costs["transcode"].append(_run(plain))
        for name, extra in DUBS.items():
            command = [sys.executable, "-m", "lipsync_ray", "run", *words, *quality, *extra]
            costs[name].append(_run(command))
            if name == "dub, in process":
                stages.append(json.loads(out.with_suffix(".json").read_text())["result"]["stages"])
    _print(size, costs, stages, options)


def _print(
    size: str,
    costs: dict[str, list[Cost]],
    stages: list[dict[str, dict[str, float]]],
    options: argparse.Namespace,
) -> None:
    base = median(cost.cpu for cost in costs["transcode"])
    encoder = f"libx264 {options.preset} crf {options.crf}"
    print(f"\n{size}, {options.seconds:g} s at 25 fps, {encoder}, {os.cpu_count()} cores")
    print("\n| process | wall s/s | CPU s/s | CPU / transcode |\n|---|---|---|---|")
    for name, runs in costs.items():
        wall, cpu = median(run.wall for run in runs), median(run.cpu for run in runs)
        # Ray's workers are not this process's children to wait for: their CPU time cannot be read here.
        counted = "Ray" not in name
        rows = (f"{cpu / options.seconds:.2f}", f"{cpu / base:.2f}") if counted else ("", "")
        print(f"| {name} | {wall / options.seconds:.2f} | {' | '.join(rows)} |")
    print("\n| stage of the dub in process | wall s/s | CPU s/s |\n|---|---|---|")
    for stage in stages[0]:
        wall = median(run[stage]["wall_s"] for run in stages) / options.seconds
        cpu = median(run[stage]["cpu_s"] for run in stages) / options.seconds
        print(f"| {stage} | {wall:.3f} | {cpu:.3f} |")
    sys.stdout.flush()


def _run(command: list[object]) -> Cost:
    begin, before = time.perf_counter(), os.times()
    subprocess.run(
        [str(word) for word in command], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    after = os.times()
    cpu = after.children_user - before.children_user + after.children_system - before.children_system
    return Cost(wall=time.perf_counter() - begin, cpu=cpu)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--video", type=Path, required=True, help="a talking clip")
    parser.add_argument("--audio", type=Path, required=True, help="speech")
    parser.add_argument("--sizes", nargs="+", default=["1280x720", "1920x1080"])
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--preset", default="medium")
    parser.add_argument("--crf", type=int, default=17)
    return parser.parse_args()


if __name__ == "__main__":
    main()
