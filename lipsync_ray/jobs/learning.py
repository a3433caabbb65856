"""What finished jobs teach about how long the next ones will take."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lipsync_ray.config import Config
from lipsync_ray.distributed.machine import available_cpus
from lipsync_ray.distributed.pool import Pool
from lipsync_ray.jobs.course import Account
from lipsync_ray.jobs.machines import Machines
from lipsync_ray.triage.estimate import Places, estimate, learn
from lipsync_ray.triage.facts import Triage
from lipsync_ray.triage.pace import Paces


def places_of(config: Config, pool: Pool) -> Places:
    """The workers of a run."""
    lanes = pool.lanes()
    lane = "gpu" if "gpu" in lanes else "cpu"
    gpus = pool.gpus(lane)
    threads = available_cpus() if config.ray.cluster == "none" else config.ray.threads
    return Places(cpu=lanes["cpu"], drawing=lanes[lane], gpus=gpus, overlapping=threads > 1 or gpus > 0)


def estimated(triage: Triage, config: Config, machines: Machines) -> Triage:
    """A triage with what a run would take that follows now: its faces are known then, if they are kept."""
    found = estimate(
        config,
        places_of(config, machines.pool),
        Paces.load(machines.site.spec.root),
        frames=triage.output["frames"],
        megapixels=triage.megapixels,
        scanned=config.cache.enabled,
    )
    return triage.estimated(found)


@contextmanager
def learning(root: str) -> Iterator[Paces]:
    """What is known so far, to be added to; kept when the block ends, however it does."""
    paces = Paces.load(root)
    try:
        yield paces
    finally:
        paces.store(root)


def learn_from(paces: Paces, config: Config, account: Account, places: Places) -> None:
    """Take note of a finished job; stages that found work done before, or frames to copy, tell nothing."""
    cpu = {stage: took.cpu_s for stage, took in account.clock.stages.items()}
    took = {"prepare": cpu.get("prepare", 0.0), "finish": cpu.get("stitch", 0.0)}
    if account.scanned:
        took["scan"] = cpu.get("scan", 0.0)
    if cpu.get("review", 0.0) and not account.copied:
        took["review"] = cpu["review"]
    if not account.chunks_reused and not account.copied:
        took["render"] = account.gpu_s if places.gpus else cpu.get("render", 0.0)
    learn(
        paces,
        config,
        took,
        on_gpus=places.gpus > 0,
        frames=account.frames,
        megapixels=account.megapixels,
    )
