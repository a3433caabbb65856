"""What is told about a finished dub: a result for the caller, and ``NAME.json`` beside the video."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lipsync_ray.media.storage import atomic_path


@dataclass(frozen=True, slots=True, kw_only=True)
class StageTime:
    """What a stage took of the driver: wall clock, and CPU of its own process."""

    wall_s: float
    cpu_s: float


class Clock:
    """Times named stages."""

    def __init__(self) -> None:
        self.stages: dict[str, StageTime] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a block under this name."""
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            self.stages[name] = StageTime(
                wall_s=round(time.perf_counter() - wall, 3), cpu_s=round(time.process_time() - cpu, 3)
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A finished dub."""

    out: Path
    sidecar: Path
    frames: int  # of the output
    seconds: float  # length of the output
    digest: str  # of all composited pictures, in order: equal for equal pictures, however they were cut
    passed_through: dict[str, int]  # output frames left as they are, by reason
    untouched_chunks: list[int]  # given up after chunk.max_attempts, with chunk.on_error=pass
    stages: dict[str, StageTime] = field(default_factory=dict)

    def text(self) -> str:
        """One line for a person."""
        left = sum(self.passed_through.values())
        took = sum(stage.wall_s for stage in self.stages.values())
        note = f", {left} frames passed through ({_reasons(self.passed_through)})" if left else ""
        lost = f", {len(self.untouched_chunks)} chunks given up" if self.untouched_chunks else ""
        return f"{self.out}: {self.frames} frames, {self.seconds:.2f} s{note}{lost}, in {took:.1f} s"


def write_sidecar(result: Result, facts: dict[str, Any]) -> None:
    """Write the result and the facts it rests on as JSON beside the video, whole or not at all."""
    content = {**facts, "result": {**asdict(result), "out": str(result.out), "sidecar": str(result.sidecar)}}
    with atomic_path(result.sidecar) as path:
        path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _reasons(counts: dict[str, int]) -> str:
    return ", ".join(f"{reason} {count}" for reason, count in counts.items() if count)
