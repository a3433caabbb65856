"""How many workers of which size the machines of a cluster hold."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lipsync_ray.distributed.settings import RaySettings

Machine = Mapping[str, float]  # what Ray says that a machine has: "CPU", "GPU"

_SPARE = 2  # CPUs of a machine with GPUs that are left for scanning, preparing and joining


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """Workers of one size."""

    workers: int
    num_cpus: float  # of each
    num_gpus: float = 0.0

    @property
    def threads(self) -> int:
        """Threads that a worker's libraries may use."""
        return max(1, int(self.num_cpus))


def plan_lanes(settings: RaySettings, machines: Sequence[Machine], *, networks: bool) -> dict[str, Lane]:
    """The lanes of a pool: ``cpu`` for everything, and ``gpu`` beside it where networks draw on GPUs.

    A GPU worker takes what CPUs its machine can spare, as it also decodes and encodes. Where GPU workers
    leave no CPU for others, they do everything: the only lane is then ``cpu``, with GPUs. ``ray.workers``
    counts those that draw.

    Returns:
        Lanes by name, each with at least one worker, in hope of machines to come.
    """
    gpus = _gpus_each(settings, machines) if networks else 0.0
    if gpus <= 0:
        fit = sum(_fit(machine.get("CPU", 0.0), settings.num_cpus) for machine in machines)
        return {"cpu": Lane(workers=settings.workers or max(1, fit), num_cpus=settings.num_cpus)}
    cpus = settings.gpu_cpus or _cpus_each(machines, gpus)
    on_gpus = [_gpu_workers(machine, cpus, gpus) for machine in machines]
    drawing = Lane(workers=settings.workers or max(1, sum(on_gpus)), num_cpus=cpus, num_gpus=gpus)
    left = [m.get("CPU", 0.0) - count * cpus for m, count in zip(machines, on_gpus, strict=True)]
    fit = sum(_fit(cpu, settings.num_cpus) for cpu in left)
    if fit < 1 and any(on_gpus):
        return {"cpu": drawing}
    return {"cpu": Lane(workers=max(1, fit), num_cpus=settings.num_cpus), "gpu": drawing}


def holds_any(settings: RaySettings, machines: Sequence[Machine], *, networks: bool) -> bool:
    """Whether a machine is there that can hold the largest kind of worker."""
    gpus = _gpus_each(settings, machines) if networks else 0.0
    if gpus <= 0:
        return any(_fit(machine.get("CPU", 0.0), settings.num_cpus) for machine in machines)
    cpus = settings.gpu_cpus or _cpus_each(machines, gpus)
    return any(_gpu_workers(machine, cpus, gpus) for machine in machines)


def holds_gpu(machines: Sequence[Machine]) -> bool:
    """Whether a machine has a GPU."""
    return any(machine.get("GPU", 0.0) >= 1 for machine in machines)


def _gpus_each(settings: RaySettings, machines: Sequence[Machine]) -> float:
    if settings.num_gpus is not None:
        return settings.num_gpus
    return 1.0 if holds_gpu(machines) else 0.0


def _cpus_each(machines: Sequence[Machine], gpus: float) -> float:
    """CPUs of a GPU worker, such that it fits on every machine with GPUs and leaves the spare ones."""
    shares = [
        (machine.get("CPU", 0.0) - _SPARE) // _fit(machine["GPU"], gpus)
        for machine in machines
        if _fit(machine.get("GPU", 0.0), gpus)
    ]
    return float(max(1, min(shares, default=1)))


def _gpu_workers(machine: Machine, cpus: float, gpus: float) -> int:
    return min(_fit(machine.get("GPU", 0.0), gpus), _fit(machine.get("CPU", 0.0), cpus))


def _fit(has: float, each: float) -> int:
    return math.floor(has / each + 1e-6)
