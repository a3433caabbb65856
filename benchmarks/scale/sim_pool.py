"""A pool of workers that exist in virtual time: ``distributed.pool.Pool`` without processes."""

from __future__ import annotations

import math
import random
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from costs import Machines
from steps import Load, Steps
from world import Pipe, World

from lipsync_ray.distributed.local_pool import Held
from lipsync_ray.distributed.pool import Alive, Finished, Lost, Ready, Report
from lipsync_ray.distributed.tasks import Failure
from lipsync_ray.errors import WorkerDied
from lipsync_ray.jobs.bench import Done


@dataclass(slots=True, kw_only=True, eq=False)
class Node:
    """A machine, until it is taken away."""

    name: str
    pace: float  # time that it takes for everything: 1 is usual
    pipe: Pipe
    free: dict[str, int]  # places for workers by lane
    workers: set[int] = field(default_factory=set)
    busy: int = 0  # workers that compute
    has: dict[str, float] = field(default_factory=dict)  # when what was fetched is there, by key


@dataclass(slots=True, kw_only=True, eq=False)
class Actor:
    """A worker; ``node`` is None until it has found a place."""

    number: int
    lane: str
    node: Node | None = None
    waiting: deque[tuple[str, Any]] = field(default_factory=deque)
    running: bool = False
    dead: bool = False


@dataclass(slots=True)
class Usage:
    """Seconds of all workers of a lane."""

    computing: float = 0.0  # tasks that came to their end
    fetching: float = 0.0  # waiting for bytes in between
    lost: float = 0.0  # of tasks that did not
    there: float = 0.0  # places on machines


