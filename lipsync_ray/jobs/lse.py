"""Asking SyncNet what it thinks of a measured dub, where its checkpoint is at hand."""

from __future__ import annotations

import importlib.util
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from lipsync_ray.compositing import RenderJob, run_breaks
from lipsync_ray.config import Config
from lipsync_ray.distributed.pool import Shared
from lipsync_ray.distributed.tasks import Failure, Outcome, Task
from lipsync_ray.driving import sound_of
from lipsync_ray.errors import DependencyMissing, LipsyncError
from lipsync_ray.folders import private_folder
from lipsync_ray.inputs import Inputs
from lipsync_ray.jobs.bench import Bench
from lipsync_ray.jobs.course import FINISH, Course
from lipsync_ray.jobs.places import JobSpec, inputs_here
from lipsync_ray.jobs.review import Span, settle
from lipsync_ray.media.frame import Frame
from lipsync_ray.media.index import build_table
from lipsync_ray.media.reader import open_reader
from lipsync_ray.media.sample_file import store_samples
from lipsync_ray.neural.settings import ComputeSettings
from lipsync_ray.quality.figures import Seen
from lipsync_ray.quality.lse import COLUMNS, WINDOW, Distances, Grid, make_grid, sum_up
from lipsync_ray.role import Role
from lipsync_ray.speakers.cast import cast_of
from lipsync_ray.speech.mfcc import RATE, mfcc
from lipsync_ray.weights.store import WeightStore

SYNCNET = "syncnet"  # in the weights registry


def lse_store(config: Config) -> WeightStore | None:
    """Where the checkpoint of SyncNet is to be taken from; None where a dub is measured without it.

    Raises:
        DependencyMissing, LicenseRefused, WeightsMissing, WeightsCorrupt: ``quality.lse=always`` cannot be.
    """
    wanted, torch = config.quality.lse, importlib.util.find_spec("torch") is not None
    if wanted == "never":
        return None
    store = config.weights.store(config.license.policy)
    if wanted == "always":
        if not torch:
            raise DependencyMissing("quality.lse=always needs torch: pip install 'lipsync-ray[neural]'")
        store.path(SYNCNET)
        return store
    refused = store.policy == "commercial" and store.registry.entry(SYNCNET).commercial != "yes"
    if not torch or refused or not store.status([SYNCNET])[0].usable:
        return None
    return replace(store, offline=True)  # a worker that lacks the file must not fetch it unasked


def check_measures(config: Config) -> None:
    """Have what a dub that measures itself needs for it. Raises as ``lse_store``."""
    if config.quality.enabled:
        lse_store(config)


