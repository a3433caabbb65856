"""Everybody who is seen in a video, each with a picture: for who chooses the speaker by sight."""

from __future__ import annotations

import logging
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

import cv2
import numpy as np

from lipsync_ray.distributed.tasks import Outcome, Task
from lipsync_ray.errors import LipsyncError
from lipsync_ray.faces.scan import scan_name
from lipsync_ray.faces.shots import find_cuts, shot_of
from lipsync_ray.faces.track import FaceScan
from lipsync_ray.inputs import Inputs
from lipsync_ray.jobs.bench import Bench
from lipsync_ray.jobs.choosing import fetch_from
from lipsync_ray.jobs.course import PREPARE, Course
from lipsync_ray.jobs.meeting import Meet
from lipsync_ray.jobs.places import JobSpec, inputs_here
from lipsync_ray.jobs.scanning import open_scan
from lipsync_ray.people.likeness import WEIGHTS
from lipsync_ray.speakers.meeting import clarity
from lipsync_ray.speakers.sheet import around

logger = logging.getLogger(__name__)

MOST = 24  # people that are shown
SIDE = 160  # px, longer side of a picture
_QUALITY = 85  # of its JPEG


@dataclass(frozen=True, slots=True, kw_only=True)
class Portrait:
    """Somebody who is seen in a video."""

    faces: tuple[int, ...]  # numbers of the faces that are theirs, ascending
    share: float  # of the frames, 0 to 1
    talks: float | None  # of the talk, 0 to 1; None: not known
    shots: int  # that they are seen in
    time: float  # s of the source: when the picture was taken
    box: tuple[int, int, int, int]  # px of the upright source: the face in that frame
    picture: bytes  # JPEG of the face with room around it

    @property
    def face(self) -> str:
        """The faces as a speakers map names them."""
        return "+".join(map(str, self.faces))


@dataclass(frozen=True, slots=True, kw_only=True)
class Portraits:
    """Take a picture of everybody. Who is who is told only where the network for that is at hand already."""

    spec: JobSpec
    inputs: Inputs
    scan: str  # folder of the finished scan

    def run(self, bench: Bench) -> tuple[Portrait, ...]:
        """The first ``MOST`` people by how long they are seen. Raises MediaError."""
        groups = self._people(bench)
        with ExitStack() as stack:
            config, inputs = inputs_here(self.spec, self.inputs, bench.site, stack)
            found = open_scan(inputs.table, self.scan, bench.site)
            if groups is None:
                groups = dict.fromkeys(((face,) for face in np.unique(found.light().face).tolist()), None)
            shown = sorted(_shown(found, inputs, groups), key=lambda one: (-one[0].share, one[0].faces))[
                :MOST
            ]
            video = inputs.table.video
            size = (video.width, video.height)
            frames = np.array([frame for _, frame in shown], np.int64)
            boxes = [around(np.array(one.box, np.float32), size) for one, _ in shown]
            crops = fetch_from(config, inputs)(frames, boxes) if shown else []
        pairs = zip(shown, crops, strict=True)
        return tuple(replace(one, picture=_jpeg(crop)) for (one, _), crop in pairs)

    def _people(self, bench: Bench) -> Mapping[tuple[int, ...], float | None] | None:
        """Faces of each person, and their share of the talk; None where people cannot be told apart."""
        config = self.spec.config
        if not config.weights.store(config.license.policy).status([WEIGHTS])[0].usable:
            return None
        meet = Meet(spec=self.spec, inputs=self.inputs, scan=self.scan, given=(), sheet=False)
        try:
            meeting = meet.run(bench)
        except LipsyncError as error:
            logger.warning("people are not told apart: %s", error)
            return None
        talk = sum(turn.end - turn.start for turn in meeting.turns)
        known = {
            tuple(one.faces): round(min(1.0, one.talks_s / talk), 4) if talk else None
            for one in meeting.people
        }
        return known | {(face,): None for face in meeting.unknown}


def gallery_course(
    course: Course, inputs: Inputs
) -> Generator[Sequence[Task], Outcome, tuple[Portrait, ...]]:
    """Show who is seen in a video whose faces are known. Raises what stops that."""
    config = course.spec.config
    name = scan_name(inputs.source_hash, config.face, config.weights.store(config.license.policy))
    course.begin("people")
    step = Portraits(spec=course.spec, inputs=inputs, scan=name)
    return (yield from course.one(course.task("people", step, PREPARE)))


def _shown(
    found: FaceScan, inputs: Inputs, groups: Mapping[tuple[int, ...], float | None]
) -> list[tuple[Portrait, int]]:
    """Everybody without a picture, and the frame that shows them best."""
    light, times = found.light(), inputs.table.times()
    shots = shot_of(find_cuts(found.cut_scores(), times), len(times))
    people = []
    for faces, talks in groups.items():
        rows = np.flatnonzero(np.isin(light.face, faces))
        best = rows[np.argmax(clarity(light, rows))]
        frames = np.unique(light.frame[rows])
        x0, y0, x1, y1 = (round(float(value)) for value in light.box[best])
        one = Portrait(
            faces=faces,
            share=round(len(frames) / len(times), 4),
            talks=talks,
            shots=len(np.unique(shots[frames])),
            time=round(float(times[light.frame[best]]), 3),
            box=(x0, y0, x1, y1),
            picture=b"",
        )
        people.append((one, int(light.frame[best])))
    return people


def _jpeg(crop: np.ndarray) -> bytes:
    """A crop RGB ``uint8[h,w,3]``, made ``SIDE`` px high or wide."""
    scale = SIDE / max(crop.shape[:2])
    size = (max(1, round(crop.shape[1] * scale)), max(1, round(crop.shape[0] * scale)))
    small = cv2.resize(crop, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    return cv2.imencode(".jpg", small[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes()
