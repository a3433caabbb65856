"""From nothing to the file of weights, in stages; each keeps what an earlier run of it made."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from time import monotonic

import numpy as np
import torch

from lipsync_ray.speech.visemes.weights import load_weights
from training.visemes.dataset import DatasetSettings, Shard, open_shards, precompute
from training.visemes.evaluate import CLIPS, evaluate, score
from training.visemes.export import check, save
from training.visemes.learn import LearnSettings, learn
from training.visemes.network import NetworkSettings, VisemeTcn, posteriors
from training.visemes.order import usual_order

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that decides the weights, besides the synthesizers."""

    dataset: DatasetSettings = field(default_factory=DatasetSettings)
    network: NetworkSettings = field(default_factory=NetworkSettings)
    learn: LearnSettings = field(default_factory=LearnSettings)
    nets: int = 1  # trained from neighbouring seeds, whose answers are averaged
    tries: int = 1  # seeds tried; the best are kept
    silent: int = CLIPS  # clips of each kind of sound without speech that the file is judged by

    def __post_init__(self) -> None:
        if not 1 <= self.nets <= self.tries:
            raise ValueError(f"cannot keep {self.nets} of {self.tries} networks")


def features(work: Path, corpus: Path, recipe: Recipe, processes: int) -> tuple[list[Shard], list[Shard]]:
    """Shards to train with and to judge by."""
    folder = work / "features"
    precompute(corpus, folder, recipe.dataset, processes=processes, told=partial(log.info, "features of %s"))
    return open_shards(folder / "train"), open_shards(folder / "held")


def train(work: Path, recipe: Recipe, shards: Sequence[Shard], held: Sequence[Shard]) -> list[VisemeTcn]:
    """The best networks of the seeds tried, best first."""
    found = []
    for seed in range(recipe.learn.seed, recipe.learn.seed + recipe.tries):
        network = _trained(work, replace(recipe, learn=replace(recipe.learn, seed=seed)), shards, held)
        found.append((_score(network, held), network))
        log.info("seed %d: score %.4f", seed, found[-1][0])
    found.sort(key=lambda pair: -pair[0])
    return [network for _, network in found[: recipe.nets]]


def _trained(work: Path, recipe: Recipe, shards: Sequence[Shard], held: Sequence[Shard]) -> VisemeTcn:
    seed = recipe.learn.seed
    mark = sha256(repr((recipe.network, recipe.learn, [shard.name for shard in shards])).encode()).hexdigest()
    path = work / f"net-{seed}-{mark[:8]}.pt"
    if path.exists():
        network = VisemeTcn(recipe.network)
        network.load_state_dict(torch.load(path, weights_only=True))
        return network.eval()
    network = learn(shards, recipe.network, recipe.learn, lambda one: _score(one, held))
    torch.save(network.state_dict(), path)
    return network


def _score(network: VisemeTcn, held: Sequence[Shard]) -> float:
    return score(partial(posteriors, network), held)


def ship(path: Path, networks: Sequence[VisemeTcn], shards: Sequence[Shard]) -> str:
    """Count the order of sounds, write the file, check it; returns its version."""
    version = save(path, networks, usual_order(shards))
    sample = np.asarray(shards[0][0][0], np.float32)
    log.info("%s: version %s, off by at most %.4f in a logit", path, version, check(path, networks, sample))
    return version


def shipped(path: Path) -> Callable[[np.ndarray], np.ndarray]:
    """Posteriors of the file's networks, as at run time; the order of sounds not applied."""
    weights = load_weights(path)
    return lambda rows: weights.posteriors(weights.hidden(rows))


def run(work: Path, corpus: Path, out: Path, recipe: Recipe, processes: int) -> dict:
    """All stages after synthesis; returns what was measured, also written to ``work/metrics.json``."""
    started = monotonic()
    shards, held = features(work, corpus, recipe, processes)
    prepared = monotonic()
    networks = train(work, recipe, shards, held)
    trained = monotonic()
    metrics = {
        "version": ship(out, networks, shards),
        "recipe": asdict(recipe),
        "parameters": sum(value.numel() for value in networks[0].parameters()) * len(networks),
        "bytes": out.stat().st_size,
        "hours_of_features": round(sum(len(shard.labels) for shard in shards) / 360000, 2),
        "voices": sorted(shard.name for shard in shards if shard.name.split(" ")[0] not in _MADE),
        "seconds": {"features": round(prepared - started), "training": round(trained - prepared)},
        **evaluate(shipped(out), held, recipe.silent),
    }
    (work / "metrics.json").write_text(json.dumps(metrics, indent=1) + "\n")
    return metrics


_MADE = ("scenes", "negatives")
