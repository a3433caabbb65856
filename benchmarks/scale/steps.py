"""The steps of jobs without their work: what each would return, how much it is, and what has to travel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from costs import Costs, Rate, Sizes
from videos import Video, inputs_of

from lipsync_ray.artifact import ChunkRecord
from lipsync_ray.inputs import Inputs
from lipsync_ray.jobs.examine import Examine
from lipsync_ray.jobs.finish import Finish, FinishSource
from lipsync_ray.jobs.pieces import Piece, Untouched
from lipsync_ray.jobs.prepare import Prepare, Prepared
from lipsync_ray.jobs.probe import Probe
from lipsync_ray.jobs.scanning import ScanStep
from lipsync_ray.media.glance import Glance
from lipsync_ray.plan import Plan, cut_chunks
from lipsync_ray.seam import Seam, seam_name
from lipsync_ray.sidecar import Result
from lipsync_ray.stitch import assemble


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a step asks of its worker."""

    kind: str
    value: Any
    frames: int
    rate: Rate
    held: dict[str, float]  # bytes by key: fetched from the storage once for a node
    told: dict[str, float]  # likewise, out of the driver's object store
    read: float = 0.0  # bytes from the storage
    written: float = 0.0

    @property
    def seconds(self) -> float:
        """Of a worker of the usual speed, without waiting for bytes."""
        return self.rate.of(self.frames)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """Stands for the ``RenderJob``: what the course of a job asks of it."""

    batch: int
    frames: int
    roles: tuple[()] = ()  # nobody's frames are told of in a manifest


class Steps:
    """Knows the videos, and so what every payload of their jobs would do."""

    def __init__(self, videos: Mapping[str, Video], costs: Costs, sizes: Sizes) -> None:
        self._videos = videos
        self._costs = costs
        self._sizes = sizes

    def load(self, payload: Any) -> Load:
        """The load of a step of any kind."""
        match payload:
            case Probe():
                video = self._videos[payload.spec.config.video]
                value = Glance(seconds=video.seconds)
                load = self._load("probe", video, value, 1)
                return replace(load, held={}, read=self._sizes.glance)
            case Examine():
                video = self._videos[payload.spec.config.video]
                return self._load("examine", video, inputs_of(video, payload.spec.config), video.frames)
            case ScanStep():
                source = payload.source.get()
                frames = sum(stop - start for start, stop in payload.ranges)
                load = self._load("scan", self._videos[source.config.video], frames, frames)
                return replace(load, written=frames * self._sizes.part)
            case Prepare():
                return self._prepare(payload)
            case Piece():
                return self._piece(payload)
            case Finish():
                return self._finish(payload.source.get())
        raise TypeError(f"{payload!r} is no step of a job")

    def _load(self, kind: str, video: Video, value: Any, frames: int) -> Load:
        held = {video.place: video.frames * self._sizes.video}
        rate = getattr(self._costs, kind)
        return Load(kind=kind, value=value, frames=frames, rate=rate, held=held, told={})

    def _prepare(self, step: Prepare) -> Load:
        video = self._videos[step.spec.config.video]
        plan, key = plan_of(step), f"key-{step.spec.name}"
        prepared = Prepared(
            plan=plan,
            key=key,
            names=[f"{chunk.index:05d}-{key}" for chunk in plan.chunks],
            digest="",
            weights={},
            report={},
        )
        value = (prepared, Drawing(batch=step.spec.config.chunk.batch, frames=video.frames))
        return replace(
            self._load("prepare", video, value, video.frames), read=video.frames * self._sizes.part
        )

    def _piece(self, piece: Piece) -> Load:
        source, what = piece.source.get(), piece.what
        video, drawing = self._videos[source.config.video], source.job
        if isinstance(what, Seam):
            kind, span, frames = "seam", (what.start, what.stop), what.stop - what.start
            name, overlap = seam_name(piece.key, what), 0
        else:
            chunk = what.chunk if isinstance(what, Untouched) else what
            kind, span, frames = "chunk", (chunk.interior.start, chunk.interior.stop), len(chunk)
            name, overlap = f"{chunk.index:05d}-{piece.key}", chunk.head + chunk.tail
        record = ChunkRecord(
            name=name,
            start=span[0],
            stop=span[1],
            bytes=round((span[1] - span[0]) * self._sizes.artifact),
            overlap_bytes=overlap,
            digests="\n" * (span[1] - span[0] - 1),
        )
        load = self._load(kind, video, record, frames)
        load.held[f"faces of {video.place}"] = video.frames * self._sizes.part
        told = {piece.key: drawing.frames * self._sizes.job}
        return replace(load, told=told, written=float(record.bytes))

    def _finish(self, source: FinishSource) -> Load:
        """Joins what was made, as ``Finish`` does: a frame that is missing or there twice is an error."""
        frames, chunks = source.prepared.plan.frames, source.prepared.plan.chunks
        whole = assemble(chunks, source.records, source.seams, Path(), frames)
        result = Result(
            out="",
            sidecar="",
            frames=frames,
            seconds=float(source.inputs.timeline.duration),
            digest=str(len(whole.edited)),
            passed_through={},
            untouched_chunks=source.untouched,
        )
        size = frames * self._sizes.artifact
        video = self._videos[source.spec.config.video]
        return replace(self._load("finish", video, result, frames), read=size, written=size)


def plan_of(step: Prepare) -> Plan:
    """The plan of a video without shot cuts, cut as ``Prepare`` cuts it."""
    config, inputs = step.spec.config, step.inputs
    source = inputs.timeline.source
    keys = np.searchsorted(inputs.table.pts, inputs.table.key_pts)
    chunks = cut_chunks(
        inputs.timeline.times(),
        seconds=config.chunk.seconds,
        overlap=config.chunk.overlap or 0,
        shot_starts=np.flatnonzero(inputs.timeline.breaks()).tolist(),
        key_frames=np.flatnonzero(np.isin(source, keys)).tolist(),
    )
    return _plan(config.engine.name, inputs, chunks)


def _plan(engine: str, inputs: Inputs, chunks: list) -> Plan:
    return Plan(
        source_hash=inputs.source_hash,
        audio_hash=inputs.audio_hash,
        drive_hash=inputs.drive_hash,
        engine=engine,
        frames=len(inputs.timeline),
        crops={},
        shots=[0],
        passed_through={},
        chunks=chunks,
    )
