"""What is known of a job once its faces are: all that a run would do, without doing it."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from lipsync_ray.analysis import Analysis
from lipsync_ray.distributed.tasks import Outcome, Task
from lipsync_ray.folders import private_folder
from lipsync_ray.inputs import Inputs
from lipsync_ray.jobs.bench import Bench
from lipsync_ray.jobs.choosing import choose_speakers
from lipsync_ray.jobs.course import PREPARE, Course
from lipsync_ray.jobs.life import examine_course, scan_course
from lipsync_ray.jobs.places import JobSpec, inputs_here
from lipsync_ray.jobs.prepare import cut, make_plan, resources_of
from lipsync_ray.media.sample_file import store_samples
from lipsync_ray.speech.activity import loud_level, talking
from lipsync_ray.speech.voice import measure
from lipsync_ray.triage.facts import Triage, make_triage
from lipsync_ray.triage.shots import shots_of
from lipsync_ray.triage.strip import make_strip

_QUALITY = 88  # of the strip's JPEG


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Collect the facts of a job whose faces are known."""

    spec: JobSpec
    inputs: Inputs
    scan: str  # folder of the finished scan
    strip: bool  # whether a picture of the shots is wanted

    def run(self, bench: Bench) -> Triage:
        """The facts.

        Raises:
            FaceNotFound, ConfigError: what would also stop a run.
        """
        given = self.spec.config
        engine = bench.engine(given.engine.name, given.engine, resources_of(given))
        with ExitStack() as stack:
            config, inputs = inputs_here(self.spec, self.inputs, bench.site, stack)
            analysis = choose_speakers(self.spec, config, inputs, self.scan, bench.site)
            chunks = cut(given, inputs, analysis, engine.context.fade)
            return make_triage(
                given,
                self.inputs,
                analysis,
                make_plan(given, inputs, analysis, chunks),
                speech=_speech(inputs, stack),
                strip=_strip(inputs, analysis) if self.strip else b"",
            )


def judge_course(
    course: Course, examined: Inputs | None = None, *, strip: bool = False
) -> Generator[Sequence[Task], Outcome, Triage]:
    """Find the faces of a job and say what a run would do. Raises what would also stop the run."""
    inputs = examined or (yield from examine_course(course))
    scan = yield from scan_course(course, inputs)
    course.begin("triage")
    step = Judge(spec=course.spec, inputs=inputs, scan=scan, strip=strip)
    return (yield from course.one(course.task("triage", step, PREPARE)))


def _speech(inputs: Inputs, stack: ExitStack) -> float:
    folder: Path = stack.enter_context(private_folder())
    voice = measure(store_samples(inputs.drive.path, folder / "drive.f32"), formants=False)
    return float(np.mean(talking(voice, loud_level(voice)))) if len(voice) else 0.0


def _strip(inputs: Inputs, analysis: Analysis) -> bytes:
    shots = shots_of(analysis, inputs.table.times(), float(inputs.table.duration))
    picture = cv2.cvtColor(make_strip(inputs.table, analysis, shots), cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes()
