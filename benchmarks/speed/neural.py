"""CPU seconds per frame of the neural engines, next to the networks that their authors' scripts run for one.

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
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import torch

from benchmarks.clips import encode, frames_of, looped_sound, looped_video
from benchmarks.speed.inside import networks_timed
from benchmarks.speed.neural_calls import Call, upstream_calls
from lipsync_ray.bench.table import markdown
from lipsync_ray.dubbing import dub
from lipsync_ray.overrides import load_config
from tests.parity.checkpoints import write_checkpoints

FILES = {
    "wav2lip": ("wav2lip",),
    "video_retalking": ("dnet", "lnet", "enet", "face3d_r50", "bfm", "expression", "gfpgan"),
}
# Frames of the short dub, and how many more the long one has: whole batches, of 8 and of 1.
LENGTHS = {"wav2lip": (16, 32), "video_retalking": (2, 5)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """CPU seconds: of all of a dub, of the stage that draws, and there of networks and of the encoder."""

    whole: float
    render: float
    networks: float
    encoder: float  # wall clock of the thread that feeds it

    def more(self, less: Spent, frames: int) -> Spent:
        """What this took more than another, for each of so many frames."""
        pairs = {
            name: (getattr(self, name) - getattr(less, name)) / frames for name in Spent.__dataclass_fields__
        }
        return Spent(**pairs)


def compare(engine: str, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Print the table of an engine; returns all figures for JSON."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    write_checkpoints(folder / "checkpoints", *FILES[engine])
    theirs, (base, more) = upstream_calls(engine), LENGTHS[engine]
    short, long = (_clip(options, folder, count) for count in (base, base + more))
    rows: dict[str, list[float]] = {call.name: [] for call in theirs}
    ours = []
    for _ in range(options.rounds):
        for call in theirs:
            call.run()
            rows[call.name].append(_cpu(call.run) * call.times / call.frames)
        before, after = (_dub(engine, clip, folder, options) for clip in (short, long))
        ours.append(after.more(before, more))
    _print(engine, theirs, rows, ours, options)
    runs = [{name: getattr(one, name) for name in Spent.__dataclass_fields__} for one in ours]
    return {"engine": engine, "words": options.words, "upstream": rows, "dub": runs}


def _clip(options: argparse.Namespace, folder: Path, frames: int) -> Path:
    """So many frames of the clip, brought to 720p."""
    whole, out = folder / "720p.mp4", folder / f"{frames}.mp4"
    if not whole.exists():
        looped_video(options.video, whole, width=1280, height=720, seconds=4)
    encode(out, islice(frames_of(whole), frames), width=1280, height=720)
    return out


def _dub(engine: str, clip: Path, folder: Path, options: argparse.Namespace) -> Spent:
    sound, out = folder / "sound.wav", folder / "out.mp4"
    if not sound.exists():
        looped_sound(options.audio, sound, seconds=4)
    words = [f"video={clip}", f"audio={sound}", f"out={out}", f"engine={engine}"]
    words += [f"weights.dir={folder / 'checkpoints'}", "weights.verify=false", "log=error"]
    words += ["ray.cluster=none", "cache.enabled=false", "encode.preset=veryfast", *options.words]
    with networks_timed() as networks:
        whole = _cpu(lambda: dub(load_config(words)))
    told = json.loads(out.with_suffix(".json").read_text())
    return Spent(
        whole=whole,
        render=told["result"]["stages"]["render"]["cpu_s"],
        networks=networks.seconds["chunk"],
        encoder=sum(chunk["seconds"].get("encode", 0.0) for chunk in told["chunks"]),
    )


def _cpu(run: Callable[[], object]) -> float:
    begin = time.process_time()
    run()
    return time.process_time() - begin


def _print(
    engine: str,
    theirs: list[Call],
    rows: dict[str, list[float]],
    ours: list[Spent],
    options: argparse.Namespace,
) -> None:
    title = " ".join([f"engine={engine}", *options.words])
    print(f"\n{title}: CPU s per 720p frame, one thread, median of {options.rounds}\n")
    costs = {call.name: median(rows[call.name]) for call in theirs}
    own, total = median(one.whole for one in ours), sum(costs.values())
    cells = [(call.name, f"{call.times:g}", f"{costs[call.name]:.3f}") for call in theirs]
    cells += [
        ("sum of the networks (A)", "", f"{total:.2f}"),
        ("the whole dub by this project (B)", "", f"{own:.2f}"),
        ("A / B", "", f"{total / own:.1f}"),
        ("of B, drawing and encoding", "", f"{median(one.render for one in ours):.3f}"),
        ("of that, in networks", "", f"{median(one.networks / one.render for one in ours):.0%}"),
        (
            "of that, waiting for the encoder or in it",
            "",
            f"{median(one.encoder / one.render for one in ours):.0%}",
        ),
    ]
    print(markdown(("call", "times", "CPU s"), cells), flush=True)
