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

Where a render worker's CPU time goes is counted in the longer dub, part by part: it has one CPU, as Ray's
workers have unless they are told otherwise, so that everything happens in one thread.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import torch

from benchmarks.clips import encode, frames_of, looped_sound, looped_video
from benchmarks.speed.inside import DECODER, ENCODER, LOADING, NETWORKS, accounted, one_cpu
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
    """CPU seconds of all of a dub, and of the worker that draws; there also those of each part."""

    whole: float
    render: float
    networks: float
    encoder: float
    decoder: float
    loading: float  # networks, once in a worker's life

    @property
    def rest(self) -> float:
        """Of drawing: what is none of the parts."""
        return self.render - self.networks - self.encoder - self.decoder - self.loading

    def share(self, *parts: str) -> float:
        """Of drawing without loading."""
        return sum(getattr(self, part) for part in parts) / (self.render - self.loading)


def compare(engine: str, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Print the table of an engine; returns all figures for JSON."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    write_checkpoints(folder / "checkpoints", *FILES[engine])
    theirs, (base, more) = upstream_calls(engine), LENGTHS[engine]
    short, long = (_clip(options, folder, count) for count in (base, base + more))
    rows: dict[str, list[float]] = {call.name: [] for call in theirs}
    ours: list[tuple[Spent, Spent]] = []
    for _ in range(options.rounds):
        for call in theirs:
            call.run()
            rows[call.name].append(_cpu(call.run) * call.times / call.frames)
        ours.append((_dub(engine, short, folder, options), _dub(engine, long, folder, options)))
    _print(engine, theirs, rows, ours, options)
    runs = [{name: asdict(one) for name, one in zip(("short", "long"), both, strict=True)} for both in ours]
    frames = {"short": base, "long": base + more}
    return {"engine": engine, "words": options.words, "upstream": rows, "frames": frames, "dub": runs}


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
    with one_cpu(), accounted(engine) as account:
        whole = _cpu(lambda: dub(load_config(words)))
    told, parts = json.loads(out.with_suffix(".json").read_text()), account.seconds["chunk"]
    return Spent(
        whole=whole,
        render=sum(chunk["cpu_seconds"] for chunk in told["chunks"]),
        **{part: parts[part] for part in (NETWORKS, ENCODER, DECODER, LOADING)},
    )


def _cpu(run: Callable[[], object]) -> float:
    begin = time.process_time()
    run()
    return time.process_time() - begin


def _print(
    engine: str,
    theirs: list[Call],
    rows: dict[str, list[float]],
    ours: list[tuple[Spent, Spent]],
    options: argparse.Namespace,
) -> None:
    title = " ".join([f"engine={engine}", *options.words])
    print(f"\n{title}: CPU s per 720p frame, one thread, median of {options.rounds}\n")
    base, more = LENGTHS[engine]
    costs = {call.name: median(rows[call.name]) for call in theirs}
    own, total = median((long.whole - short.whole) / more for short, long in ours), sum(costs.values())
    cells = [(call.name, f"{call.times:g}", f"{costs[call.name]:.3f}") for call in theirs]
    cells += [
        ("sum of the networks (A)", "", f"{total:.2f}"),
        ("the whole dub by this project (B)", "", f"{own:.2f}"),
        ("A / B", "", f"{total / own:.1f}"),
    ]
    print(markdown(("call", "times", "CPU s"), cells), flush=True)
    frames = base + more
    print(f"\n{title}: CPU ms per 720p frame of the worker that draws {frames} frames on one CPU\n")
    print(
        markdown(("stage", "CPU ms", "of the worker"), _parts([long for _, long in ours], frames)), flush=True
    )


def _parts(ours: list[Spent], frames: int) -> list[tuple[str, str, str]]:
    def row(name: str, *parts: str) -> tuple[str, str, str]:
        spent = median(sum(getattr(one, part) for part in parts) for one in ours)
        return name, f"{1000 * spent / frames:.1f}", f"{median(one.share(*parts) for one in ours):.1%}"

    loading = median(one.loading for one in ours)
    return [
        row("networks", NETWORKS),
        row("encoder", ENCODER),
        row("networks and encoder", NETWORKS, ENCODER),
        row("decoder", DECODER),
        row("the rest", "rest"),
        ("loading networks, once", f"{1000 * loading:.0f} in all", "not counted"),
    ]
