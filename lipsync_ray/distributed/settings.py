"""How work is spread: which Ray, how many workers of what size, and when to give a task up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lipsync_ray.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class RaySettings:
    """Where the workers live and what each of them asks of its machine."""

    cluster: Literal["local", "auto", "none"] = "local"
    """``local``: an embedded Ray for this run. ``auto``: the cluster that this process runs in, or the one
    ``RAY_ADDRESS`` names. ``none``: no Ray, everything in this process, one task at a time."""

    workers: int | None = None
    """Number of workers that draw; None: as many as the CPUs (or GPUs) of the cluster hold."""

    num_cpus: float = 1.0
    """CPUs that a worker without a GPU reserves, and threads that it may keep busy."""

    gpu_cpus: float | None = None
    """CPUs that a worker with a GPU reserves: it decodes and encodes as well. None: what its machine has but
    two, which scan, prepare and join."""

    num_gpus: float | None = None
    """GPUs that a worker which draws reserves; fractions let workers share one. None: one where networks draw
    and the cluster has GPUs, else none."""

    recycle_after: int | None = None
    """Pieces of work after which a worker is replaced by a fresh one; None: never."""

    stuck_factor: float | None = 10.0
    """A piece that takes so many times what is expected is stuck, and its worker ended; None: never."""

    straggler_factor: float | None = 3.0
    """With nothing else to do, a piece that takes so many times what is expected goes to a second worker too;
    None: never."""

    def __post_init__(self) -> None:
        if self.cluster not in ("local", "auto", "none"):
            raise ConfigError(f"ray.cluster={self.cluster!r} is none of: local, auto, none")
        if self.workers is not None and self.workers < 1:
            raise ConfigError(f"ray.workers={self.workers} must be at least 1 (or null: as many as fit)")
        try:
            DispatchSettings(
                recycle_after=self.recycle_after,
                stuck_factor=self.stuck_factor,
                straggler_factor=self.straggler_factor,
            )
        except ConfigError as error:
            raise ConfigError(f"ray.{error}") from None
        if self.num_cpus <= 0:
            raise ConfigError(f"ray.num_cpus={self.num_cpus} must be above 0")
        if self.gpu_cpus is not None and self.gpu_cpus <= 0:
            raise ConfigError(f"ray.gpu_cpus={self.gpu_cpus} must be above 0 (or null: what is there)")
        gpus = self.num_gpus or 0.0
        if gpus < 0:
            raise ConfigError(f"ray.num_gpus={gpus} must not be negative")
        if gpus > 1 and gpus != int(gpus):
            raise ConfigError(f"ray.num_gpus={gpus}: above 1 only whole GPUs can be reserved")

    @property
    def threads(self) -> int:
        """Threads that a worker's libraries (OpenMP, BLAS, OpenCV) may use."""
        return max(1, int(self.num_cpus))


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchSettings:
    """When the dispatcher retries, waits and gives up."""

    max_attempts: int = 3
    """Attempts of a task: errors, deaths of its worker and timeouts count; pre-emption does not."""

    timeout_s: float | None = None
    """Longest time one attempt may run before its worker is killed; None: no limit. A task that runs in
    the driver's own process (``ray.cluster=none``) cannot be killed and is not limited."""

    in_flight: int = 2
    """Tasks handed to a worker at once: one runs, the rest wait there, so that it is never idle. Nothing is
    made to wait behind a task that is expected to take long."""

    recycle_after: int | None = None
    """Tasks after which an idle worker is replaced by a fresh one: memory that leaks in libraries and
    drivers goes with its process. None: never."""

    stuck_factor: float | None = 10.0
    """A task that takes so many times what others of its kind took for their cost is stuck: its worker is
    killed, and the attempt counts. None: only ``timeout_s`` ends a task."""

    stuck_least_s: float = 300.0
    """No task is taken to be stuck before this time."""

    straggler_factor: float | None = 3.0
    """With nothing left to hand out, a task that takes so many times what was expected is given to an idle
    worker as well; the first result counts. None: never."""

    straggler_least_s: float = 5.0
    """No task is given out twice before this time."""

    max_setup_failures: int = 3
    """Failed starts, over all workers, after which no more are replaced; with none left the run fails."""

    setup_timeout_s: float | None = 900.0
    """Longest set-up (loading models) of a worker whose process is up; waiting for a machine is not part of
    it. None: no limit."""

    quarantine_s: float = 60.0
    """How long a worker that stopped answering may take to answer a probe before it counts as dead."""

    def __post_init__(self) -> None:
        for name in ("max_attempts", "in_flight", "max_setup_failures", "recycle_after"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ConfigError(f"{name}={value} must be at least 1")
        for name in ("timeout_s", "setup_timeout_s", "quarantine_s", "stuck_least_s", "straggler_least_s"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise ConfigError(f"{name}={value} must be above 0")
        for name in ("stuck_factor", "straggler_factor"):
            value = getattr(self, name)
            if value is not None and value <= 1:
                raise ConfigError(f"{name}={value} must be above 1 (or null: never)")
