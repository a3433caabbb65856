"""What one run took: the whole, its stages, its first frame, and Ray's start."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lipsync_ray.bench.processes import Watched
from lipsync_ray.distributed.ray_cluster import OPENING
from lipsync_ray.logs import names_of
from lipsync_ray.sidecar import StageTime

# In the order of a dub. "start": Python, its imports and the files, up to the first work. "end": what is left
# when the output is in its place.
STAGES = ("start", "scan", "prepare", "render", "review", "stitch", "end")
# The first task of one of these begins a stage; what is named otherwise belongs to the stage that runs.
_BEGINS = {"chunk": "render", "aim": "review", "look": "review", "finish": "stitch"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a command took for a video of ``seconds``. The start of Ray is in none of the other figures."""

    wall_s: float
    cpu_s: float  # user and system, of all processes
    peak_rss: int  # bytes, added up over all processes
    stages: Mapping[str, StageTime] = field(default_factory=dict)  # add up to the whole; none for a transcode
    ray_start: StageTime | None = None  # from the import of Ray until the first worker is ready
    first_frame_s: float | None = None  # from the start of the process, with Ray's
    seconds: float = 0.0  # of the output
    told: Mapping[str, Any] = field(default_factory=dict)  # from the sidecar, see ``sidecar_facts``

    def per_second(self, seconds: float) -> tuple[float, float]:
        """Wall clock and CPU of a second of video."""
        return self.wall_s / seconds, self.cpu_s / seconds


def plain_cost(watched: Watched) -> Cost:
    """Of a command without stages."""
    return Cost(wall_s=watched.wall, cpu_s=watched.cpu, peak_rss=watched.peak_rss)


def dub_cost(watched: Watched, sidecar: Path) -> Cost:
    """Of ``run ... log=debug``, from its log and its sidecar."""
    opened, ready = _ray(watched)
    start = _span(watched, opened, ready) if opened is not None and ready is not None else None
    stages = {name: _span(watched, begin, end) for name, begin, end in _stages(watched)}
    if start is not None:
        stages["start"] = _less(stages["start"], start)
    whole = StageTime(wall_s=watched.wall, cpu_s=watched.cpu)
    counted = whole if start is None else _less(whole, start)
    told = json.loads(sidecar.read_text("utf-8"))
    return Cost(
        wall_s=counted.wall_s,
        cpu_s=counted.cpu_s,
        peak_rss=watched.peak_rss,
        stages=stages,
        ray_start=start,
        first_frame_s=None if watched.noticed is None else watched.noticed - watched.begun,
        seconds=told["result"]["seconds"],
        told=sidecar_facts(told),
    )


def sidecar_facts(told: Mapping[str, Any]) -> dict[str, Any]:
    """What a sidecar says of time: its stages, and what threads were busy with while chunks were drawn."""
    busy: dict[str, float] = {}
    for chunk in told["chunks"]:
        for name, seconds in chunk["seconds"].items():
            busy[name] = round(busy.get(name, 0.0) + seconds, 3)
    result = told["result"]
    return {
        "stages": result["stages"],
        "busy_s": busy,
        "scan": told["scan"],
        "frames": result["frames"],
        "digest": result["digest"],
    }


def _ray(watched: Watched) -> tuple[float | None, float | None]:
    """When Ray was opened, if it was, and when the first worker was ready."""
    opened = next((time for time, line in watched.lines if OPENING in line), None)
    ready = next(
        (event["time"] for event in _events(watched.lines) if event["kind"] == "worker_started"), None
    )
    return opened, ready


def _stages(watched: Watched) -> Iterator[tuple[str, float, float]]:
    """Stages with their begin and end; one follows on the other, from the first moment to the last."""
    name, begin, last = "start", watched.begun, watched.begun
    for event in _events(watched.lines):
        if event["kind"] == "started" and (stage := _stage_of(event["task"])) not in ("", name):
            yield name, begin, event["time"]
            name, begin = stage, event["time"]
        elif event["kind"] == "done":
            last = event["time"]
    yield name, begin, max(last, begin)
    yield "end", max(last, begin), watched.ended


def _stage_of(task: str) -> str:
    """The stage that a task belongs to; empty if its name does not tell."""
    names = names_of(task)
    if "scan" in names:
        return "scan"
    kind = names.get("piece", "").partition("-")[0]
    return kind if kind in STAGES else _BEGINS.get(kind, "")


def _events(lines: Iterable[tuple[float, str]]) -> Iterator[dict[str, Any]]:
    """The dispatcher's events, as ``log=debug`` writes them."""
    for _, line in lines:
        if (at := line.find("{'kind': ")) >= 0:
            yield ast.literal_eval(line[at:])


def _span(watched: Watched, begin: float, end: float) -> StageTime:
    cpu = watched.cpu_until(end) - watched.cpu_until(begin)
    return StageTime(wall_s=round(end - begin, 3), cpu_s=round(cpu, 3))


def _less(whole: StageTime, part: StageTime) -> StageTime:
    return StageTime(
        wall_s=round(whole.wall_s - part.wall_s, 3), cpu_s=round(max(0.0, whole.cpu_s - part.cpu_s), 3)
    )
