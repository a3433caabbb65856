"""What a dub will take and cost on the machines at hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from lipsync_ray.config import Config
from lipsync_ray.layout import duration
from lipsync_ray.triage.effort import DRAW, Effort, effort_of
from lipsync_ray.triage.pace import Paces

OVERLAP = 1.7  # what decoding, drawing and encoding at once gain on two CPUs, by benchmarks/workers.py


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Workers that there will be."""

    cpu: int  # that scan and prepare
    drawing: int
    gpus: float = 0.0  # that each of those which draw holds; 0: none
    overlapping: bool = False  # those which draw have two CPUs or more: they decode and encode meanwhile


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a job will take. None: nothing is known of its engine on such machines."""

    wall_s: float | None  # alone on all workers; without the start of Ray
    cpu_s: float | None  # of workers without GPUs, and of others in preparing
    gpu_s: float | None  # for which it will have GPUs, times their number; 0 where none draws
    cost_usd: float | None  # at cost.usd_per_gpu_hour
    learnt: bool  # from dubs on machines of this cache, not only from those that the project was measured on

    def text(self) -> str:
        """A line for a person."""
        if self.wall_s is None:
            return "unknown: this engine has not finished a dub with this cache yet"
        parts = [f"about {duration(self.wall_s)}"]
        if self.gpu_s:
            parts.append(f"{self.gpu_s / 3600:.3f} GPU hours")
        if self.cost_usd is not None and self.gpu_s:
            parts.append(f"{self.cost_usd:.2f} USD")
        basis = "from earlier dubs here" if self.learnt else "as on the project's machine; dubs correct it"
        return f"{', '.join(parts)} ({basis})"


def kinds_of(config: Config, *, on_gpus: bool) -> dict[str, str]:
    """What each stage's work is called in ``Paces``: stages of one kind take time in the same way."""
    machine = "gpu" if on_gpus else "cpu"
    name = config.engine.name
    enhanced = f"+{config.enhance.name}" if config.enhance.name != "none" else ""
    return {
        "scan": f"scan/{config.face.detector}",
        "prepare": f"prepare/{name}",
        "render": f"render/{name}{enhanced}/{machine}",
        "review": "review",
        "finish": "finish",
    }


def estimate(
    config: Config, places: Places, paces: Paces, *, frames: int, megapixels: float, scanned: bool = False
) -> Estimate:
    """Estimate a job.

    Args:
        config: its settings.
        places: the workers.
        paces: what earlier dubs have shown.
        frames: of its output.
        megapixels: of its picture.
        scanned: whether its faces are known already.
    """
    kinds = kinds_of(config, on_gpus=places.gpus > 0)
    factors = paces.factors(kinds)
    effort = effort_of(config, frames=frames, megapixels=megapixels).scaled(factors)
    if scanned:
        effort = replace(effort, scan=0.0)
    if config.engine.name not in DRAW and "render" not in factors:
        return Estimate(wall_s=None, cpu_s=None, gpu_s=None, cost_usd=None, learnt=False)
    gpu_s = effort.render * places.gpus
    price = config.cost.usd_per_gpu_hour
    rest = effort.scan + effort.prepare + effort.review + effort.finish
    return Estimate(
        wall_s=round(_wall(effort, places, config, frames), 1),
        cpu_s=round(rest + (0.0 if gpu_s else effort.render), 1),
        gpu_s=round(gpu_s, 1),
        cost_usd=None if price is None else round(price * gpu_s / 3600, 4),
        learnt="render" in factors,
    )


def _wall(effort: Effort, places: Places, config: Config, frames: int) -> float:
    """Pieces cannot be shared: of five, two workers draw three rounds."""
    pieces = max(1, round(frames / (25 * config.chunk.seconds)))
    rounds = -(-pieces // places.drawing)
    return (
        effort.scan / min(places.cpu, pieces)
        + effort.prepare
        + effort.render * rounds / pieces / (OVERLAP if places.overlapping else 1.0)
        + effort.review / min(places.cpu, pieces)
        + effort.finish
    )


def learn(
    paces: Paces,
    config: Config,
    took: Mapping[str, float],
    *,
    on_gpus: bool,
    frames: int,
    megapixels: float,
) -> None:
    """Compare a finished job with what ``effort_of`` says, by stage.

    Args:
        took: seconds of workers by stage: those stages that were done from their beginning.
    """
    expected = asdict(effort_of(config, frames=frames, megapixels=megapixels))
    for stage, kind in kinds_of(config, on_gpus=on_gpus).items():
        if stage in took:
            paces.learn(kind, expected_s=expected[stage], took_s=took[stage])
