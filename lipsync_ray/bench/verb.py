"""``bench``: a transcode and a dub take turns for a few seconds, and a table says what they took."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from lipsync_ray.bench.machine import machine_facts, machine_line, version_facts
from lipsync_ray.bench.rounds import Measured, dub, measure, transcode
from lipsync_ray.bench.sample import Sample, make_sample, write_sound
from lipsync_ray.bench.table import Source, short_tables
from lipsync_ray.config import Config
from lipsync_ray.console import emit, progress, tell
from lipsync_ray.distributed.machine import available_cpus
from lipsync_ray.errors import ConfigError, ExitCode
from lipsync_ray.folders import private_folder
from lipsync_ray.help import PROGRAM
from lipsync_ray.media.index import build_table
from lipsync_ray.overrides import load_config

_OWN = ("video", "audio", "seconds", "rounds")
_FIXED = ("out", "log", "encode.codec")  # what is measured would not be one thing without
_LONGEST_S, _MOST_ROUNDS = 60.0, 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is to be measured."""

    video: str | None  # None: a clip that the program makes itself
    audio: str | None  # None: the program's own
    seconds: float  # of the clip that is made
    rounds: int
    words: tuple[str, ...]  # options of the dub


def bench(words: list[str], flags: frozenset[str]) -> ExitCode:
    """Say how fast this machine dubs, next to a plain transcode."""
    request = read_request(words)
    config = load_config([f"video={request.video or 'none'}", *request.words])
    if config.ray.cluster == "auto":
        raise ConfigError("ray.cluster=auto: bench measures the processes of this machine; use local or none")
    machine = machine_facts()
    with private_folder() as folder, progress(config.log) as shown:
        config.weights.store(config.license.policy).pull(None, shown)  # not to be part of the first turn
        tell("bench: making the clip" if request.video is None else "bench: looking at the clip")
        sample = _sample(folder, request, config)
        source = _source(sample, request, config)
        found = _turns(folder, sample, request, config)
    if "--json" in flags:
        plain = {
            "machine": machine,
            "versions": version_facts(),
            "source": asdict(source),
            "runs": [one.to_plain() for one in found],
        }
        emit(json.dumps(plain, indent=2))
    else:
        emit(_page(machine_line(machine), source, found))
    return ExitCode.DONE


def read_request(words: Sequence[str]) -> Request:
    """What the words of the command line ask for.

    Raises:
        ConfigError: one of them makes no sense here.
    """
    own: dict[str, str] = {}
    rest = []
    for word in words:
        name, equals, value = word.removeprefix("--").partition("=")
        name = "audio" if name == "audio.file" else name
        if name in _FIXED or name.startswith("cache."):
            raise ConfigError(f"{word}: bench decides {name} itself; leave it out")
        if equals and name in _OWN:
            own[name] = value
        else:
            rest.append(word)
    if "audio" in own and "video" not in own:
        raise ConfigError(f"video is missing; for example: {PROGRAM} bench video=in.mp4 audio=dub.wav")
    ray = () if any(word.startswith("ray.") for word in rest) else ("ray.cluster=none",)
    return Request(
        video=own.get("video"),
        audio=own.get("audio"),
        seconds=_number(own, "seconds", 4.0, _LONGEST_S),
        rounds=_whole(own, "rounds", 2.0, _MOST_ROUNDS),
        words=(*rest, *ray),
    )


def _number(own: dict[str, str], name: str, default: float, most: float) -> float:
    try:
        value = float(own.get(name, default))
    except ValueError:
        value = 0.0
    if not 1 <= value <= most:
        raise ConfigError(f"{name}={own[name]}: a number from 1 to {most:g}")
    return value


def _whole(own: dict[str, str], name: str, default: float, most: float) -> int:
    value = _number(own, name, default, most)
    if value != int(value):
        raise ConfigError(f"{name}={own[name]}: a whole number, please")
    return int(value)


def _sample(folder: Path, request: Request, config: Config) -> Sample:
    if request.video is None:
        kept = ("weights.", "license.")
        return make_sample(folder, request.seconds, [word for word in request.words if word.startswith(kept)])
    video = Path(request.video)
    if request.audio is not None:
        return Sample(video=video, audio=Path(request.audio))
    return Sample(video=video, audio=write_sound(folder / "new.wav", _length(video)))


def _turns(folder: Path, sample: Sample, request: Request, config: Config) -> list[Measured]:
    name = "dub, one process" if config.ray.cluster == "none" else "dub, Ray"
    files = {
        "video": sample.video,
        "audio": sample.audio,
        "out": folder / "dub.mp4",
        "cache": folder / "cache",
    }
    preset, crf = config.encode.preset, config.encode.quality("libx264")
    words = (*request.words, "encode.codec=libx264", f"encode.preset={preset}", f"encode.crf={crf}")
    subjects = [
        transcode(sample.video, folder / "plain.mp4", preset=preset, crf=crf),
        dub(name, files, words),
    ]
    return measure(subjects, request.rounds, begun=lambda text: tell(f"bench: {text}"))


def _source(sample: Sample, request: Request, config: Config) -> Source:
    table = build_table(sample.video)
    return Source(
        clip="portrait" if request.video is None else os.path.basename(request.video),
        seconds=round(_length(sample.video), 2),
        fps=round(float(table.video.nominal_rate), 2),
        size=f"{table.video.width}x{table.video.height}",
        preset=config.encode.preset,
        cpus=available_cpus(),
    )


def _length(video: Path) -> float:
    table = build_table(video)
    return float(len(table) / table.video.nominal_rate)


def _page(machine: str, source: Source, found: Sequence[Measured]) -> str:
    clip = (
        f"{source.clip}, {source.seconds:g} s, {source.fps:g} frames/s, {source.size}, x264 {source.preset}"
    )
    whole, stages = short_tables(source, found)
    dub = found[-1]
    note = (
        f"s/s: seconds for a second of video. The dub took {dub.ratio:.1f} times the CPU of a transcode; "
        "stages of the dub, of which start and end are the same for any length:"
    )
    return "\n\n".join([f"{machine}\n{clip}", whole, note, stages])
