"""What frames cost by stage: the numbers of ``lipsync_ray/triage/effort.py``, measured and fitted.

    PYTHONPATH=. python benchmarks/effort.py --video talk.mp4 --audio speech.wav --seconds 15

The clip is brought to several sizes and dubbed on one core each (``ray.cluster=none``, bound by taskset), so
that what decoding, drawing and encoding take adds up. A line is fitted through each stage's seconds per frame
over the size in megapixels, and the encoder alone is run with all presets on the dubbed picture.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import av
import numpy as np

from benchmarks.clips import looped_sound, looped_video
from lipsync_ray.media.encoders import PRESETS

SIZES = ((854, 480), (1280, 720), (1920, 1080))
STAGES = ("scan", "prepare", "decode", "draw", "encode", "review")  # joining, 1 ms a frame, is in no sidecar


def main() -> None:
    """Print a row for each size, the fits, and a row for each preset."""
    options = _options()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sound = looped_sound(options.audio, folder / "sound.wav", seconds=options.seconds)
        rows = []
        print(f"| size | {' | '.join(f'{stage} ms' for stage in STAGES)} |")
        print(f"|--:|{'--:|' * len(STAGES)}")
        for width, height in SIZES:
            video = folder / f"{height}.mp4"
            looped_video(options.video, video, width=width, height=height, seconds=options.seconds)
            costs = _dub(video, sound, folder / f"out{height}.mp4")
            rows.append([costs[stage] for stage in STAGES])
            shown = " | ".join(f"{1000 * value:.2f}" for value in rows[-1])
            print(f"| {width}x{height} | {shown} |", flush=True)
        _fits(np.array(rows))
        _presets(folder / "out720.mp4")


def _dub(video: Path, sound: Path, out: Path) -> dict[str, float]:
    """CPU seconds of a frame by stage."""
    words = [f"video={video}", f"audio={sound}", f"out={out}", "ray.cluster=none", "cache.enabled=false"]
    core = str(min(os.sched_getaffinity(0)))
    command = ["taskset", "--cpu-list", core, sys.executable, "-m", "lipsync_ray", "run", *words]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    told = json.loads(out.with_suffix(".json").read_text())
    frames, stages = told["result"]["frames"], told["result"]["stages"]
    spent = {name: sum(chunk["seconds"][name] for chunk in told["chunks"]) for name in ("decode", "encode")}
    seconds = {
        "scan": stages["scan"]["cpu_s"],
        "prepare": stages["prepare"]["cpu_s"],
        "review": stages["review"]["cpu_s"],
        "draw": stages["render"]["cpu_s"] - spent["decode"] - spent["encode"],
        **spent,
    }
    return {stage: value / frames for stage, value in seconds.items()}


def _fits(rows: np.ndarray) -> None:
    megapixels = np.array([width * height / 1e6 for width, height in SIZES])
    print("\nseconds of a frame = fixed + megapixel * megapixels\n")
    for stage, values in zip(STAGES, rows.T, strict=True):
        slope, fixed = np.polyfit(megapixels, values, 1)
        print(f"{stage:8} fixed={fixed:.4f}, megapixel={slope:.4f}")


def _presets(video: Path) -> None:
    with av.open(str(video)) as container:
        frames = [frame for frame, _ in zip(container.decode(video=0), range(50), strict=False)]
    print("\n| preset | of medium |\n|---|--:|")
    medium = _encode(frames, "medium")
    for preset in PRESETS:
        print(f"| {preset} | {_encode(frames, preset) / medium:.2f} |", flush=True)


def _encode(frames: list[av.VideoFrame], preset: str) -> float:
    context = av.CodecContext.create("libx264", "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = frames[0].width, frames[0].height, "yuv420p"
    context.framerate, context.thread_count = 25, 1  # type: ignore[assignment]
    context.options = {"crf": "17", "preset": preset}
    begin = time.process_time()
    for frame in frames:
        frame.pict_type = 0
        context.encode(frame)
    context.encode(None)
    return time.process_time() - begin


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--video", type=Path, required=True)
    parser.add_argument("--audio", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=15.0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
