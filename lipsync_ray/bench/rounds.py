"""Runs that take turns, A B A B, so that what the machine does meanwhile meets all of them alike."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from lipsync_ray.bench.costs import STAGES, Cost, dub_cost, plain_cost
from lipsync_ray.bench.processes import watch
from lipsync_ray.sidecar import StageTime, beside


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is measured: a command, and what is known of it besides."""

    name: str
    cache: str  # "cold": nothing is known of the video; "warm": its faces; "second language"; "": not a dub
    command: tuple[str, ...]
    run: Callable[[], Cost]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """All runs of a subject, in order."""

    subject: Subject
    costs: tuple[Cost, ...]
    base: tuple[Cost, ...]  # the transcodes of the same rounds

    @property
    def median(self) -> Cost:
        """The median of each figure by itself; stages that most runs lack count as nothing."""
        starts = [cost.ray_start for cost in self.costs if cost.ray_start is not None]
        frames = [cost.first_frame_s for cost in self.costs if cost.first_frame_s is not None]
        nothing = StageTime(wall_s=0.0, cpu_s=0.0)
        named = [name for name in STAGES if any(name in cost.stages for cost in self.costs)]
        return Cost(
            wall_s=median(cost.wall_s for cost in self.costs),
            cpu_s=median(cost.cpu_s for cost in self.costs),
            peak_rss=int(median(cost.peak_rss for cost in self.costs)),
            stages={name: _middle([cost.stages.get(name, nothing) for cost in self.costs]) for name in named},
            ray_start=_middle(starts) if starts else None,
            first_frame_s=median(frames) if frames else None,
            seconds=self.costs[0].seconds,
            told=self.costs[0].told,
        )

    @property
    def ratio(self) -> float:
        """CPU over that of the transcode: the median over rounds."""
        pairs = zip(self.costs, self.base, strict=True)
        return median(cost.cpu_s / base.cpu_s for cost, base in pairs)

    def to_plain(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "name": self.subject.name,
            "cache": self.subject.cache,
            "command": list(self.subject.command),
            "runs": [asdict(cost) for cost in self.costs],
            "median": {**asdict(self.median), "cpu_over_transcode": round(self.ratio, 3)},
        }


def measure(subjects: Sequence[Subject], rounds: int, *, begun: Callable[[str], object]) -> list[Measured]:
    """Let subjects take turns; the first is the transcode that the others are compared with.

    Args:
        subjects: in the order of their turns.
        rounds: how many turns each has.
        begun: told what runs now.
    """
    costs: list[list[Cost]] = [[] for _ in subjects]
    for turn in range(rounds):
        for subject, kept in zip(subjects, costs, strict=True):
            cache = f" ({subject.cache})" if subject.cache else ""
            begun(f"round {turn + 1} of {rounds}: {subject.name}{cache}")
            kept.append(subject.run())
    base = tuple(costs[0])
    return [
        Measured(subject=subject, costs=tuple(kept), base=base)
        for subject, kept in zip(subjects, costs, strict=True)
    ]


def transcode(video: Path, target: Path, *, preset: str, crf: int) -> Subject:
    """A plain transcode of a video by libx264 into ``target``."""
    command = (sys.executable, "-m", "lipsync_ray.bench.transcode", str(video), str(target), preset, str(crf))
    return Subject(name="transcode", cache="", command=command, run=lambda: plain_cost(watch(command)))


def dub(
    name: str,
    files: Mapping[str, Path],
    words: Sequence[str],
    *,
    cache: str = "cold",
    environment: Mapping[str, str] | None = None,
) -> Subject:
    """A dub as the command line does it.

    Args:
        name: what the table calls it.
        files: ``video``, ``audio``, ``out`` and ``cache``, a folder that is emptied before each cold run.
        words: options.
        cache: see ``Subject``.
        environment: of its process, added to this one's.
    """
    out, folder = files["out"], files["cache"]
    places = [f"{key}={files[key]}" for key in ("video", "audio", "out")]
    program = (sys.executable, "-m", "lipsync_ray", "run", *places, f"cache.dir={folder}")
    command = (*program, "log=debug", *words)

    def run() -> Cost:
        if cache == "cold":
            shutil.rmtree(folder, ignore_errors=True)
        drawn = _Drawn(folder)
        watched = watch(command, environment=environment, notice=drawn)
        return dub_cost(watched, Path(beside(str(out), ".json")))

    return Subject(name=name, cache=cache, command=command, run=run)


class _Drawn:
    """Whether a first frame has been drawn: a chunk's segment is opened with it, in the job's folder."""

    def __init__(self, cache: Path) -> None:
        self._jobs = cache / "jobs"

    def __call__(self) -> bool:
        return any(self._jobs.glob("*/*.nut"))


def _middle(times: Sequence[StageTime]) -> StageTime:
    wall, cpu = median(time.wall_s for time in times), median(time.cpu_s for time in times)
    return StageTime(wall_s=round(wall, 3), cpu_s=round(cpu, 3))
