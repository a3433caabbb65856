"""Whether a job is possible at all, asked before machines are paid for it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from lipsync_ray.distributed.tasks import Outcome, Task
from lipsync_ray.jobs.bench import Bench
from lipsync_ray.jobs.course import EXAMINE, Course
from lipsync_ray.jobs.places import JobSpec
from lipsync_ray.jobs.site import Site
from lipsync_ray.media.glance import Glance, glance_at_sound, glance_at_video
from lipsync_ray.speakers.cast import cast_of, sounds_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """Open the files of a job and decode their beginnings."""

    spec: JobSpec

    def run(self, bench: Bench) -> Glance:
        """What is known of the video; of a picture, which lasts as long as its sound, with that length.

        Raises:
            VideoUnreadable, AudioUnreadable, ObjectMissing, StorageError.
        """
        config = self.spec.config
        video = _look(bench.site, config.video, glance_at_video)
        cast = cast_of(config.speakers.rows)
        pictures = [speaker.who.picture for speaker in cast if speaker.who.kind == "reference"]
        for picture in [*pictures, *([config.face.reference] if config.face.reference else [])]:
            _look(bench.site, picture, glance_at_video)
        sounds = [place for place in (config.audio.file, config.audio.drive) if place is not None]
        sounds += [piece.file for piece in config.audio.segments]
        sounds += [file for file in sounds_of(cast) if file is not None]
        lengths = [_look(bench.site, place, glance_at_sound).seconds for place in sounds]
        if video.seconds > 0.1:
            return video
        return replace(video, seconds=max(lengths, default=0.0), rate=0.0)


def probe_course(course: Course) -> Generator[Sequence[Task], Outcome, Glance]:
    """Ask whether a job is possible. Raises what speaks against it."""
    task = course.task("probe", Probe(spec=course.spec), EXAMINE)
    return (yield from course.one(task))


def _look(site: Site, place: str, glance: Callable[[Path | BinaryIO, str], Glance]) -> Glance:
    with ExitStack() as stack:
        source = site.look_into(place)
        if not isinstance(source, Path):
            stack.callback(source.close)
        return glance(source, place)
