"""One job from its inputs to its output: examine, scan, prepare, render, stitch."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

import lipsync_ray
from lipsync_ray.analysis import Analysis, analyse
from lipsync_ray.compositing import RenderJob
from lipsync_ray.config import Config, to_plain
from lipsync_ray.distributed.ray_cluster import ray_session
from lipsync_ray.distributed.ray_tasks import map_tasks
from lipsync_ray.distributed.rendering import Rendered, Rendering
from lipsync_ray.distributed.session import Session
from lipsync_ray.driving import open_driving
from lipsync_ray.engines.base import Preparation, Resources, Scene
from lipsync_ray.engines.registry import code_of, load_engine
from lipsync_ray.errors import ConfigError
from lipsync_ray.fingerprint import code_version, fingerprint
from lipsync_ray.folders import private_folder
from lipsync_ray.harvest import cut_crops, fetch_crops
from lipsync_ray.inputs import Inputs, open_inputs
from lipsync_ray.media.delivery import promised_end
from lipsync_ray.media.mux import mux, verify
from lipsync_ray.media.storage import atomic_path, check_folder
from lipsync_ray.plan import Chunk, Plan, cut_chunks, passed_through
from lipsync_ray.progress import NullProgress, Progress
from lipsync_ray.sidecar import Clock, Result, write_sidecar
from lipsync_ray.speech.model import SpeechModel, speech_model
from lipsync_ray.triage import Triage, make_triage
from lipsync_ray.workspace import job_folder, scan_folder


def dub(config: Config, *, progress: Progress | None = None, speech: SpeechModel | None = None) -> Result:
    """Dub one video.

    Args:
        config: the job; ``out`` must be set.
        progress: told how far the work is.
        speech: used instead of the model that ``config.speech`` names.

    Raises:
        LipsyncError: see ``errors``; nothing half-written is left at ``out``.
    """
    if config.out is None:
        raise ConfigError("out is missing: name the file to write, such as out=dubbed.mp4")
    out = check_folder(config.out)
    files = {"video": config.video, "audio": config.audio.file, "audio.drive": config.audio.drive}
    for name, given in files.items():
        if given is not None and out.exists() and Path(given).exists() and out.samefile(given):
            raise ConfigError(f"out={config.out} is the {name} itself; give the output another name")
    job = _Job(config, out, progress or NullProgress(), speech)
    with ExitStack() as stack:
        return job.run(stack)


def plan(config: Config, *, progress: Progress | None = None) -> Triage:
    """Examine and scan a job as ``dub`` would, and say what a run would do; nothing is rendered.

    Raises:
        LipsyncError: what would also stop the run.
    """
    job = _Job(config, Path(config.out or "out.mp4"), progress or NullProgress(), None)
    with ExitStack() as stack:
        return job.triage(stack)


class _Job:
    """The stages of one job; each is timed and shown."""

    def __init__(self, config: Config, out: Path, progress: Progress, speech: SpeechModel | None) -> None:
        self._config = config
        self._out = out
        self._progress = progress
        self._speech = speech or speech_model(config.speech.name)
        self._resources = _resources(config)
        self._engine = load_engine(config.engine.name, config.engine, self._resources)
        self._clock = Clock()

    def run(self, stack: ExitStack) -> Result:
        """All stages in order; ``stack`` holds what has to be closed at the end."""
        inputs, session, analysis = self._look(stack)
        with self._clock.stage("prepare"):
            preparation = self._prepare(inputs, analysis, session)
            key = self._key(inputs, analysis, preparation)
        chunks = self._cut(inputs, analysis)
        plan = _plan(self._config, inputs, analysis, chunks)
        folder = stack.enter_context(job_folder(self._config.cache, key))
        plan.write(folder / "plan.json")
        job = self._render_job(inputs, analysis, preparation, folder, key)
        with self._clock.stage("render"):
            rendered = self._render(job, chunks, session)
        with self._clock.stage("stitch"):
            self._stitch(inputs, rendered)
        return self._conclude(inputs, plan, preparation, rendered)

    def triage(self, stack: ExitStack) -> Triage:
        """The stages that need no rendering."""
        inputs, _, analysis = self._look(stack)
        chunks = self._cut(inputs, analysis)
        return make_triage(self._config, inputs, analysis, _plan(self._config, inputs, analysis, chunks))

    def _look(self, stack: ExitStack) -> tuple[Inputs, Session, Analysis]:
        config = self._config
        stack.enter_context(threadpool_limits(1))  # small matrices: more threads only wait for each other
        with self._clock.stage("examine"):
            inputs = open_inputs(config, stack.enter_context(private_folder()))
        scans = stack.enter_context(scan_folder(config.cache))
        with self._clock.stage("start"):
            session = stack.enter_context(ray_session(config.ray))
        with self._clock.stage("scan"):
            return inputs, session, self._scan(inputs, scans, session)

    def _scan(self, inputs: Inputs, folder: Path, session: Session) -> Analysis:
        config = self._config
        self._progress.stage("faces", len(inputs.table))
        done = 0

        def on_part(frames: int, _total: int) -> None:
            nonlocal done
            self._progress.advance(frames - done)
            done = frames

        analysis = analyse(
            inputs.table,
            folder,
            config.face,
            weights=self._resources.weights,
            mapper=lambda function, tasks: map_tasks(session, function, tasks, name="scan"),
            content=inputs.source_hash,
            on_part=on_part,
        )
        on_part(len(inputs.table), len(inputs.table))  # parts from the cache were not announced
        return analysis

    def _prepare(self, inputs: Inputs, analysis: Analysis, session: Session) -> Preparation:
        self._progress.stage("prepare")
        source = (inputs.table, self._config.media.reader)

        def fetch(frames: np.ndarray, boxes: list[Any]) -> list[np.ndarray]:
            return fetch_crops(
                frames,
                boxes,
                lambda pieces: map_tasks(session, cut_crops, pieces, shared=source, name="fetch"),
            )

        with private_folder() as folder:
            scene = Scene(
                table=inputs.table,
                timeline=inputs.timeline,
                scan=analysis.scan,
                target=analysis.target,
                crops=analysis.crops,
                speech=open_driving(self._config, inputs, self._speech, folder),
                times=inputs.timeline.times(),
                fetch=fetch,
            )
            return self._engine.prepare(scene)

    def _key(self, inputs: Inputs, analysis: Analysis, preparation: Preparation) -> str:
        """Hash of all that determines every chunk's pictures; a chunk's own rows are in its own name."""
        config, target = self._config, analysis.target
        code = (code_version(), code_of(self._engine), dict(self._engine.weights))
        drawing = (config.compute, config.enhance, config.blend, config.preset)
        facts = (inputs.source_hash, inputs.timeline, config.engine, config.encode, config.media)
        faces = (analysis.scan.folder.name, target.face, target.strength, target.shot, analysis.crops)
        return fingerprint(code, facts, drawing, config.chunk.batch, faces, preparation.shared)[:32]

    def _cut(self, inputs: Inputs, analysis: Analysis) -> list[Chunk]:
        settings, context = self._config.chunk, self._engine.context
        overlap = context.fade if settings.overlap is None else settings.overlap
        source = inputs.timeline.source
        keys = np.searchsorted(inputs.table.pts, inputs.table.key_pts)
        jumps = inputs.timeline.breaks() | (np.diff(analysis.target.shot[source], prepend=-1) != 0)
        return cut_chunks(
            inputs.timeline.times(),
            seconds=settings.seconds,
            overlap=overlap,
            shot_starts=np.flatnonzero(jumps).tolist(),
            key_frames=np.flatnonzero(np.isin(source, keys)).tolist(),
        )

    def _render_job(
        self, inputs: Inputs, analysis: Analysis, preparation: Preparation, folder: Path, key: str
    ) -> RenderJob:
        return RenderJob(
            table=inputs.table,
            timeline=inputs.timeline,
            scan=analysis.scan,
            target=analysis.target,
            crops=analysis.crops,
            engine=self._config.engine.name,
            engine_settings=self._config.engine,
            resources=self._resources,
            preset=self._config.preset,
            preparation=preparation,
            encode=self._config.encode,
            reader=self._config.media.reader,
            batch=self._config.chunk.batch,
            folder=folder,
            key=key,
            code=code_version(),
        )

    def _render(self, job: RenderJob, chunks: list[Chunk], session: Session) -> Rendered:
        self._progress.stage("render", len(job.timeline))
        chunk = self._config.chunk
        return Rendering(
            job,
            session,
            chunk.dispatch(),
            networks=bool(self._engine.weights) and self._config.compute.device != "cpu",
            keep_failed=chunk.on_error == "pass",
            progress=self._progress,
        ).run(chunks)

    def _stitch(self, inputs: Inputs, rendered: Rendered) -> None:
        self._progress.stage("stitch")
        config = self._config
        with atomic_path(self._out) as path:
            mux(
                path,
                rendered.assembly.segments,
                inputs.table,
                inputs.timeline,
                inputs.sound.path,
                config.keep,
                config.encode,
            )
            promised = promised_end(inputs.sound.path, self._out, config.encode, inputs.timeline)
            verify(path, inputs.timeline, audio_end=promised)

    def _conclude(self, inputs: Inputs, plan: Plan, preparation: Preparation, rendered: Rendered) -> Result:
        result = Result(
            out=self._out,
            sidecar=self._out.with_suffix(".json"),
            frames=len(inputs.timeline),
            seconds=round(float(inputs.timeline.duration), 3),
            digest=rendered.assembly.digest,
            passed_through=plan.passed_through,
            untouched_chunks=rendered.untouched,
            stages=dict(self._clock.stages),
        )
        facts = {
            "lipsync_ray": lipsync_ray.__version__,
            "code": code_version(),
            "settings": to_plain(self._config),
            "plan": asdict(plan),
            "weights": dict(self._engine.weights),
            "preparation": preparation.digest(),
            "report": dict(preparation.report),
            "attempts": rendered.attempts,
            "chunks": [
                {**asdict(record), "digests": None} for record in rendered.records
            ],  # the digest over all of them stands in the result
        }
        write_sidecar(result, facts)
        return result


def _resources(config: Config) -> Resources:
    return Resources(
        weights=config.weights.store(config.license.policy),
        compute=config.compute,
        enhance=config.enhance,
        blend=config.blend,
        threads=config.ray.threads,
    )


def _plan(config: Config, inputs: Inputs, analysis: Analysis, chunks: list[Chunk]) -> Plan:
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
