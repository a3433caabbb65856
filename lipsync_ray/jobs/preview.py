"""A job as far as its preview: prepared as for a run, then a few frames are drawn and shown."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from lipsync_ray.compositing import RenderJob
from lipsync_ray.distributed.pool import Shared
from lipsync_ray.distributed.tasks import Outcome, Task
from lipsync_ray.engines.base import Engine
from lipsync_ray.inputs import Inputs
from lipsync_ray.jobs.bench import Bench
from lipsync_ray.jobs.course import RENDER, Course
from lipsync_ray.jobs.life import examine_course, prepare_course
from lipsync_ray.jobs.pieces import engine_of, job_here
from lipsync_ray.jobs.places import JobSpec, inputs_here
from lipsync_ray.media.still import write_still
from lipsync_ray.preview.beside import beside, fitted
from lipsync_ray.preview.choice import frame_at, spread, stop_after, telling_frame, telling_stretch
from lipsync_ray.preview.clip import stretch_of, write_clip
from lipsync_ray.preview.moments import Moment, draw_moments, strength_of
from lipsync_ray.preview.result import Glimpse, Preview
from lipsync_ray.preview.settings import PreviewSettings
from lipsync_ray.preview.talk import talk_at
from lipsync_ray.preview.tiles import FACE, Pair, draw_sheet, mouth_size
from lipsync_ray.sidecar import beside as place_beside
from lipsync_ray.storage.uri import is_remote

_WIDEST = 1920  # px of a clip: what every player and screen takes
_COLUMNS = 3  # of a sheet
_MOST_ZOOM = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewSource:
    """What a preview needs to know."""

    spec: JobSpec
    inputs: Inputs
    job: RenderJob


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewStep:
    """Draw what is shown, and write it."""

    source: Shared  # of a PreviewSource
    batch: int  # frames through the engine at once

    def run(self, bench: Bench) -> Preview:
        """What is shown; the picture or clip is in its place."""
        source: PreviewSource = self.source.get()
        with ExitStack() as stack:
            _, inputs = inputs_here(source.spec, source.inputs, bench.site, stack)
            job = replace(job_here(source.job, inputs.table, bench), batch=self.batch)
            return _Show(bench, source.spec, inputs, job).make()

    def lighter(self) -> PreviewStep | None:
        """The same, with half as many frames at once."""
        return replace(self, batch=self.batch // 2) if self.batch > 1 else None


def check_moment(settings: PreviewSettings, inputs: Inputs) -> None:
    """Raises ConfigError: ``preview.at`` is after the end of the output."""
    if settings.at is not None:
        frame_at(inputs.timeline, settings.at)


def preview_course(
    course: Course, examined: Inputs | None = None
) -> Generator[Sequence[Task], Outcome, Preview]:
    """Prepare a job as for a run, and show what its settings ask for. Raises what would also stop the run."""
    inputs = examined or (yield from examine_course(course))
    check_moment(course.spec.config.preview, inputs)
    _, job = yield from prepare_course(course, inputs)
    course.begin("preview")
    source = course.yard.share(PreviewSource(spec=course.spec, inputs=inputs, job=job))
    step = PreviewStep(source=source, batch=job.batch)
    return (yield from course.one(course.task("preview", step, RENDER, lane="gpu")))


class _Show:
    """One preview in the making."""

    def __init__(self, bench: Bench, spec: JobSpec, inputs: Inputs, job: RenderJob) -> None:
        self._bench, self._spec, self._inputs, self._job = bench, spec, inputs, job
        self._settings = spec.config.preview
        self._engine: Engine = engine_of(job, bench)
        self._strength = strength_of(job)
        self._seen: list[Glimpse] = []

    def make(self) -> Preview:
        """Draw, write and tell."""
        place = self._spec.config.out
        if place is None:
            raise AssertionError("a job without an output was previewed")
        numbers = self._chosen()
        with self._bench.site.output(place_beside(place, self._settings.ending)) as path:
            match self._settings.kind:
                case "frame":
                    self._frame(path, numbers)
                case "clip":
                    self._clip(path, numbers)
                case "sheet":
                    self._sheet(path, numbers)
        told = place_beside(self._spec.told["out"], self._settings.ending)
        timeline, last = self._job.timeline, numbers[-1]
        end = timeline.pts[last + 1] if last + 1 < len(timeline) else timeline.end
        return Preview(
            place=told if is_remote(told) else Path(told),
            kind=self._settings.kind,
            engine=self._job.engine,
            shown=tuple(self._seen),
            end=float(int(end) * timeline.time_base),
            dubbed=int(np.count_nonzero(self._strength)),
        )

    def _chosen(self) -> list[int]:
        settings, timeline = self._settings, self._job.timeline
        if settings.kind == "sheet":
            return spread(self._strength > 0, settings.frames).tolist()
        if settings.at is not None:
            start = frame_at(timeline, settings.at)
            stop = int(stop_after(timeline.times(), np.array([start]), settings.seconds)[0])
        else:
            heard = timeline.times() - float(timeline.audio_start)
            talk = talk_at(self._inputs.drive.path, heard)
            start = telling_frame(self._strength, talk)
            if settings.kind == "clip":
                start, stop = telling_stretch(timeline, self._strength, talk, settings.seconds)
        return [start] if settings.kind == "frame" else list(range(start, stop))

    def _moments(self, numbers: Sequence[int]) -> Iterator[Moment]:
        for moment in draw_moments(self._job, self._engine, numbers):
            self._seen.append(Glimpse.of(moment))
            yield moment

    def _frame(self, path: Path, numbers: Sequence[int]) -> None:
        (moment,) = self._moments(numbers)
        height, width = moment.after.shape[:2]
        write_still(self._beside(moment, (width, height)), path)

    def _clip(self, path: Path, numbers: Sequence[int]) -> None:
        def pictures() -> Iterator[np.ndarray]:
            for moment in self._moments(numbers):
                height, width = moment.after.shape[:2]
                yield self._beside(moment, fitted(width, height, _WIDEST))

        job = self._job
        timeline = stretch_of(job.timeline, numbers[0], numbers[-1] + 1)
        write_clip(path, pictures(), timeline, job.table, self._inputs.sound, job.threads)

    def _beside(self, moment: Moment, size: tuple[int, int]) -> np.ndarray:
        return beside(moment, self._job.engine, size, overlay=self._settings.overlay)

    def _sheet(self, path: Path, numbers: Sequence[int]) -> None:
        source = self._job.timeline.source[list(numbers)]
        faces = [self._job.scan.landmarks(source, role.target.face[source]) for role in self._job.roles]
        mouth = mouth_size([face for role in faces for face in role if np.isfinite(face).all()])
        zoom = min(_MOST_ZOOM, FACE[0] / mouth[0])
        pairs = (pair for moment in self._moments(numbers) for pair in self._pairs(moment))
        write_still(draw_sheet(pairs, mouth, zoom, _COLUMNS), path)

    def _pairs(self, moment: Moment) -> Iterator[Pair]:
        """One for each role that is seen."""
        for face in moment.overlay.faces:
            if np.isfinite(face).all():
                yield Pair(
                    before=moment.before,
                    after=moment.after,
                    titles=moment.titles(self._job.engine),
                    face=face,
                    overlay=moment.overlay if self._settings.overlay else None,
                )
