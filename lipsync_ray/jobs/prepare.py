"""What is decided for a whole job once its faces are known: crops, chunks, what the engine needs."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from lipsync_ray.analysis import Analysis
from lipsync_ray.compositing import RenderJob
from lipsync_ray.config import Config
from lipsync_ray.driving import open_driving
from lipsync_ray.engines.base import Engine, Preparation, Resources, Scene
from lipsync_ray.engines.registry import code_of
from lipsync_ray.fingerprint import code_version, fingerprint
from lipsync_ray.folders import private_folder
from lipsync_ray.inputs import Inputs
from lipsync_ray.jobs.bench import Bench
from lipsync_ray.jobs.choosing import choose_speaker, fetch_from
from lipsync_ray.jobs.places import JobSpec, inputs_here
from lipsync_ray.media.index import FrameTable
from lipsync_ray.plan import Chunk, Plan, cut_chunks, passed_through
from lipsync_ray.render import chunk_name
from lipsync_ray.speech.model import speech_model


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What is known of a job that is ready to be rendered; what chunks share is apart, as it is large."""

    plan: Plan
    key: str  # hash of all that determines the pictures
    names: list[str]  # of the artifacts of the plan's chunks
    digest: str  # of the preparation
    weights: dict[str, str]  # SHA-256 by name of the engine's weight files
    report: dict[str, Any]  # what the preparation tells people


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepare:
    """Choose the speaker, cut the job, and let the engine prepare."""

    spec: JobSpec
    inputs: Inputs
    scan: str  # folder of the finished scan

    def run(self, bench: Bench) -> tuple[Prepared, RenderJob]:
        """What is decided, and everything that chunks have in common, without folders of any machine."""
        given = self.spec.config
        resources = resources_of(given)
        engine = bench.engine(given.engine.name, given.engine, resources)
        with ExitStack() as stack:
            config, inputs = inputs_here(self.spec, self.inputs, bench.site, stack)
            analysis = choose_speaker(self.spec, config, inputs, self.scan, bench.site)
            preparation = _prepare(engine, self.spec, config, inputs, analysis)
        key = _key(given, inputs, analysis, preparation, engine, self.scan)
        chunks = cut(given, inputs, analysis, engine.context.fade)
        job = job_of(self.spec, self.inputs.table, inputs, analysis, self.scan, preparation, key)
        prepared = Prepared(
            plan=make_plan(given, inputs, analysis, chunks),
            key=key,
            names=[chunk_name(job, chunk) for chunk in chunks],
            digest=preparation.digest(),
            weights=dict(engine.weights),
            report=dict(preparation.report),
        )
        return prepared, job


def job_of(
    spec: JobSpec,
    table: FrameTable,
    inputs: Inputs,
    analysis: Analysis,
    scan: str,
    preparation: Preparation,
    key: str,
) -> RenderJob:
    """What chunks of a job have in common, with no path of this machine but in ``table``."""
    given = spec.config
    return RenderJob(
        table=table,
        timeline=inputs.timeline,
        scan=replace(analysis.scan, folder=Path(scan)),
        target=analysis.target,
        crops=analysis.crops,
        engine=given.engine.name,
        engine_settings=given.engine,
        resources=resources_of(given),
        preset=given.preset,
        preparation=preparation,
        encode=given.encode,
        reader=given.media.reader,
        batch=given.chunk.batch,
        folder=Path(),
        key=key,
        code=code_version(),
    )


def resources_of(config: Config) -> Resources:
    """What the engine of a job draws with."""
    return Resources(
        weights=config.weights.store(config.license.policy),
        compute=config.compute,
        enhance=config.enhance,
        blend=config.blend,
        threads=config.ray.threads,
    )


def cut(config: Config, inputs: Inputs, analysis: Analysis, fade: int) -> list[Chunk]:
    """The chunks of a job; neighbours share ``fade`` frames unless the settings say otherwise."""
    source = inputs.timeline.source
    keys = np.searchsorted(inputs.table.pts, inputs.table.key_pts)
    jumps = inputs.timeline.breaks() | (np.diff(analysis.target.shot[source], prepend=-1) != 0)
    return cut_chunks(
        inputs.timeline.times(),
        seconds=config.chunk.seconds,
        overlap=fade if config.chunk.overlap is None else config.chunk.overlap,
        shot_starts=np.flatnonzero(jumps).tolist(),
        key_frames=np.flatnonzero(np.isin(source, keys)).tolist(),
    )


def make_plan(config: Config, inputs: Inputs, analysis: Analysis, chunks: list[Chunk]) -> Plan:
    """The plan as it is written and told."""
    return Plan(
        source_hash=inputs.source_hash,
        audio_hash=inputs.audio_hash,
        drive_hash=inputs.drive_hash,
        engine=config.engine.name,
        frames=len(inputs.timeline),
        crops={shot: (box.x0, box.y0, box.x1, box.y1) for shot, box in analysis.crops.items()},
        shots=analysis.shots,
        passed_through=passed_through(analysis.target.reason[inputs.timeline.source]),
        chunks=chunks,
    )


def _prepare(
    engine: Engine, spec: JobSpec, config: Config, inputs: Inputs, analysis: Analysis
) -> Preparation:
    model = spec.speech or speech_model(config.speech.name)
    with private_folder() as folder:
        scene = Scene(
            table=inputs.table,
            timeline=inputs.timeline,
            scan=analysis.scan,
            target=analysis.target,
            crops=analysis.crops,
            speech=open_driving(config, inputs, model, folder),
            times=inputs.timeline.times(),
            fetch=fetch_from(config, inputs),
        )
        return engine.prepare(scene)


def _key(
    config: Config,
    inputs: Inputs,
    analysis: Analysis,
    preparation: Preparation,
    engine: Engine,
    scan: str,
) -> str:
    """Hash of all that determines every chunk's pictures; a chunk's own rows are in its own name."""
    target = analysis.target
    code = (code_version(), code_of(engine), dict(engine.weights))
    drawing = (config.compute, config.enhance, config.blend, config.preset)
    facts = (inputs.source_hash, inputs.timeline, config.engine, config.encode, config.media)
    faces = (scan, target.face, target.strength, target.shot, analysis.crops)
    return fingerprint(code, facts, drawing, config.chunk.batch, faces, preparation.shared)[:32]
