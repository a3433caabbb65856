"""What things take in the simulation: measured where that was possible, assumed where it says so."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

RATE = 25  # frames per second of all videos


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Seconds of a kind of task: ``fixed + frame * frames``."""

    fixed: float = 0.0
    frame: float

    def of(self, frames: int) -> float:
        """Seconds for so many frames."""
        return self.fixed + self.frame * frames


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Seconds of a worker by kind of task.

    The defaults are CPU seconds of ``engine=unit_selection`` at 1280x720 on one core, by
    ``benchmarks/speed``; what does not depend on the length is assumed.
    """

    probe: Rate = Rate(fixed=0.05, frame=0.0)  # assumed: the header and one picture
    examine: Rate = Rate(fixed=0.05, frame=0.00025)
    scan: Rate = Rate(fixed=0.1, frame=0.0103)
    prepare: Rate = Rate(fixed=0.1, frame=0.0038)
    chunk: Rate = Rate(fixed=0.2, frame=0.045)
    seam: Rate = Rate(fixed=0.2, frame=0.045)
    finish: Rate = Rate(fixed=0.1, frame=0.0007)
    noise: float = 0.1  # assumed: sigma of the logarithm of what a single task takes against others


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Bytes that travel, for each frame of a video or as told."""

    video: float = 25_000.0  # assumed: 5 Mbit/s of the source
    part: float = 2_500.0  # of the faces found
    job: float = 400.0  # of what chunks share
    artifact: float = 25_000.0  # of a rendered piece, and of the output
    glance: float = 2e6  # assumed: read by a probe


@dataclass(frozen=True, slots=True, kw_only=True)
class Machines:
    """A cluster of equal nodes. Bandwidths are bytes per second; all figures are assumptions."""

    nodes: int
    slots: dict[str, int] = field(default_factory=lambda: {"cpu": 2, "gpu": 1})  # workers of a node, by lane
    start: dict[str, float] = field(default_factory=lambda: {"cpu": 4.0, "gpu": 25.0})  # s until one is ready
    node_bandwidth: float = 1.2e9
    store_bandwidth: float = 12e9  # of the storage as a whole
    driver_bandwidth: float = 1.2e9  # out of the driver's object store
    round_trip: float = 0.03  # s of one request to the storage
    call: float = 0.001  # s until a task has reached its worker, or its result the driver
    driver_step: float = 0.0005  # s of the driver each time that it looks for results
    driver_task: float = 0.0015  # s of the driver for each result
    driver_worker: float = 3e-6  # s of the driver each time that it looks, for each worker
    lifetime: float | None = None  # s, mean of an exponential law; None: no node is taken away
    replacement: float = 180.0  # s until a node that was taken away has a successor
    notice: float = 5.0  # s until the driver knows of a lost node
    slow_share: float = 0.03  # of the nodes
    slow_factor: float = 1.8  # time that a slow node takes for everything
    together: float = 1.0  # time that a task takes while another worker of its node is busy


ENGINES: dict[str, Costs] = {
    "unit_selection": Costs(),
    # Assumed: an L4 needs 1 ms for the network; decoding, drawing and encoding bind on 5 CPUs.
    "wav2lip": replace(Costs(), chunk=Rate(fixed=0.3, frame=0.012)),
    # Assumed: 16 CPU seconds a frame here, of which an L4 does the networks about 400 times as fast.
    "video_retalking": replace(Costs(), chunk=Rate(fixed=0.5, frame=0.045)),
}
