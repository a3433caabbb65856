"""``encode.copy_untouched``: output frames that are the source's own packets, and the artifacts of these."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from lipsync_ray.artifact import ChunkRecord, load_record, save_record
from lipsync_ray.compositing import RenderJob, drawn_frames
from lipsync_ray.folders import private_folder
from lipsync_ray.media.copied import copy_segment
from lipsync_ray.media.encoders import EncodeSettings
from lipsync_ray.media.gops import Gops, NotCopied, find_gops
from lipsync_ray.media.h264 import Picture
from lipsync_ray.media.output_times import Timeline
from lipsync_ray.media.parameter_sets import read_header
from lipsync_ray.media.table import FrameTable
from lipsync_ray.media.writer import SegmentWriter
from lipsync_ray.plan import Chunk
from lipsync_ray.render import chunk_name
from lipsync_ray.storage.whole import atomic_path

# A stretch ends what is encoded before it and begins it anew behind: a keyframe more, and frames that the
# encoder cannot look ahead to. From about two seconds on that is little beside what is saved.
LEAST_SECONDS = 2.0
PIECE_SECONDS = 60.0  # of one artifact: a film's worth in one would be moved as a whole
_COPIES = "libx264"  # the one encoder that can give its parameter sets another number than the source's


@dataclass(frozen=True, slots=True, kw_only=True)
class Copying:
    """What is copied of a job's source."""

    pieces: tuple[tuple[int, int], ...] = ()  # output frames ``[start, stop)`` of each artifact, in order
    why: str = ""  # nothing is, where nothing is

    @property
    def frames(self) -> int:
        """Output frames that are copied."""
        return sum(stop - start for start, stop in self.pieces)

    @property
    def ranges(self) -> list[tuple[int, int]]:
        """Output frames ``[start, stop)``, adjacent pieces as one."""
        merged: list[tuple[int, int]] = []
        for start, stop in self.pieces:
            if merged and merged[-1][1] == start:
                start = merged.pop()[0]
            merged.append((start, stop))
        return merged

    def to_plain(self) -> dict[str, Any]:
        """What the sidecar says."""
        return {"frames": self.frames, "ranges": self.ranges, "why_not": self.why or None}

    def text(self, total: int) -> str:
        """One line for a person; ``total`` frames has the output."""
        if not self.pieces:
            return f"no frame is copied from the source: {self.why}"
        return f"{self.frames} of {total} frames are copied from the source as they are"


def copyable(table: FrameTable, settings: EncodeSettings, timeline: Timeline, mark: str | None) -> Gops:
    """What could be copied of a source, if nothing was drawn in it.

    Raises:
        NotCopied: nothing, as its packets and those of the encoder cannot live in one track.
        VideoUnreadable: it cannot be read.
    """
    video = table.video
    codec = settings.concrete(video.layout)
    if codec != _COPIES:
        raise NotCopied(
            f"the output is encoded by {codec}, and only those of {_COPIES} can be joined with copies"
        )
    if mark is not None:
        raise NotCopied("provenance.visible_mark is drawn over every frame")
    if video.rotation or video.mirrored:
        raise NotCopied("the source's pictures are turned, and the output's are upright")
    gops = find_gops(table)
    if gops.sets.free_number() is None:
        raise NotCopied("the source takes all numbers of parameter sets")
    ours = _encoders_picture(table, settings, timeline)
    for one in gops.sets.sequences:
        _compare(one.picture, ours)
    return gops


def _compare(source: Picture, ours: Picture) -> None:
    """See whether pictures are of one kind for a player. Raises NotCopied."""
    if not source.progressive:
        raise NotCopied("the source may hold interlaced pictures")
    if source.chroma not in (1, 2):  # old encoders' 4:4:4 is decoded by a note at the head of their file
        raise NotCopied("the source's pictures are neither 4:2:0 nor 4:2:2")
    other = [f.name for f in fields(Picture) if getattr(source, f.name) != getattr(ours, f.name)]
    if other:
        raise NotCopied(f"the source's pictures differ from the encoder's in: {', '.join(other)}")


def _encoders_picture(table: FrameTable, settings: EncodeSettings, timeline: Timeline) -> Picture:
    """What the encoder says of the pictures of this job."""
    video = table.video
    with private_folder() as folder:
        writer = SegmentWriter(
            folder / "header.nut",
            layout=video.layout,
            size=(video.width, video.height),
            time_base=timeline.time_base,
            nominal_rate=timeline.nominal_rate,
            colour=video.colour,
            sar=video.sample_aspect_ratio,
            settings=settings,
        )
        sets = read_header(writer.header)
        writer.discard()
    return sets.sequences[0].picture


