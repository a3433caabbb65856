"""Training: cross-entropy on the classes, and a lesson in what the lips do with them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from lipsync_ray.speech.features import BANDS
from training.visemes.channels import altered
from training.visemes.dataset import Shard
from training.visemes.network import TRACKS, NetworkSettings, VisemeTcn
from training.visemes.targets import lip_tracks, one_hot

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnSettings:
    """How long and from what a network learns."""

    steps: int = 5000
    batch: int = 24
    frames: int = 300  # of a sample: 3 s
    rate: float = 3e-3  # highest of the one cycle
    decay: float = 1e-2
    smoothing: float = 0.05  # of the labels, whose edges are uncertain by a frame
    track_weight: float = 1.0  # of the loss on the lips' tracks
    scenes: float = 0.08  # share of the samples with talk and something else in turn
    negatives: float = 0.05  # share in which nobody talks
    looks: int = 4  # at the held-out voices in the last quarter; the best state is kept
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.steps, self.batch, self.frames, self.looks) < 1 or self.scenes + self.negatives >= 1:
            raise ValueError(f"no training runs like this: {self}")


@dataclass(frozen=True, slots=True)
class Batch:
    """Samples of equal length."""

    features: Tensor  # float32[b, 48, frames]
    labels: Tensor  # int64[b, frames]
    tracks: Tensor  # float32[b, 3, frames]


class Sampler:
    """Draws stretches of utterances: every frame is as likely as another, times its shard's weight."""

    def __init__(self, shards: Sequence[Shard], settings: LearnSettings) -> None:
        self.shards, self.settings = shards, settings
        self.rng = np.random.default_rng(settings.seed)
        self.tracks = [lip_tracks(one_hot(shard.labels)).astype(np.float16) for shard in shards]
        self.share = shares(shards, settings)
        self.lengths = [np.diff(shard.bounds) / shard.bounds[-1] for shard in shards]

    def draw(self) -> Batch:
        """A batch, altered in ways that need no sound: an equaliser, a band or a moment missing."""
        size, frames = self.settings.batch, self.settings.frames
        features = np.zeros((size, frames, BANDS), np.float32)
        labels = np.zeros((size, frames), np.int64)
        tracks = np.zeros((size, frames, TRACKS), np.float32)
        for row, number in enumerate(self.rng.choice(len(self.shards), size, p=self.share)):
            self._fill(int(number), features[row], labels[row], tracks[row])
        return Batch(
            torch.from_numpy(features).transpose(1, 2),
            torch.from_numpy(labels),
            torch.from_numpy(tracks).transpose(1, 2),
        )

    def _fill(self, number: int, features: np.ndarray, labels: np.ndarray, tracks: np.ndarray) -> None:
        """Fill a sample with a stretch of an utterance, or with several when they are short."""
        shard, at = self.shards[number], 0
        while at < len(labels):
            source = self._stretch(number, len(labels) - at)
            rows = slice(at, at + source.stop - source.start)
            features[rows], labels[rows] = shard.features[source], shard.labels[source]
            tracks[rows] = self.tracks[number][source]
            at = rows.stop
        features[:] = altered(self.rng, features)

    def _stretch(self, number: int, room: int) -> slice:
        bounds = self.shards[number].bounds
        utterance = self.rng.choice(len(bounds) - 1, p=self.lengths[number])
        start, stop = int(bounds[utterance]), int(bounds[utterance + 1])
        start += int(self.rng.integers(max(1, stop - start - room + 1)))
        return slice(start, min(stop, start + room))


def shares(shards: Sequence[Shard], settings: LearnSettings) -> np.ndarray:
    """Probability of each shard: scenes and negatives their share, voices by length and weight."""
    raw = np.array([len(shard.labels) * shard.weight for shard in shards])
    kinds = np.array([shard.name.split(" ")[0] for shard in shards])
    share = {"scenes": settings.scenes, "negatives": settings.negatives}
    result = np.zeros(len(shards))
    for kind, part in share.items():
        mine = kinds == kind
        result[mine] = part * raw[mine] / max(raw[mine].sum(), 1)
    voices = ~np.isin(kinds, list(share))
    result[voices] = (1 - result.sum()) * raw[voices] / raw[voices].sum()
    return result / result.sum()


def learn(
    shards: Sequence[Shard],
    network_settings: NetworkSettings,
    settings: LearnSettings,
    score: Callable[[VisemeTcn], float],
) -> VisemeTcn:
    """Train a network; of its last states the one with the highest score is returned."""
    torch.manual_seed(settings.seed)
    network = VisemeTcn(network_settings)
    optimizer = torch.optim.AdamW(network.parameters(), lr=settings.rate, weight_decay=settings.decay)
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, settings.rate, total_steps=settings.steps)
    sampler, best, kept = Sampler(shards, settings), -1.0, {}
    looks = {
        settings.steps - 1 - round(k * settings.steps / 4 / settings.looks) for k in range(settings.looks)
    }
    for step in range(settings.steps):
        network.train()
        loss = loss_of(network, sampler.draw(), settings)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
        cycle.step()
        if step % 100 == 99:
            log.info("step %d of %d: loss %.3f", step + 1, settings.steps, loss.item())
        if step in looks and (found := score(network)) > best:
            best, kept = found, {name: value.clone() for name, value in network.state_dict().items()}
            log.info("step %d: held-out score %.4f, the best so far", step + 1, best)
    network.load_state_dict(kept)
    return network.eval()


def loss_of(network: VisemeTcn, batch: Batch, settings: LearnSettings) -> Tensor:
    """Cross-entropy of the classes, and smooth L1 of the tracks."""
    logits, tracks = network(batch.features)
    classes = nn.functional.cross_entropy(logits, batch.labels, label_smoothing=settings.smoothing)
    return classes + settings.track_weight * nn.functional.smooth_l1_loss(tracks, batch.tracks, beta=0.5)
