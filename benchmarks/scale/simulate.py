"""A backlog on a cluster that does not exist: the project's own planner and dispatcher, on virtual time."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from costs import RATE, Costs, Machines, Sizes
from sim_pool import SimPool
from sim_yard import SimYard
from steps import Steps
from videos import Video
from world import World

from lipsync_ray.config import Config
from lipsync_ray.distributed.dispatcher import Dispatcher
from lipsync_ray.distributed.events import OnEvent, ignore
from lipsync_ray.jobs.backlog import Backlog, Ended, Job
from lipsync_ray.jobs.course import Course
from lipsync_ray.jobs.life import dub_course
from lipsync_ray.jobs.places import JobSpec
from lipsync_ray.jobs.probe import probe_course
from lipsync_ray.progress import NullProgress


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What is simulated."""

    videos: Sequence[Video]
    machines: Machines
    costs: Costs
    config: Config
    sizes: Sizes = field(default_factory=Sizes)
    store: bool = True  # the cache is in a store, not on a disk that all machines share
    probe: bool = True  # as ``batch`` does; ``run`` examines on the driver instead
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What came of it. Times are virtual seconds, ``own_s`` those of this machine."""

    ended: dict[str, Ended]
    makespan: float
    pool: SimPool
    driver_busy: float
    own_s: float  # CPU of dispatcher, backlog and simulation
    tasks: int


def simulate(scenario: Scenario, on_event: OnEvent = ignore) -> Run:
    """Work the backlog off as ``lipsync_ray batch`` would: probe, sort, dub."""
    cpu = time.process_time()
    world, machines = World(), scenario.machines
    by_place = {video.place: video for video in scenario.videos}
    steps = Steps(by_place, scenario.costs, scenario.sizes)
    pool = SimPool(world, machines, steps, seed=scenario.seed, noise=scenario.costs.noise)
    dispatcher = Dispatcher(pool, scenario.config.dispatch(), on_event, world.clock)
    trip = machines.round_trip if scenario.store else 0.0
    yard = SimYard(pool, dispatcher.is_open, world, round_trip=trip)
    backlog = Backlog(dispatcher, yard, ahead=scenario.config.batch.ahead)
    if scenario.probe:
        for ended in backlog.run(_jobs(scenario, yard, probing=True)):
            if ended.error is not None:
                raise ended.error
    results = {ended.job.name: ended for ended in backlog.run(_jobs(scenario, yard, probing=False))}
    pool.close()
    return Run(
        ended=results,
        makespan=world.now,
        pool=pool,
        driver_busy=world.driver_busy,
        own_s=time.process_time() - cpu,
        tasks=sum(pool.done.values()),
    )


def _jobs(scenario: Scenario, yard: SimYard, *, probing: bool) -> Iterator[Job]:
    for video in sorted(scenario.videos, key=lambda video: -video.frames):
        config = replace(scenario.config, video=video.place, out=f"{video.place}.out.mp4")
        name = f"{video.place}?" if probing else video.place
        spec = JobSpec(name=name, config=config, told={})
        course = Course(spec, yard, NullProgress(), weight=0.0 if probing else video.seconds)
        steps: Any = probe_course(course) if probing else dub_course(course)
        pieces = 1 if probing else max(1, round(video.seconds / config.chunk.seconds))
        yield Job(name=name, course=course, steps=steps, pieces=pieces)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Seconds that no schedule can undercut, for machines that are never taken away and never slow."""

    gpu: float  # all that is drawn, over all who draw
    cpu: float  # all the rest, over the other workers
    longest: float  # the steps of the longest video that wait for each other

    @property
    def ideal(self) -> float:
        """The largest of them."""
        return max(self.gpu, self.cpu, self.longest)


def bounds(scenario: Scenario) -> Bounds:
    """Lower bounds of the makespan, without overlaps of chunks and without noise."""
    costs, machines, config = scenario.costs, scenario.machines, scenario.config
    drawn = sum(_drawing(video, costs, config) for video in scenario.videos)
    rest = sum(_rest(video, costs) for video in scenario.videos)
    lanes = {lane: count * machines.nodes for lane, count in machines.slots.items()}
    if "gpu" in lanes:
        gpu, cpu = drawn / lanes["gpu"], rest / lanes["cpu"]
    else:
        gpu, cpu = 0.0, (drawn + rest) / lanes["cpu"]
    most = max(video.frames for video in scenario.videos)
    piece = min(most, round(config.chunk.seconds * RATE))
    whole = [costs.examine.of(most), costs.prepare.of(most), costs.finish.of(most)]
    longest = sum(whole) + costs.scan.of(min(most, 8 * RATE)) + costs.chunk.of(piece) * 0.75
    return Bounds(gpu=gpu, cpu=cpu, longest=longest)


def _drawing(video: Video, costs: Costs, config: Config) -> float:
    pieces = max(1, round(video.seconds / config.chunk.seconds))
    return pieces * costs.chunk.fixed + costs.chunk.frame * video.frames


def _rest(video: Video, costs: Costs) -> float:
    frames = video.frames
    return (
        costs.examine.of(frames) + costs.scan.of(frames) + costs.prepare.of(frames) + costs.finish.of(frames)
    )
