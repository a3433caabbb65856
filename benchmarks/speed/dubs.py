"""A case: the transcode and the dubs of one clip."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.clips import looped_sound
from benchmarks.speed.cases import Case, Variant
from benchmarks.speed.clips import Face, finding, make_clip
from lipsync_ray.bench.processes import watch
from lipsync_ray.bench.rounds import Measured, Subject, dub, measure, transcode
from lipsync_ray.bench.table import Source
from lipsync_ray.distributed.machine import available_cpus
from lipsync_ray.media.index import build_table

# Ray lets other processes go before its workers, which on a busy machine is all that would count.
ENVIRONMENT = {"RAY_worker_niceness": "0"}
_LATE = 2.5  # s that the sound of the second language begins later: other sound, as hard to say


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """What the clips are made of, and where everything goes."""

    folder: Path
    video: Path
    face: Face  # in the video
    audio: Path


def compare(
    case: Case, variants: Sequence[Variant], files: Files, options: argparse.Namespace
) -> tuple[Source, list[Measured]]:
    """Make the clip of a case and let the transcode and all variants of the dub take turns."""
    video = make_clip(files.video, files.face, files.folder / f"{case.name}.mp4", case)
    source = _source(case, video, files)
    sounds = {
        late: looped_sound(files.audio, files.folder / f"{late:g}.wav", seconds=source.seconds, late=late)
        for late in (0.0, _LATE)
    }
    words = (
        f"encode.preset={case.preset}",
        f"encode.crf={options.crf}",
        "encode.codec=libx264",
        *finding(files.face, case),
        *options.words,
    )
    subjects = [
        transcode(video, files.folder / "plain.mp4", preset=case.preset, crf=options.crf),
        *(_dub(variant, video, sounds, files.folder, words) for variant in variants),
    ]
    if any(variant.cache != "cold" for variant in variants):
        _tell("the first dub of the video, uncounted")
        first = dub("", _places(video, sounds[0.0], files.folder, "known"), (*words, "ray.cluster=none"))
        watch(first.command)
    found = measure(subjects, options.rounds, begun=lambda name: _tell(f"{case.name} {case.preset} {name}"))
    if case.size is not None:
        video.unlink()
    return source, found


def _dub(
    variant: Variant, video: Path, sounds: dict[float, Path], folder: Path, words: tuple[str, ...]
) -> Subject:
    sound = sounds[_LATE if variant.cache == "second language" else 0.0]
    files = _places(video, sound, folder, "fresh" if variant.cache == "cold" else "known")
    return dub(variant.name, files, (*words, *variant.words), cache=variant.cache, environment=ENVIRONMENT)


def _places(video: Path, sound: Path, folder: Path, cache: str) -> dict[str, Path]:
    return {"video": video, "audio": sound, "out": folder / "dub.mp4", "cache": folder / cache}


def _source(case: Case, video: Path, files: Files) -> Source:
    """What the tables say of a clip, read off the clip itself."""
    table = build_table(video)
    seconds = float(len(table) / table.video.nominal_rate)
    return Source(
        clip=files.video.name,
        seconds=round(seconds, 2),
        fps=round(float(table.video.nominal_rate), 2),
        size=f"{table.video.width}x{table.video.height}",
        face=f"{100 * files.face.share(case):.0f} %",
        preset=case.preset,
        cpus=available_cpus(),
    )


def _tell(text: str) -> None:
    sys.stderr.write(f"[load {os.getloadavg()[0]:.1f}] {text}\n")
    sys.stderr.flush()
