"""One job from its inputs to its output."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any

from lipsync_ray.config import Config, to_plain
from lipsync_ray.distributed.events import Event, OnEvent
from lipsync_ray.distributed.machine import machine_id
from lipsync_ray.engines.base import Engine
from lipsync_ray.engines.registry import load_engine
from lipsync_ray.errors import ConfigError
from lipsync_ray.folders import private_folder
from lipsync_ray.inputs import Inputs
from lipsync_ray.jobs.ahead import head_start
from lipsync_ray.jobs.backlog import Job
from lipsync_ray.jobs.course import Course
from lipsync_ray.jobs.examine import Examine
from lipsync_ray.jobs.learning import estimated, learn_from, learning, places_of
from lipsync_ray.jobs.life import dub_course
from lipsync_ray.jobs.lse import check_measures, lse_store
from lipsync_ray.jobs.machines import Machines, open_machines
from lipsync_ray.jobs.metering import Metering
from lipsync_ray.jobs.places import JobSpec, absolute, named
from lipsync_ray.jobs.prepare import resources_of
from lipsync_ray.jobs.scanning import mouths_in_passing, thin_mouths
from lipsync_ray.jobs.sealing import check_permission
from lipsync_ray.jobs.site import Site, SiteSpec
from lipsync_ray.media.assembling import Form, write_track
from lipsync_ray.media.timeline import SyncSettings
from lipsync_ray.progress import NullProgress, Progress
from lipsync_ray.sidecar import Result, beside
from lipsync_ray.speakers.reading import with_rows
from lipsync_ray.speakers.settings import SpeakersSettings
from lipsync_ray.speech.model import SpeechModel
from lipsync_ray.storage.uri import is_remote, local_path
from lipsync_ray.storage.whole import check_folder
from lipsync_ray.threads import one_thread_each

if TYPE_CHECKING:  # each verb imports what only it needs
    from lipsync_ray.preview.result import Preview
    from lipsync_ray.quality.review import Review
    from lipsync_ray.speakers.meeting import Meeting
    from lipsync_ray.triage.facts import Triage

logger = logging.getLogger(__name__)


def dub(config: Config, *, progress: Progress | None = None, speech: SpeechModel | None = None) -> Result:
    """Dub one video.

    Args:
        config: the job; ``out`` must be set.
        progress: told how far the work is.
        speech: used instead of the model that ``config.speech`` names.

    Raises:
        LipsyncError: see ``errors``; nothing half-written is left at ``out``.
        KeyboardInterrupt: a signal asked to stop; what is finished is kept for the next run.
    """
    check_output(config)
    check_permission(config)
    check_measures(config)
    engine = load_engine(config.engine.name, config.engine, resources_of(config))
    with _opened(config, _networks(config, engine), progress or NullProgress(), speech) as run:
        result: Result = run.end(dub_course(run.course, run.inputs))
        with learning(run.machines.site.spec.root) as paces:
            learn_from(paces, config, run.course.account, places_of(config, run.machines.pool))
        return result


def plan(config: Config, *, progress: Progress | None = None, strip: bool = False) -> Triage:
    """Examine and scan a job as ``dub`` would, and say what a run would do; nothing is rendered.

    Args:
        config: the job; ``out`` may be missing.
        progress: told how far the work is.
        strip: whether a picture of the shots is wanted.

    Raises:
        LipsyncError: what would also stop the run.
    """
    from lipsync_ray.jobs.judge import judge_course

    engine = load_engine(config.engine.name, config.engine, resources_of(config))
    with _opened(config, _networks(config, engine), progress or NullProgress(), None) as run:
        triage: Triage = run.end(judge_course(run.course, run.inputs, strip=strip))
        return estimated(triage, config, run.machines)


def review(config: Config, *, progress: Progress | None = None) -> Review:
    """Measure a finished output, ``config.out``, against ``config.video``; its report is written beside it.

    The mouth is held to the sound of the output itself, or to ``config.audio`` if that is given.

    Raises:
        ConfigError: ``out`` is missing, or was not made from this video with these settings.
        LipsyncError: a file cannot be read.
    """
    from lipsync_ray.jobs.reviewing import reviewing_course

    if config.out is None:
        raise ConfigError("out is missing: name the dubbed video to look at, such as out=dubbed.mp4")
    output = config.out if is_remote(config.out) else os.path.abspath(local_path(config.out))
    lse_store(config)  # what cannot be had is told before anything is looked at
    if config.audio.file is None and not config.audio.segments and not config.speakers.given:
        config = replace(config, audio=replace(config.audio, file=config.out))
    with _opened(replace(config, out=None), False, progress or NullProgress(), None) as run:
        found: Review = run.end(reviewing_course(run.course, run.inputs, output))
        return found


def meet(config: Config, *, progress: Progress | None = None, sheet: bool = False) -> Meeting:
    """Tell the people of ``config.video`` apart, and guess who of them talks when; nothing is rendered.

    ``config.speakers`` may tell who talks when: the names are then given to those whose mouths agree.

    Args:
        config: the job; ``out`` and the sound may be missing.
        progress: told how far the work is.
        sheet: whether a picture of all people is wanted.

    Raises:
        LipsyncError: a file cannot be read, or the weights that tell people apart are not to be had.
    """
    from lipsync_ray.jobs.meeting import meeting_course

    given = with_rows(config.speakers).rows
    config = replace(config, out=None, speakers=SpeakersSettings(), sync=SyncSettings(mode="cut_off"))
    with private_folder() as folder:
        # Nothing is dubbed, and who talks is heard in the source itself, which may also be silent.
        silence = folder / "silence.wav"
        write_track([], silence, Form(rate=8000, channels=1), length=Fraction(1), fade_ms=0)
        config = replace(config, audio=replace(config.audio, file=str(silence), drive=None, segments=()))
        with _opened(config, False, progress or NullProgress(), None) as run:
            found: Meeting = run.end(meeting_course(run.course, run.inputs, given, sheet=sheet))
    return found


def preview(
    config: Config, *, progress: Progress | None = None, speech: SpeechModel | None = None
) -> Preview:
    """Draw what ``config.preview`` shows of a dub, beside ``out``, which is not touched.

    The faces that are found are kept, as by ``plan``; only frames that are shown are drawn, as by ``dub``.

    Args:
        config: the job as for ``dub``; ``out`` names the place.
        progress: told how far the work is.
        speech: used instead of the model that ``config.speech`` names.

    Raises:
        ConfigError: ``preview.at`` is after the end of the output.
        LipsyncError: what would also stop the run; nothing half-written is left.
    """
    from lipsync_ray.jobs.preview import check_moment, preview_course

    place = check_output(config)
    check_place(config, beside(place, config.preview.ending), "the preview")
    check_permission(config)
    engine = load_engine(config.engine.name, config.engine, resources_of(config))
    shown = progress or NullProgress()
    check = partial(check_moment, config.preview)
    with _opened(config, _networks(config, engine), shown, speech, check=check) as run:
        return run.end(preview_course(run.course, run.inputs))


def check_output(config: Config) -> str:
    """The place of the output. Raises ConfigError, OutputUnwritable: missing, unwritable or an input."""
    if config.out is None:
        raise ConfigError("out is missing: name the file to write, such as out=dubbed.mp4")
    check_place(config, config.out, f"out={config.out}")
    return config.out


def check_place(config: Config, place: str, name: str) -> None:
    """See whether a file may be written. Raises ConfigError, OutputUnwritable: unwritable or an input."""
    files = {
        "video": config.video,
        "audio": config.audio.file,
        "audio.drive": config.audio.drive,
        "speakers.map": config.speakers.map,
        "face.reference": config.face.reference,
    }
    pairs = [*files.items(), *(("input", given) for given in named(absolute(config)))]
    if is_remote(place):
        same = [option for option, given in pairs if given == place]
    else:
        out = check_folder(place)
        same = [
            option
            for option, given in pairs
            if given is not None and out.exists() and os.path.exists(given) and out.samefile(given)
        ]
    if same:
        raise ConfigError(f"{name} is the {same[0]} itself; give the output another name")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """A run of one job, with its workers."""

    spec: JobSpec
    inputs: Inputs
    course: Course
    machines: Machines

    def end(self, steps: Any) -> Any:
        """Go through the steps of the job; returns what they return."""
        job = Job(name=self.spec.name, course=self.course, steps=steps)
        for ended in self.machines.backlog.run([job]):
            if ended.error is not None:
                raise ended.error
            return ended.result
        raise KeyboardInterrupt(self.machines.dispatcher.draining)


def _networks(config: Config, engine: Engine) -> bool:
    """Whether GPUs could be of use."""
    return bool(engine.weights) and config.compute.device != "cpu"


@contextmanager
def _opened(
    config: Config,
    networks: bool,
    progress: Progress,
    speech: SpeechModel | None,
    *,
    check: Callable[[Inputs], object] = lambda inputs: None,
) -> Iterator[_Run]:
    """Look at the files, then open the machines: what cannot be done is told before anything is started."""
    spec = JobSpec(name="job", config=absolute(config), told=to_plain(config), speech=speech)
    metering = Metering()
    with ExitStack() as stack:
        stack.enter_context(one_thread_each())
        inputs = _examined(spec, stack)
        check(inputs)
        telling = _telling(progress, metering)
        ahead = stack.enter_context(head_start(spec.config, inputs))
        machines = stack.enter_context(
            open_machines(config, networks=networks, metering=metering, on_event=telling)
        )
        stack.callback(thin_mouths, spec.config, inputs, machines.site)
        mouths = mouths_in_passing(spec.config)
        course = Course(spec, machines.yard, metering.counted(progress), mouths=mouths)
        if ahead is not None:
            course.account.clock.spend("examine")
            ahead.end()
            course.account.looked_ahead(ahead.frames, ahead.cpu_s)
            logger.debug("%d frames were searched for faces while Ray started", ahead.frames)
        yield _Run(spec=spec, inputs=inputs, course=course, machines=machines)


def _examined(spec: JobSpec, stack: ExitStack) -> Inputs:
    """What the files hold, as this process sees them."""
    workspace = stack.enter_context(private_folder())
    bench_site = Site(SiteSpec(root=str(workspace), home=machine_id()), driver=True)
    return Examine(spec=spec).look(bench_site)


def _telling(progress: Progress, metering: Metering) -> OnEvent:
    def tell(event: Event) -> None:
        event = metering.event(event)
        if event.kind in ("requeued", "waiting"):
            progress.note(f"{event.task or event.kind}: {event.message or ''}, trying again")
        elif event.kind == "draining":
            progress.note(event.message or "")
        logger.debug("%s", event.as_dict())

    return tell