class SimPool:
    """Machines of a cluster on virtual time.

    Args:
        world: the time.
        machines: how many, how fast, and how long they live.
        steps: what payloads ask for.
        seed: of all chance: paces of nodes, lives of nodes, what a task takes.
        noise: sigma of the logarithm of what a task takes.
    """

    def __init__(self, world: World, machines: Machines, steps: Steps, *, seed: int, noise: float) -> None:
        self.usage: dict[str, Usage] = {lane: Usage() for lane in machines.slots}
        self.done: dict[str, int] = defaultdict(int)  # tasks by kind
        self.nodes_lost = 0
        self.store = Pipe(machines.store_bandwidth)
        self.driver = Pipe(machines.driver_bandwidth)
        self._world = world
        self._machines = machines
        self._steps = steps
        self._chance = random.Random(seed)
        self._noise = noise
        self._nodes: list[Node] = []
        self._since: dict[Node, float] = {}
        self._born = 0
        self._actors: dict[int, Actor] = {}
        self._homeless: deque[Actor] = deque()
        self._reports: list[Report] = []
        self._to_take = 0  # reports that the driver was given last
        self._started = 0
        for _ in range(machines.nodes):
            self._arrive(0.0)

    def lanes(self) -> Mapping[str, int]:
        """Places on the machines that are there."""
        return {lane: count * len(self._nodes) for lane, count in self._machines.slots.items()}

    def gpus(self, lane: str) -> float:
        """One for each worker of the lane that is named so."""
        return 1.0 if lane == "gpu" else 0.0

    def share(self, value: Any) -> Held:
        """The value; its bytes travel when a node first needs it."""
        return Held(value=value)

    def start(self, lane: str) -> int:
        """A worker, on the machine with most room."""
        actor = Actor(number=self._started, lane=lane)
        self._started += 1
        self._actors[actor.number] = actor
        self._house(actor, self._world.now)
        return actor.number

    def submit(self, worker: int, key: str, payload: Any) -> None:
        """Queue a task on a worker."""
        actor = self._actors[worker]
        actor.waiting.append((key, payload))
        if not actor.running:
            actor.running = True
            self._world.at(self._world.now + self._machines.call, lambda time: self._begin(actor, time))

    def probe(self, worker: int) -> None:
        """Workers here answer or are known to be dead."""
        self._world.at(self._world.now + self._machines.call, lambda _: self._report(Ready(worker=worker)))

    def kill(self, worker: int) -> None:
        """End a worker; its place is free at once."""
        actor = self._actors.pop(worker, None)
        if actor is None:
            return
        actor.dead = True
        if actor in self._homeless:
            self._homeless.remove(actor)
        if actor.node is not None:
            actor.node.workers.discard(worker)
            actor.node.free[actor.lane] += 1
            self._settle(self._world.now)

    def wait(self, timeout_s: float | None) -> list[Report]:
        """Go on to the next report; the driver first takes its time for the last ones."""
        machines, world = self._machines, self._world
        step = machines.driver_step + machines.driver_worker * len(self._actors)
        world.occupy(step + machines.driver_task * self._to_take)
        world.advance(world.now + (math.inf if timeout_s is None else timeout_s), lambda: bool(self._reports))
        reports, self._reports = self._reports, []
        self._to_take = len(reports)
        return reports

    def close(self) -> None:
        """The end: counts for how long places were there."""
        for node in list(self._nodes):
            self._leave(node, self._world.now)

    def _arrive(self, time: float) -> None:
        machines, chance = self._machines, self._chance
        slow = chance.random() < machines.slow_share
        node = Node(
            name=f"node-{self._born:04d}",
            pace=machines.slow_factor if slow else 1.0,
            pipe=Pipe(machines.node_bandwidth),
            free=dict(machines.slots),
        )
        self._born += 1
        self._nodes.append(node)
        self._since[node] = time
        if machines.lifetime is not None:
            self._world.at(time + chance.expovariate(1 / machines.lifetime), lambda at: self._die(node, at))
        self._settle(time)

    def _leave(self, node: Node, time: float) -> None:
        self._nodes.remove(node)
        for lane, count in self._machines.slots.items():
            self.usage[lane].there += count * (time - self._since[node])

    def _die(self, node: Node, time: float) -> None:
        """A spot machine is taken away, with all that its workers do; another one comes later."""
        self._leave(node, time)
        self.nodes_lost += 1
        for worker in sorted(node.workers):
            actor = self._actors.pop(worker)
            actor.dead = True
            failure = Failure(code=WorkerDied.code, message=f"{node.name} was taken away")
            self._tell(Lost(worker=worker, failure=failure, preempted=True), time + self._machines.notice)
        self._world.at(time + self._machines.replacement, self._arrive)

    def _settle(self, time: float) -> None:
        """Workers without a place look for one, in order of their age."""
        waiting, self._homeless = self._homeless, deque()
        for actor in waiting:
            self._house(actor, time)

    def _house(self, actor: Actor, time: float) -> None:
        lane = actor.lane
        node = max(self._nodes, key=lambda node: node.free[lane], default=None)
        if node is None or not node.free[lane]:
            self._homeless.append(actor)
            return
        node.free[lane] -= 1
        node.workers.add(actor.number)
        actor.node = node
        whole = self._machines.start[lane] * node.pace
        alive = Alive(worker=actor.number, pid=actor.number, node=node.name)
        self._tell(alive, time + whole / 2, of=actor)
        self._tell(Ready(worker=actor.number), time + whole, of=actor)

    def _begin(self, actor: Actor, time: float) -> None:
        """The worker's next task: fetch what is not there, compute, store what was made."""
        if actor.dead or actor.node is None:
            return
        key, payload = actor.waiting.popleft()
        load, node = self._steps.load(payload), actor.node
        fetched = self._fetch(node, load, time)
        crowd = self._machines.together if node.busy else 1.0
        chance = math.exp(self._chance.gauss(0.0, self._noise)) if self._noise else 1.0
        seconds = load.seconds * node.pace * crowd * chance
        node.busy += 1

        def computed(at: float) -> None:
            node.busy -= 1
            usage = self.usage[actor.lane]
            if actor.dead:
                usage.lost += at - time
                return
            stored = self._store(node, load, at)
            usage.computing += seconds
            usage.fetching += stored - time - seconds
            self._world.at(stored, lambda end: self._end(actor, key, load, seconds, end))

        self._world.at(fetched + seconds, computed)

    def _end(self, actor: Actor, key: str, load: Load, seconds: float, time: float) -> None:
        if actor.dead or actor.node is None:
            self.usage[actor.lane].lost += seconds
            return
        self.done[load.kind] += 1
        done = Done(value=load.value, wall_s=seconds, cpu_s=seconds, host=actor.node.name)
        report = Finished(worker=actor.number, key=key, result=done)
        self._tell(report, time + self._machines.call, of=actor)
        actor.running = bool(actor.waiting)
        if actor.running:
            self._begin(actor, time)

    def _fetch(self, node: Node, load: Load, time: float) -> float:
        there = time
        for key, size in load.held.items():
            if key not in node.has:
                node.has[key] = self._move(self.store, node, size, time)
            there = max(there, node.has[key])
        for key, size in load.told.items():
            if key not in node.has:
                node.has[key] = max(self.driver.send(time, size), node.pipe.send(time, size))
            there = max(there, node.has[key])
        return max(there, self._move(self.store, node, load.read, time)) if load.read else there

    def _store(self, node: Node, load: Load, time: float) -> float:
        return self._move(self.store, node, load.written, time) if load.written else time

    def _move(self, pipe: Pipe, node: Node, size: float, time: float) -> float:
        return max(pipe.send(time, size), node.pipe.send(time, size)) + self._machines.round_trip

    def _tell(self, report: Report, time: float, of: Actor | None = None) -> None:
        """Report at a time, unless the worker has died by then."""
        self._world.at(time, lambda _: None if of is not None and of.dead else self._report(report))

    def _report(self, report: Report) -> None:
        self._reports.append(report)
