"""The tables for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lipsync_ray.bench.costs import STAGES, Cost
from lipsync_ray.bench.rounds import Measured

_WHOLE = ("wall s/s", "CPU s/s", "CPU / transcode", "first frame s", "Ray's start s (CPU s)", "peak MB")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A clip as the tables name it."""

    clip: str
    seconds: float
    fps: float
    size: str
    face: str = ""  # height of the face over that of the picture; empty: not measured
    preset: str  # of the encoder
    cpus: int  # that the machine gave

    def cells(self) -> tuple[str, ...]:
        """Under the first columns of a table."""
        length = f"{self.seconds:g}"
        return (self.clip, length, f"{self.fps:g}", self.size, self.face, self.preset, str(self.cpus))


_SOURCE = ("clip", "s", "fps", "size", "face", "x264", "CPUs")
_RUN = ("run", "cache")
_WORDS = {"clip", "size", "face", "x264", *_RUN, "stage", "call"}  # columns of words


def whole_table(found: Sequence[tuple[Source, Measured]]) -> str:
    """Whole runs of many clips, a row each; medians."""
    rows = [(*source.cells(), *_name(measured), *_whole(source, measured)) for source, measured in found]
    return markdown((*_SOURCE, *_RUN, *_WHOLE), rows)


def stage_table(found: Sequence[tuple[Source, Measured]]) -> str:
    """Dubs of many clips by stage: CPU and wall clock, seconds for a second of video; medians."""
    rows = []
    for source, measured in found:
        median = measured.median
        if median.stages:
            cells = [_stage(median, name, source.seconds) for name in STAGES]
            rows.append((*source.cells(), *_name(measured), *cells))
    return markdown((*_SOURCE, *_RUN, *STAGES), rows)


def short_tables(source: Source, found: Sequence[Measured]) -> tuple[str, str]:
    """Of one clip, which is not named: whole runs, and the stages of the last of them, a row each."""
    whole = [(measured.subject.name, *_whole(source, measured)) for measured in found]
    median = found[-1].median
    stages = []
    for name, took in median.stages.items():
        cpu, wall = took.cpu_s / source.seconds, took.wall_s / source.seconds
        stages.append((name, f"{cpu:.3f}", f"{wall:.3f}", f"{took.cpu_s / median.cpu_s:.0%}"))
    return (
        markdown(("run", *_WHOLE), whole),
        markdown(("stage", "CPU s/s", "wall s/s", "of the CPU"), stages),
    )


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; columns of words are aligned to the left, those of numbers to the right."""
    line = "|".join("---" if column in _WORDS else "--:" for column in head)
    return "\n".join([f"| {' | '.join(head)} |", f"|{line}|", *(f"| {' | '.join(row)} |" for row in rows)])


def _name(measured: Measured) -> tuple[str, str]:
    return measured.subject.name, measured.subject.cache


def _whole(source: Source, measured: Measured) -> tuple[str, ...]:
    median = measured.median
    wall, cpu = median.per_second(source.seconds)
    frame = "" if median.first_frame_s is None else f"{median.first_frame_s:.1f}"
    start = median.ray_start
    ray = "" if start is None else f"{start.wall_s:.1f} ({start.cpu_s:.1f})"
    return f"{wall:.2f}", f"{cpu:.2f}", f"{measured.ratio:.2f}", frame, ray, f"{median.peak_rss / 1e6:.0f}"


def _stage(median: Cost, name: str, seconds: float) -> str:
    took = median.stages.get(name)
    return "" if took is None else f"{took.cpu_s / seconds:.3f} ({took.wall_s / seconds:.3f})"
