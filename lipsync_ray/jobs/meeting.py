"""Who is in a video and who of them talks when: all that a speakers map begins with."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from lipsync_ray.distributed.tasks import Outcome, Task
from lipsync_ray.driving import hear_source
from lipsync_ray.folders import private_folder
from lipsync_ray.inputs import Inputs
from lipsync_ray.jobs.bench import Bench
from lipsync_ray.jobs.choosing import fetch_from, people_of
from lipsync_ray.jobs.course import PREPARE, Course
from lipsync_ray.jobs.life import scan_course
from lipsync_ray.jobs.places import JobSpec, inputs_here
from lipsync_ray.jobs.scanning import open_scan
from lipsync_ray.people.likeness import Describer
from lipsync_ray.speakers.guess import guess_turns, match_names, mouths
from lipsync_ray.speakers.meeting import Meeting, meet
from lipsync_ray.speakers.settings import SpeakerRow
from lipsync_ray.speakers.sheet import make_sheet
from lipsync_ray.speech.model import speech_model

_QUALITY = 90  # of the sheet's JPEG


@dataclass(frozen=True, slots=True, kw_only=True)
class Meet:
    """Tell the people of a video apart, and guess who of them talks when."""

    spec: JobSpec
    inputs: Inputs
    scan: str  # folder of the finished scan
    given: tuple[SpeakerRow, ...]  # when whom of them talks, if that is known
    sheet: bool  # whether a picture of all is wanted

    def run(self, bench: Bench) -> Meeting:
        """Everybody. Raises WeightsMissing, WeightsCorrupt, LicenseRefused, MediaError."""
        with ExitStack() as stack:
            config, inputs = inputs_here(self.spec, self.inputs, bench.site, stack)
            found = open_scan(inputs.table, self.scan, bench.site)
            people = people_of(config, inputs, found, Describer(config.weights.store(config.license.policy)))
            folder: Path = stack.enter_context(private_folder())
            model = self.spec.speech or speech_model(config.speech.name)
            heard = hear_source(config, inputs, model, folder)
            times = inputs.table.times()
            opening = mouths(found, people.person, len(times))
            names = match_names(opening, times, heard, _spans(self.given))
            made = meet(
                found.light(),
                people.person,
                times,
                guess_turns(opening, times, heard),
                {person: name for name, person in names.items()},
            )
            if not self.sheet or not made.people:
                return made
            video = inputs.table.video
            fetch = fetch_from(config, inputs)
            return replace(
                made, sheet=_jpeg(make_sheet(made.people, found.light(), (video.width, video.height), fetch))
            )


def meeting_course(
    course: Course, inputs: Inputs, given: Sequence[SpeakerRow], *, sheet: bool
) -> Generator[Sequence[Task], Outcome, Meeting]:
    """Find the faces of a video and tell who is there. Raises what stops that."""
    scan = yield from scan_course(course, inputs)
    course.begin("people")
    step = Meet(spec=course.spec, inputs=inputs, scan=scan, given=tuple(given), sheet=sheet)
    return (yield from course.one(course.task("people", step, PREPARE, cost=len(inputs.table))))


def _spans(rows: Sequence[SpeakerRow]) -> dict[str, list[tuple[float, float]]]:
    spans: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        spans.setdefault(row.title, []).append(
            (row.start or 0.0, float("inf") if row.end is None else row.end)
        )
    return spans


def _jpeg(picture: np.ndarray) -> bytes:
    data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1]
    return data.tobytes()
