"""The plan: how a job is cut into chunks. Data, made once on the driver, before anything is rendered."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from lipsync_ray.errors import ConfigError, PlanError
from lipsync_ray.faces.select import Reason
from lipsync_ray.storage.whole import atomic_path


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkSettings:
    """How a job is cut and how stubbornly a piece is tried."""

    seconds: float = 10.0  # wanted length; cuts move to shot cuts and keyframes nearby
    overlap: int | None = None  # frames rendered twice and cross-faded; null: what the engine asks for
    batch: int = 8  # frames that go through an engine together

    def __post_init__(self) -> None:
        if not self.seconds > 0:
            raise ConfigError(f"chunk.seconds={self.seconds} must be above 0")
        if self.overlap is not None and self.overlap < 0:
            raise ConfigError(f"chunk.overlap={self.overlap} must be 0 or more")
        if self.batch < 1:
            raise ConfigError(f"chunk.batch={self.batch} must be 1 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A half-open run of output frames that one worker renders.

    ``head`` and ``tail`` frames are rendered twice, by this chunk and its neighbour, and
    cross-faded in the stitch; the first chunk has no head, the last no tail.
    """

    index: int
    start: int  # output frame, included
    stop: int  # output frame, excluded
    head: int  # frames shared with the previous chunk
    tail: int  # frames shared with the next chunk
    copied: bool = False  # it is the source's own packets: nothing is rendered

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.stop or self.head + self.tail > len(self):
            raise PlanError(f"chunk {self.index} cannot hold its overlaps: {self}")

    def __len__(self) -> int:
        return self.stop - self.start

    @property
    def interior(self) -> range:
        """Output frames that this chunk alone renders."""
        return range(self.start + self.head, self.stop - self.tail)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything decided before rendering, small enough to read: written as ``plan.json``."""

    source_hash: str  # SHA-256 of the video file
    audio_hash: str  # SHA-256 of the delivered sound
    drive_hash: str  # SHA-256 of the sound that the mouth follows
    engine: str
    frames: int  # output frames
    crops: dict[int, tuple[int, int, int, int]]  # union crop by shot: x0 y0 x1 y1, upright pixels
    shots: list[int]  # first source frame of each shot
    passed_through: dict[str, int]  # output frames left as they are, by reason
    chunks: list[Chunk]

    def write(self, path: Path) -> None:
        """Write the plan as JSON, whole or not at all."""
        with atomic_path(path) as temporary:
            temporary.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")


def passed_through(reasons: np.ndarray) -> dict[str, int]:
    """Output frames that are left as they are, by reason; ``reasons`` are ``faces.select.Reason`` values."""
    return {
        reason.name.lower(): int((reasons == reason).sum()) for reason in Reason if reason != Reason.USABLE
    }


def fade_weights(overlap: int) -> np.ndarray:
    """Weight of the later chunk over an overlap, ``float64[overlap]`` rising inside (0, 1).

    Raised cosine; the earlier chunk gets one minus it, so the two always sum to 1 and a
    constant picture stays constant. Depends on nothing but the overlap: a short last
    chunk fades like any other.
    """
    return 0.5 - 0.5 * np.cos(np.pi * (np.arange(overlap) + 0.5) / overlap)


def cut_chunks(
    times: np.ndarray,
    *,
    seconds: float,
    overlap: int,
    shot_starts: Sequence[int] = (),
    key_frames: Sequence[int] = (),
    copied: Sequence[tuple[int, int]] = (),
) -> list[Chunk]:
    """Cut output frames into chunks of about ``seconds``.

    A cut moves to the nearest shot start within a quarter of a chunk (where no overlap is needed:
    nothing is shared across a shot cut), else to the nearest frame decoded from a keyframe within a
    tenth (where a worker need not decode what it does not render).

    Args:
        times: ``float64[T]`` s, time of each output frame, ascending.
        seconds: wanted length of a chunk.
        overlap: frames that neighbours share away from shot cuts.
        shot_starts: output frames that begin a shot.
        key_frames: output frames that show a keyframe of the source.
        copied: output frames ``[start, stop)`` that are copied, each a chunk that shares no frame; in order.
    """
    if not len(times):
        raise PlanError("the output would have no frame; check the lengths of video and audio")
    chunks: list[Chunk] = []
    reached = 0
    for start, stop in (*copied, (len(times), len(times))):
        if reached < start:
            near = [
                [mark - reached for mark in marks if reached <= mark < start]
                for marks in (shot_starts, key_frames)
            ]
            part = _cut(times[reached:start], seconds, overlap, *near)
            chunks += [replace(one, start=one.start + reached, stop=one.stop + reached) for one in part]
        if start < stop:
            chunks.append(Chunk(index=0, start=start, stop=stop, head=0, tail=0, copied=True))
        reached = stop
    return [replace(chunk, index=index) for index, chunk in enumerate(chunks)]


def _cut(
    times: np.ndarray, seconds: float, overlap: int, shot_starts: Sequence[int], key_frames: Sequence[int]
) -> list[Chunk]:
    """``cut_chunks`` of a stretch that is rendered, as if it was all there is."""
    total = len(times)
    duration = float(times[-1] - times[0]) * total / max(total - 1, 1)
    count = max(1, round(duration / seconds))
    wanted = times[0] + duration * np.arange(1, count) / count
    length = total / count
    cuts = {0}
    for at in np.searchsorted(times, wanted).tolist():
        near = _nearest(shot_starts, at, 0.25 * length)
        if near is None:
            near = _nearest(key_frames, at, 0.1 * length)
        cuts.add(at if near is None else near)
    return _with_overlaps(_spread(sorted(cuts), total, overlap), total, overlap, set(shot_starts))


def _nearest(marks: Sequence[int], at: int, within: float) -> int | None:
    if not len(marks):
        return None
    best = min(marks, key=lambda mark: (abs(mark - at), mark))
    return int(best) if abs(best - at) <= within else None


def _spread(cuts: list[int], total: int, overlap: int) -> list[int]:
    """Drop cuts that would leave a chunk too short to hold its two overlaps."""
    shortest = max(1, 2 * overlap)
    kept = [0]
    for cut in cuts[1:]:
        if cut - kept[-1] >= shortest and total - cut >= shortest:
            kept.append(cut)
    return kept


def _with_overlaps(cuts: list[int], total: int, overlap: int, shot_starts: set[int]) -> list[Chunk]:
    before = [overlap // 2 if cut and cut not in shot_starts else 0 for cut in cuts]
    after = [overlap - overlap // 2 if cut and cut not in shot_starts else 0 for cut in cuts]
    chunks = []
    for index, cut in enumerate(cuts):
        last = index + 1 == len(cuts)
        stop = total if last else cuts[index + 1] + after[index + 1]
        tail = 0 if last else before[index + 1] + after[index + 1]
        head = before[index] + after[index]
        chunks.append(Chunk(index=index, start=cut - before[index], stop=stop, head=head, tail=tail))
    return chunks
