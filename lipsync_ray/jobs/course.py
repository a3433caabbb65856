"""A job on its way: what it shares with others, what it has taken, and how it asks for work.

A job is a generator that yields tasks to be done and is sent the outcome of one of those that it has asked
for, until it returns. Whoever drives it decides when and where the tasks are done.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from lipsync_ray.artifact import ChunkRecord
from lipsync_ray.distributed.pool import Shared
from lipsync_ray.distributed.tasks import Outcome, Task
from lipsync_ray.faces.mouths import MOST_BYTES
from lipsync_ray.faces.scan import Range
from lipsync_ray.faces.settings import FaceSettings
from lipsync_ray.inputs import Inputs
from lipsync_ray.jobs.bench import Done
from lipsync_ray.jobs.places import JobSpec
from lipsync_ray.media.table import FrameTable
from lipsync_ray.plan import Plan
from lipsync_ray.progress import Progress
from lipsync_ray.sidecar import Clock
from lipsync_ray.weights.store import WeightStore

Asking = Generator[Sequence[Task], Outcome, Any]

# What goes first when both could: what ends a job, then what feeds the workers that draw.
FINISH, SEAM, RENDER, PREPARE, SCAN, EXAMINE = range(6)


class Yard(Protocol):
    """What jobs of a run share: the workers, what is finished already, scans on their way."""

    def share(self, value: Any) -> Shared:
        """Make a value reachable for workers."""
        ...

    def scan(self, name: str, tasks: Sequence[Task]) -> Sequence[Task]:
        """The tasks of a scan that are still to be done; another job's, where it has asked for it before."""
        ...

    def models(self, store: WeightStore, settings: FaceSettings) -> None:
        """Have the models that find faces on the driver's machine, before every worker asks for them."""
        ...

    def hold(self, job: str, key: str) -> str:
        """Hold the folder of a job's artifacts until it ends; returns its name in the root."""
        ...

    def missing(self, table: FrameTable, scan: str) -> list[Range]:
        """Ranges of a scan that nobody has written yet."""
        ...

    def records(self, folder: str, names: Sequence[str]) -> dict[str, ChunkRecord]:
        """The records of a folder's artifacts that are finished, by name; ``names`` are those that matter."""
        ...

    def keep_plan(self, folder: str, plan: Plan) -> None:
        """Write a plan beside the artifacts, for people."""
        ...


@dataclass(slots=True, kw_only=True)
class Account:
    """What a job has taken so far, for its sidecar and the ledger."""

    clock: Clock = field(default_factory=Clock)
    attempts: int = 0  # over all tasks; those that failed are above the number of tasks
    tasks: int = 0
    gpu_s: float = 0.0  # seconds of workers with a GPU
    scanned: bool = False  # False: the faces were known already
    chunks: int = 0
    chunks_reused: int = 0
    copied: int = 0  # output frames that nobody has drawn or measured
    hosts: set[str] = field(default_factory=set)
    source_hash: str = ""  # SHA-256 of the video file, once it has been read
    audio_hash: str = ""  # of the sound that is delivered
    frames: int = 0  # of the output
    megapixels: float = 0.0  # of its picture

    def examined(self, inputs: Inputs) -> None:
        """The files of the job are known now."""
        video = inputs.table.video
        self.source_hash, self.audio_hash = inputs.source_hash, inputs.audio_hash
        self.frames, self.megapixels = len(inputs.timeline), video.width * video.height / 1e6

    def looked_ahead(self, frames: int, cpu_s: float) -> None:
        """So many frames were searched for faces before the job began, which took so long."""
        self.scanned = frames > 0
        self.clock.spend("scan", cpu_s)

    def take(self, outcome: Outcome, stage: str) -> None:
        """Count an outcome to a stage."""
        done = outcome.result
        self.tasks += 1
        self.attempts += outcome.attempts
        cpu = 0.0
        if isinstance(done, Done):
            cpu = done.cpu_s
            self.hosts.add(done.host)
        if outcome.lane == "gpu":
            self.gpu_s += outcome.seconds
        self.clock.spend(stage, cpu)


class Course:
    """The course of one job.

    Args:
        spec: the job.
        yard: what jobs share.
        progress: told how far it is.
        weight: length of the job in seconds, as far as it is known: longer ones go first.
        mouths: bytes that pictures of mouths may take in its scan.
    """

    def __init__(
        self, spec: JobSpec, yard: Yard, progress: Progress, *, weight: float = 0.0, mouths: int = MOST_BYTES
    ) -> None:
        self.spec = spec
        self.yard = yard
        self.progress = progress
        self.mouths = mouths
        self.account = Account()
        self.stage = "examine"
        self._weight = weight

    def begin(self, stage: str, shown: str | None = None, total: int | None = None) -> None:
        """Enter a stage of the job."""
        self.account.clock.spend(self.stage)
        self.stage = stage
        self.progress.stage(shown or stage, total)

    def order(self, rank: int) -> tuple[float, ...]:
        """Where work of this job stands in the queue."""
        return (rank, -self._weight)

    def task(
        self, name: str, payload: Any, rank: int, *, cost: float = 1.0, kind: str = "", lane: str = "cpu"
    ) -> Task:
        """A task of this job."""
        return Task(
            key=f"{self.spec.name}/{name}",
            payload=payload,
            cost=cost,
            kind=kind or name,
            lane=lane,
            order=self.order(rank),
        )

    def one(self, task: Task) -> Asking:
        """Ask for one task; returns its value. Raises what it failed of."""
        return self.value((yield [task]))

    def all(self, tasks: Sequence[Task], on_done: Callable[[Any], object]) -> Asking:
        """Ask for tasks until all are done; ``on_done`` is told each value."""
        asked = tasks
        for _ in tasks:
            outcome = yield asked
            asked = ()
            on_done(self.value(outcome))

    def value(self, outcome: Outcome) -> Any:
        """Count an outcome and take its value. Raises what it failed of."""
        self.account.take(outcome, self.stage)
        if outcome.failure is not None:
            raise outcome.failure.to_error()
        return outcome.result.value
