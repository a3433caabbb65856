"""What is told about a finished dub: a result for the caller, and ``NAME.json`` beside the video."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from lipsync_ray.storage.uri import plain_text


@dataclass(frozen=True, slots=True, kw_only=True)
class StageTime:
    """What a stage took: wall clock of the driver, and CPU of all processes that worked on it."""

    wall_s: float
    cpu_s: float


class Clock:
    """Times the stages of a job: how long each took, and the CPU of all that was done in it."""

    def __init__(self) -> None:
        self.stages: dict[str, StageTime] = {}
        self._since = time.perf_counter()

    def spend(self, name: str, cpu_s: float = 0.0) -> None:
        """Count what passed since the last call, and this CPU time, to a stage."""
        now = time.perf_counter()
        before = self.stages.get(name, StageTime(wall_s=0.0, cpu_s=0.0))
        self.stages[name] = StageTime(
            wall_s=round(before.wall_s + now - self._since, 3), cpu_s=round(before.cpu_s + cpu_s, 3)
        )
        self._since = now


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A finished dub."""

    out: Path | str  # a path of the driver's machine, or an address in a store
    sidecar: Path | str
    frames: int  # of the output
    seconds: float  # length of the output
    digest: str  # of all composited pictures, in order: equal for equal pictures, however they were cut
    passed_through: dict[str, int]  # output frames left as they are, by reason
    untouched_chunks: list[int]  # that keep the source's frames: chunk.on_error, quality.retry
    stages: dict[str, StageTime] = field(default_factory=dict)
    quality: dict[str, Any] | None = None  # figures and flags, see quality.review; None: not measured

    def text(self) -> str:
        """One line for a person."""
        left = sum(self.passed_through.values())
        took = sum(stage.wall_s for stage in self.stages.values())
        note = f", {left} frames passed through ({_reasons(self.passed_through)})" if left else ""
        lost = (
            f", {len(self.untouched_chunks)} chunks keep the source's frames" if self.untouched_chunks else ""
        )
        text = f"{self.out}: {self.frames} frames, {self.seconds:.2f} s{note}{lost}, in {took:.1f} s"
        flagged = dict.fromkeys(flag["kind"] for flag in (self.quality or {}).get("flags", ()))
        return f"{text}; look at: {', '.join(flagged)} (see the report)" if flagged else text


def sidecar_text(result: Result, facts: dict[str, Any]) -> str:
    """The result and the facts it rests on as JSON, to be written beside the video."""
    content = {**facts, "result": {**asdict(result), "out": str(result.out), "sidecar": str(result.sidecar)}}
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    return plain_text(text)  # \udcXX is JSON as well


def sidecar_place(out: str) -> str:
    """Where the sidecar of an output is: its own place, ending in .json."""
    return beside(out, ".json")


def beside(out: str, ending: str) -> str:
    """A place beside an output: its own, with another ending."""
    return out.removesuffix(PurePosixPath(out).suffix) + ending


def report_place(out: str) -> str:
    """Where the quality report of an output is: its own place, ending in .report.html."""
    return out.removesuffix(PurePosixPath(out).suffix) + ".report.html"


def _reasons(counts: dict[str, int]) -> str:
    return ", ".join(f"{reason} {count}" for reason, count in counts.items() if count)
