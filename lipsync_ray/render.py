"""One chunk to its artifact: decode, composite and encode, each in a thread of its own if there are CPUs."""

from __future__ import annotations

import resource
import socket
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np

from lipsync_ray.artifact import (
    ChunkRecord,
    artifact_name,
    load_record,
    save_notes,
    save_overlaps,
    save_record,
)
from lipsync_ray.compositing import Composited, RenderJob, crop_planes
from lipsync_ray.drawing import draw, plan_drawing
from lipsync_ray.engines.base import Engine
from lipsync_ray.media.frame import Frame
from lipsync_ray.media.mark import marked
from lipsync_ray.media.reader import open_reader
from lipsync_ray.media.writer import SegmentWriter
from lipsync_ray.plan import Chunk
from lipsync_ray.storage.whole import atomic_path
from lipsync_ray.threads import Prefetch, Sink, ahead_of, decoder_share


class Witness(Protocol):
    """Notes what will be asked of the source's frames while they are at hand."""

    def see(self, frame: Frame) -> None:
        """Note the source frame of the next frame that is encoded."""
        ...

    def to_arrays(self) -> Mapping[str, np.ndarray]:
        """What was noted, as a file can hold it."""
        ...


def chunk_name(job: RenderJob, chunk: Chunk) -> str:
    """Base name of a chunk's artifact: equal names hold equal pictures."""
    beyond = job.preset.every - 1  # so far outside lie drawn frames that its own lie between
    rows = slice(max(0, chunk.start - beyond), chunk.stop + beyond)
    cues = [{name: part[rows] for name, part in role.preparation.frames.items()} for role in job.roles]
    times = (job.timeline.time_base, job.timeline.pts[rows], job.timeline.source[rows])
    return artifact_name(chunk.index, job.key, chunk, times, cues)


def render_chunk(job: RenderJob, engine: Engine, chunk: Chunk, witness: Witness | None = None) -> ChunkRecord:
    """Render a chunk, or return the record of its artifact if that is finished already.

    ``witness`` is shown the source frames of the chunk's interior, in order.

    Raises:
        MediaError: a frame cannot be decoded, or the segment cannot be written.
    """
    name = chunk_name(job, chunk)
    done = load_record(job.folder, name)
    if done is not None:
        return done
    shared: dict[int, list[np.ndarray]] = {}
    drawing = plan_drawing(job, engine, chunk.start, chunk.stop)
    work = Work(job, name, witness)
    with open_reader(job.table, backend=job.reader, threads=decoder_share(job.threads)) as reader:
        decoding = Prefetch(reader.frames(drawing.source(job)), work.ahead)
        with decoding as frames:
            finished = draw(job, engine, drawing, frames)
            work.encode(_keep_overlaps(chunk, finished, shared))
    overlap_bytes = save_overlaps(job.folder, name, shared) if chunk.head or chunk.tail else 0
    return work.finish(chunk.interior, decode=decoding.seconds, overlap_bytes=overlap_bytes)


class Work:
    """One artifact in the making: encodes its frames and measures what that takes."""

    def __init__(self, job: RenderJob, name: str, witness: Witness | None) -> None:
        job.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.ahead = ahead_of(job.threads)
        self._encode = job.encode if job.encode.threads else replace(job.encode, threads=job.threads)
        self._job = job
        self._name = name
        self._witness = witness
        self._digests: list[str] = []
        self._seconds: dict[str, float] = {}
        self._bytes = 0
        self._begin = time.perf_counter()
        self._cpu = time.process_time()

    def encode(self, frames: Iterator[Composited]) -> None:
        """Encode frames to the segment; nothing is written where there are none."""
        path = self._job.folder / f"{self._name}.nut"
        first = next(frames, None)
        if first is None:
            return
        with atomic_path(path) as partial:
            self._encode_to(partial, first, frames)
            self._bytes = partial.stat().st_size

    def _encode_to(self, path: Path, first: Composited, frames: Iterator[Composited]) -> None:
        job, video = self._job, self._job.table.video
        writer = SegmentWriter(
            path,
            layout=first.frame.layout,
            size=(first.frame.width, first.frame.height),
            time_base=job.timeline.time_base,
            nominal_rate=job.timeline.nominal_rate,
            colour=video.colour,
            sar=video.sample_aspect_ratio,
            settings=self._encode,
            parameter_set=job.parameter_set,
        )

        def write(done: Composited) -> None:
            # Last of all: overlaps are faded and compared without it, and no two pieces draw it twice.
            frame = done.frame if job.mark is None else marked(done.frame, job.mark)
            writer.write(frame.planes, int(job.timeline.pts[done.number]))
            self._digests.append(done.digest)
            if self._witness is not None:
                self._witness.see(done.before)

        with writer:
            sink = Sink(write, self.ahead)
            with sink as put:
                put(first)
                for done in frames:
                    put(done)
        self._seconds["encode"] = sink.seconds

    def finish(self, interior: range, *, decode: float, overlap_bytes: int = 0) -> ChunkRecord:
        """Write the record: the artifact is done. ``decode`` is what decoding took, in seconds."""
        arrays = self._witness.to_arrays() if self._witness is not None and self._digests else {}
        self._seconds |= {"decode": decode, "wall": time.perf_counter() - self._begin}
        record = ChunkRecord(
            name=self._name,
            start=interior.start,
            stop=interior.start + len(self._digests),
            bytes=self._bytes,
            overlap_bytes=overlap_bytes,
            note_bytes=save_notes(self._job.folder, self._name, arrays) if arrays else 0,
            digests="\n".join(self._digests),
            seconds={stage: round(value, 3) for stage, value in self._seconds.items()},
            cpu_seconds=round(time.process_time() - self._cpu, 3),
            peak_rss_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
            host=socket.gethostname(),
        )
        save_record(self._job.folder, record)
        return record


def _keep_overlaps(
    chunk: Chunk, frames: Iterator[Composited], shared: dict[int, list[np.ndarray]]
) -> Iterator[Composited]:
    """Pass the interior on; keep the crops of frames that a neighbour renders too."""
    interior = chunk.interior
    for done in frames:
        if done.number in interior:
            yield done
        elif done.box is not None:
            shared[done.number] = [plane.copy() for plane in crop_planes(done.frame, done.box)]
