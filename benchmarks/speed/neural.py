"""CPU seconds per frame of the neural engines, next to the networks that their authors' scripts run for one.

    PYTHONPATH=. python benchmarks/neural_speed.py --video talk.mp4 --engines wav2lip video_retalking

Both sides run the same networks of this project on one thread, in turns A B A B; medians of process time are
printed. Weights are random: what a network costs does not depend on what it has learnt.

A, per 720p frame: every network call of the authors' scripts, whole pictures, one at a time where they do so:
for VideoReTalking S3FD twice at 256 px and once at 720p, RetinaFace-R50 once at 256 px and twice at 720p, FAN
twice, the coefficient net, D-Net, GPEN, ParseNet three times, E-Net with L-Net, GFPGAN; for Wav2Lip S3FD at
720p and the generator (a picture costs as much in their batch of 128 as in one of 16). Nothing of what lies
between the networks is counted.

B, per 720p frame: the whole dub by this project, decoding, face scan, drawing, joining, encoding: what a dub
of some more frames costs more than a shorter one, so that start-up and loading drop out.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from statistics import median

import av
import cv2
import torch
from clips import looped_sound, looped_video
from neural_calls import Call, upstream_calls

from lipsync_ray.dubbing import dub
from lipsync_ray.overrides import load_config
from tests.parity.checkpoints import write_checkpoints

FILES = {
    "wav2lip": ("wav2lip",),
    "video_retalking": ("dnet", "lnet", "enet", "face3d_r50", "bfm", "expression", "gfpgan"),
}
# Frames of the short dub, and how many more the long one has: whole batches, of 8 and of 1.
LENGTHS = {"wav2lip": (16, 32), "video_retalking": (2, 5)}


def main() -> None:
    """Print a table per engine."""
    options = _options()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for engine in options.engines:
            write_checkpoints(folder / "checkpoints", *FILES[engine])
            _compare(engine, folder, options)


def _compare(engine: str, folder: Path, options: argparse.Namespace) -> None:
    theirs = upstream_calls(engine)
    base, more = LENGTHS[engine]
    short, long = (_clip(options, folder, count) for count in (base, base + more))
    rows: dict[str, list[float]] = {call.name: [] for call in theirs}
    ours = []
    for _ in range(options.rounds):
        for call in theirs:
            call.run()
            rows[call.name].append(_cpu(call.run) * call.times / call.frames)
        costs = [_cpu(lambda clip=clip: _dub(engine, clip, folder, options)) for clip in (short, long)]
        ours.append((costs[1] - costs[0]) / more)
    _print(engine, theirs, rows, ours, options)


def _clip(options: argparse.Namespace, folder: Path, frames: int) -> Path:
    """So many frames of the clip, brought to 720p."""
    whole, out = folder / "720p.mp4", folder / f"{frames}.mp4"
    if not whole.exists():
        looped_video(options.video, whole, width=1280, height=720, seconds=4)
    with av.open(str(whole)) as read, av.open(str(out), "w") as written:
        stream = written.add_stream("libx264", rate=25, options={"crf": "16", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
        for number, frame in enumerate(read.decode(video=0)):
            if number == frames:
                break
            frame.pts, frame.time_base = number, Fraction(1, 25)
            written.mux(stream.encode(frame))
        written.mux(stream.encode(None))
    return out


def _dub(engine: str, clip: Path, folder: Path, options: argparse.Namespace) -> None:
    sound = folder / "sound.wav"
    if not sound.exists():
        looped_sound(options.audio, sound, seconds=4)
    words = [f"video={clip}", f"audio={sound}", f"out={folder / 'out.mp4'}", f"engine={engine}"]
    words += [f"weights.dir={folder / 'checkpoints'}", "weights.verify=false", "log=error"]
    words += ["ray.cluster=none", "cache.enabled=false", "encode.preset=veryfast", *options.words]
    dub(load_config(words))


def _cpu(run: Callable[[], object]) -> float:
    begin = time.process_time()
    run()
    return time.process_time() - begin


def _print(
    engine: str,
    theirs: list[Call],
    rows: dict[str, list[float]],
    ours: list[float],
    options: argparse.Namespace,
) -> None:
    title = " ".join([f"engine={engine}", *options.words])
    print(f"\n{title}: CPU s per 720p frame, one thread, median of {options.rounds}")
    print("\n| call of the authors' script | times | CPU s |\n|---|--:|--:|")
    costs = {call.name: median(rows[call.name]) for call in theirs}
    for call in theirs:
        print(f"| {call.name} | {call.times:g} | {costs[call.name]:.3f} |")
    own, total = median(ours), sum(costs.values())
    print(f"| sum of the networks (A) | | {total:.2f} |")
    print(f"| the whole dub by this project (B) | | {own:.2f} |")
    print(f"| A / B | | {total / own:.1f} |", flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--video", type=Path, required=True, help="a talking clip")
    parser.add_argument("--audio", type=Path, default=Path("examples/hello.wav"), help="speech")
    parser.add_argument("--engines", nargs="+", choices=list(FILES), default=list(FILES))
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--words", nargs="*", default=[], help="options of the dub: compute.dtype=bf16 ...")
    return parser.parse_args()


if __name__ == "__main__":
    main()
