"""What is decided for a whole job once its faces are known: crops, chunks, what the engine needs."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from lipsync_ray.analysis import Analysis
from lipsync_ray.compositing import RenderJob
from lipsync_ray.config import Config
from lipsync_ray.copying import Copying, copyable, plan_copying
from lipsync_ray.driving import open_driving
from lipsync_ray.engines.base import Engine, Resources, Scene
from lipsync_ray.engines.registry import code_of
from lipsync_ray.fingerprint import code_version, fingerprint
from lipsync_ray.folders import private_folder
from lipsync_ray.heap import give_back
from lipsync_ray.inputs import Inputs
from lipsync_ray.jobs.bench import Bench
from lipsync_ray.jobs.choosing import choose_speakers, fetch_mouths
from lipsync_ray.jobs.places import JobSpec, inputs_here
from lipsync_ray.jobs.scanning import kept_mouths
from lipsync_ray.media.gops import Gops, NotCopied
from lipsync_ray.media.index import FrameTable
from lipsync_ray.people.tracks import Fetch
from lipsync_ray.plan import Chunk, Plan, cut_chunks, passed_through
from lipsync_ray.quality.aim import median_face
from lipsync_ray.render import chunk_name
from lipsync_ray.role import Role, enclosing
from lipsync_ray.speakers.cast import cast_of
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
    copying: Copying | None = None  # what is not encoded anew; None: that was not asked for


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
            analysis = choose_speakers(self.spec, config, inputs, self.scan, bench.site)
            if given.quality.enabled:
                analysis = measurable(analysis)
            kept = partial(kept_mouths, analysis.scan, self.scan, bench.site)
            analysis = _prepare(
                engine, self.spec, config, inputs, analysis, fetch_mouths(config, inputs, kept)
            )
            found = _copyable(given, inputs)
        number = (found.sets.free_number() or 0) if isinstance(found, Gops) else 0
        key = _key(given, inputs, analysis, engine, self.scan, number)
        job = job_of(self.spec, self.inputs.table, inputs, analysis, self.scan, key, number)
        copying = plan_copying(job, found) if isinstance(found, Gops) else found
        chunks = cut(given, inputs, analysis, engine.context.fade, copying)
        prepared = Prepared(
            plan=make_plan(given, inputs, analysis, chunks),
            key=key,
            names=[chunk_name(job, chunk) for chunk in chunks],
            digest=fingerprint(*(role.preparation.digest() for role in analysis.roles)),
            weights=dict(engine.weights),
            report=_told(analysis.roles),
            copying=copying,
        )
        return prepared, job


def _copyable(config: Config, inputs: Inputs) -> Gops | Copying | None:
    """What could be copied of the source, or why nothing can be; None where that is not asked for."""
    if not config.encode.copy_untouched:
        return None
    try:
        return copyable(inputs.table, config.encode, inputs.timeline, config.provenance.visible_mark)
    except NotCopied as error:
        return Copying(why=str(error))


def job_of(
    spec: JobSpec,
    table: FrameTable,
    inputs: Inputs,
    analysis: Analysis,
    scan: str,
    key: str,
    parameter_set: int = 0,
) -> RenderJob:
    """What chunks of a job have in common, with no path of this machine but in ``table``."""
    given = spec.config
    return RenderJob(
        table=table,
        timeline=inputs.timeline,
        scan=replace(analysis.scan, folder=Path(scan)),
        roles=analysis.roles,
        engine=given.engine.name,
        engine_settings=given.engine,
        resources=resources_of(given),
        preset=given.preset,
        encode=given.encode,
        reader=given.media.reader,
        batch=given.chunk.batch,
        folder=Path(),
        key=key,
        code=code_version(),
        mark=given.provenance.visible_mark,
        parameter_set=parameter_set,
    )


def measurable(analysis: Analysis) -> Analysis:
    """The analysis with what a dub of it is measured by."""
    roles = (replace(role, reference=median_face(analysis.scan, role.target)) for role in analysis.roles)
    return replace(analysis, roles=tuple(roles))


def resources_of(config: Config) -> Resources:
    """What the engine of a job draws with."""
    return Resources(
        weights=config.weights.store(config.license.policy),
        compute=config.compute,
        enhance=config.enhance,
        blend=config.blend,
        threads=config.ray.threads,
    )


def cut(
    config: Config, inputs: Inputs, analysis: Analysis, fade: int, copying: Copying | None = None
) -> list[Chunk]:
    """The chunks of a job; neighbours share ``fade`` frames unless the settings say otherwise."""
    source, shot = inputs.timeline.source, analysis.roles[0].target.shot
    keys = np.searchsorted(inputs.table.pts, inputs.table.key_pts)
    jumps = inputs.timeline.breaks() | (np.diff(shot[source], prepend=-1) != 0)
    return cut_chunks(
        inputs.timeline.times(),
        seconds=config.chunk.seconds,
        overlap=fade if config.chunk.overlap is None else config.chunk.overlap,
        shot_starts=np.flatnonzero(jumps).tolist(),
        key_frames=np.flatnonzero(np.isin(source, keys)).tolist(),
        copied=copying.pieces if copying else (),
    )


def make_plan(config: Config, inputs: Inputs, analysis: Analysis, chunks: list[Chunk]) -> Plan:
    """The plan as it is written and told."""
    shots = sorted({shot for role in analysis.roles for shot in role.crops})
    boxes = {
        shot: enclosing(role.crops[shot] for role in analysis.roles if shot in role.crops) for shot in shots
    }
    return Plan(
        source_hash=inputs.source_hash,
        audio_hash=inputs.audio_hash,
        drive_hash=inputs.drive_hash,
        engine=config.engine.name,
        frames=len(inputs.timeline),
        crops={shot: (box.x0, box.y0, box.x1, box.y1) for shot, box in boxes.items() if box},
        shots=analysis.shots,
        passed_through=passed_through(analysis.target.reason[inputs.timeline.source]),
        chunks=chunks,
    )


def _prepare(
    engine: Engine, spec: JobSpec, config: Config, inputs: Inputs, analysis: Analysis, mouths: Fetch
) -> Analysis:
    """The analysis with what the engine has decided for each role."""
    model = spec.speech or speech_model(config.speech.name)
    speakers = {speaker.name: speaker for speaker in cast_of(config.speakers.rows)}

    def prepared(role: Role, folder: Path) -> Role:
        scene = Scene(
            table=inputs.table,
            timeline=inputs.timeline,
            scan=analysis.scan,
            target=role.target,
            crops=role.crops,
            speech=open_driving(config, inputs, model, folder, speakers.get(role.name)),
            times=inputs.timeline.times(),
            fetch=mouths,
            reference=role.reference,
        )
        return replace(role, preparation=engine.prepare(scene))

    roles = []
    for role in analysis.roles:
        with private_folder() as folder:
            roles.append(prepared(role, folder))
        give_back()
    return replace(analysis, roles=tuple(roles))


def _told(roles: Sequence[Role]) -> dict[str, Any]:
    """What the preparations tell people: by name, where there are several."""
    if len(roles) == 1:
        return dict(roles[0].preparation.report)
    return {"speakers": {role.name: dict(role.preparation.report) for role in roles}}


def _key(
    config: Config,
    inputs: Inputs,
    analysis: Analysis,
    engine: Engine,
    scan: str,
    parameter_set: int,
) -> str:
    """Hash of all that determines every chunk's pictures; a chunk's own rows are in its own name."""
    code = (code_version(), code_of(engine), dict(engine.weights))
    drawing = (config.compute, config.enhance, config.blend, config.preset, config.provenance.visible_mark)
    facts = (inputs.source_hash, inputs.timeline, config.engine, config.encode, config.media)
    faces = [
        (
            role.target.face,
            role.target.strength,
            role.target.shot,
            role.crops,
            role.preparation.views,
            role.preparation.shared,
        )
        for role in analysis.roles
    ]
    return fingerprint(code, facts, drawing, config.chunk.batch, scan, faces, parameter_set)[:32]