@dataclass(frozen=True, slots=True, kw_only=True)
class HearStep:
    """Hear the delivered sound as SyncNet does."""

    spec: JobSpec
    inputs: Inputs
    speaker: str  # whose voice alone; empty: everything that is heard
    start: float  # s of the output's time: the first moment
    moments: int  # at 25 a second

    def run(self, bench: Bench) -> np.ndarray:
        """Cepstra ``float32[4 moments,13]``."""
        with ExitStack() as stack:
            config, inputs = inputs_here(self.spec, self.inputs, bench.site, stack)
            folder: Path = stack.enter_context(private_folder())
            speakers = {speaker.name: speaker for speaker in cast_of(config.speakers.rows)}
            mine = speakers.get(self.speaker)
            sound = sound_of(config, inputs, folder, mine) if mine else inputs.sound.path
            samples = store_samples(sound, folder / "sound.f32")
            first = round((self.start - float(inputs.timeline.audio_start)) * RATE)
            return mfcc(samples, first, COLUMNS * self.moments)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What all spans of an output have in common."""

    grid: Grid
    cepstra: np.ndarray  # float32[4 G,13]
    weights: WeightStore
    compute: ComputeSettings
    threads: int  # of the arithmetic, as in engines: it is set for a whole process
    folder: str  # of the segments, in the root
    output: str  # place of the finished output, for spans without a segment


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchStep:
    """Compare lips and sound in the windows that begin in a span."""

    watched: Shared  # of a Watched
    span: Span
    after: tuple[Span, ...]  # the next ones, as far as windows reach into them

    def run(self, bench: Bench) -> Distances:
        """The distances of all these windows together."""
        from lipsync_ray.quality.watching import Watcher, frames_of, watch  # torch, which others do without

        watched: Watched = self.watched.get()
        windows = watched.grid.between(self.span.start, self.span.stop)
        watcher = Watcher(watched.weights.path(SYNCNET), watched.compute, watched.threads)
        with ExitStack() as stack:
            frames = self._frames(watched, frames_of(watched.grid, windows), bench, stack)
            total = watch(watcher, frames, watched.grid, windows, watched.cepstra)
        return Distances(frames=len(self.span), windows=len(windows), total=total)

    def _frames(
        self, watched: Watched, numbers: np.ndarray, bench: Bench, stack: ExitStack
    ) -> Iterator[Frame]:
        for span in (self.span, *self.after):
            mine = numbers[(numbers >= span.start) & (numbers < span.stop)]
            if span.segment is None:
                path, first = bench.site.input(watched.output, stack), 0
            else:
                path = bench.site.need(watched.folder, [span.segment]) / span.segment
                first = span.start
            with open_reader(build_table(str(path)), threads=bench.threads) as reader:
                yield from reader.frames(mine - first)


def lse_course(
    course: Course,
    inputs: Inputs,
    job: RenderJob,
    seen: Sequence[Seen],
    spans: Sequence[Span],
    *,
    folder: str = "",
    output: str = "",
) -> Generator[Sequence[Task], Outcome, tuple[Seen, ...]]:
    """Add what SyncNet says to what was seen; a failure is told, and leaves that as it was.

    Args:
        course: of the job.
        inputs: of the job.
        job: what its chunks have in common.
        seen: what was measured of each role.
        spans: all frames of the output, in order.
        folder: of the spans' segments.
        output: place of the finished output, for spans without a segment.
    """
    try:
        store = lse_store(course.spec.config)
    except LipsyncError as error:  # it was there when the job began; the rest stands without it
        course.progress.note(f"LSE is not measured: {error.code}: {error}")
        return tuple(seen)
    if store is None:
        return tuple(seen)
    told = []
    for role, found in zip(job.roles, seen, strict=True):
        told.append((yield from _of_role(course, inputs, (job, role), found, spans, store, (folder, output))))
    return tuple(told)


def _of_role(
    course: Course,
    inputs: Inputs,
    part: tuple[RenderJob, Role],
    seen: Seen,
    spans: Sequence[Span],
    store: WeightStore,
    places: tuple[str, str],
) -> Generator[Sequence[Task], Outcome, Seen]:
    """One role of ``lse_course``; ``places`` are its folder and output."""
    grid = make_grid(seen.times, seen.looks.face, seen.drawn, run_breaks(*part))
    if not len(grid.windows()):
        return seen
    start = float(seen.times[0])
    hear = HearStep(spec=course.spec, inputs=inputs, speaker=seen.name, start=start, moments=len(grid))
    task = course.task(f"hear{_suffix(seen.name)}", hear, FINISH, cost=len(seen), kind="hear")
    heard = yield from settle(course, [task])
    found = heard
    if not isinstance(heard, Failure):
        watched = Watched(
            grid=grid,
            cepstra=heard[0],
            weights=store,
            compute=course.spec.config.compute,
            threads=course.spec.config.ray.threads,
            folder=places[0],
            output=places[1],
        )
        found = yield from settle(course, _tasks(course, watched, spans, seen.name))
    if isinstance(found, Failure):
        course.progress.note(f"LSE is not measured: {found.code}: {found.message}")
        return seen
    return replace(seen, lse=sum_up(found))


def _tasks(course: Course, watched: Watched, spans: Sequence[Span], name: str) -> list[Task]:
    grid, shared = watched.grid, course.yard.share(watched)
    tasks = []
    for number, span in enumerate(spans):
        windows = grid.between(span.start, span.stop)
        if not len(windows):
            continue
        end = int(grid.frame[windows[-1] + WINDOW - 1]) + 1
        after = tuple(later for later in spans[number + 1 :] if later.start < end)
        step = WatchStep(watched=shared, span=span, after=after)
        tasks.append(
            course.task(f"watch-{span.start:08d}{_suffix(name)}", step, FINISH, cost=len(span), kind="watch")
        )
    course.begin("review", "lse", total=sum(int(task.cost) for task in tasks))
    return tasks


def _suffix(name: str) -> str:
    """What tells the tasks of several roles apart."""
    return f"-{name}" if name else ""