def plan_copying(job: RenderJob, gops: Gops) -> Copying:
    """Choose what is copied of a job: long stretches in which nobody is drawn."""
    touched = np.any([drawn_frames(job, role) for role in job.roles], axis=0)
    stretches = untouched_stretches(job.timeline, job.table, gops, touched)
    if not stretches:
        return Copying(why="each group of its pictures is drawn in, cut, repeated or shown at other times")
    pieces = long_pieces(stretches, np.append(job.timeline.times(), float(job.timeline.duration)))
    return Copying(
        pieces=pieces, why="" if pieces else f"no stretch that nobody touches lasts {LEAST_SECONDS:g} s"
    )


def untouched_stretches(
    timeline: Timeline, table: FrameTable, gops: Gops, touched: np.ndarray
) -> list[list[int]]:
    """Adjacent groups of the source that the output shows once, in order and at their own pace.

    Args:
        timeline: of T output frames.
        table: of the source.
        gops: of the source.
        touched: ``bool[T]``, frames in which something is drawn.

    Returns:
        For each stretch the output frames at which its groups begin, and at which it ends.
    """
    source, count = timeline.source, len(table)
    if len(source) < 2:
        return []
    place = np.full(count, -1, np.int64)  # of each source frame in the output
    place[source] = np.arange(len(source))
    plain = (np.bincount(source, minlength=count) == 1) & ~touched[place]
    # Whether the frame after each follows it in the output as well, after the same time.
    clock = table.video.time_base / timeline.time_base
    paced = np.diff(timeline.pts)[np.minimum(place[:-1], len(source) - 2)] * clock.denominator
    follows = np.append((np.diff(place) == 1) & (paced == np.diff(table.pts) * clock.numerator), False)
    stretches: list[list[int]] = []
    end = -1  # source frame behind the last group that was taken
    for start, stop in zip(gops.start.tolist(), gops.stop.tolist(), strict=True):
        if not plain[start:stop].all() or not follows[start : stop - 1].all():
            continue
        first = int(place[start])
        if end != start or not follows[start - 1]:
            stretches.append([first])
        stretches[-1].append(first + stop - start)
        end = stop
    return stretches


def long_pieces(
    stretches: Sequence[Sequence[int]],
    times: np.ndarray,
    *,
    least: float = LEAST_SECONDS,
    most: float = PIECE_SECONDS,
) -> tuple[tuple[int, int], ...]:
    """Output frames ``[start, stop)`` of the artifacts that hold what is long enough, in order.

    Args:
        stretches: as ``untouched_stretches`` returns them.
        times: ``float64[T + 1]`` s, when each output frame begins, and when the last ends.
        least: seconds that a stretch must last.
        most: seconds after which a piece ends with the next group.
    """
    pieces: list[tuple[int, int]] = []
    for edges in stretches:
        start, end = edges[0], edges[-1]
        if times[end] - times[start] < least:
            continue
        for edge in edges[1:]:
            if edge == end or times[edge] - times[start] >= most:
                pieces.append((start, edge))
                start = edge
    return tuple(sorted(pieces))


def copy_chunk(job: RenderJob, chunk: Chunk) -> ChunkRecord:
    """Copy a chunk's packets, or return the record of its artifact if that is finished already.

    Raises:
        MediaError: the source cannot be read, or the segment cannot be written.
    """
    name = chunk_name(job, chunk)
    done = load_record(job.folder, name)
    if done is not None:
        return done
    begin, cpu = time.perf_counter(), time.process_time()
    job.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    first, rows = int(job.timeline.source[chunk.start]), slice(chunk.start, chunk.stop)
    with atomic_path(job.folder / f"{name}.nut") as path:
        copy_segment(path, job.table, first, job.timeline.pts[rows], job.timeline.time_base)
        size = path.stat().st_size
    record = ChunkRecord(
        name=name,
        start=chunk.start,
        stop=chunk.stop,
        bytes=size,
        overlap_bytes=0,
        digests="\n" * (len(chunk) - 1),
        seconds={"wall": round(time.perf_counter() - begin, 3)},
        cpu_seconds=round(time.process_time() - cpu, 3),
        host=socket.gethostname(),
    )
    save_record(job.folder, record)
    return record
