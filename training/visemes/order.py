"""In which order and how long sounds are spoken: counts for ``lipsync_ray.speech.visemes.sequence``."""

from __future__ import annotations

from collections.abc import Sequence as Rows

import numpy as np

from lipsync_ray.speech.visemes.classes import COUNT
from lipsync_ray.speech.visemes.sequence import Sequence
from training.visemes.dataset import Shard

PSEUDO = 2.0  # frames added to every count: what was never heard is rare, not impossible


def usual_order(shards: Rows[Shard]) -> Sequence:
    """Transitions from frame to frame and shares of the classes, over the voices, weighted as in training.

    Scenes and negatives are left out: in them somebody else decided how long nothing is said.
    """
    pairs, counts = np.zeros((COUNT, COUNT)), np.zeros(COUNT)
    for shard in shards:
        if shard.name.split(" ")[0] in ("scenes", "negatives"):
            continue
        labels = shard.labels.astype(np.int64)
        inside = np.ones(len(labels) - 1, bool)
        inside[shard.bounds[1:-1] - 1] = False  # the end of one utterance is not followed by the next
        steps = COUNT * labels[:-1][inside] + labels[1:][inside]
        pairs += shard.weight * np.bincount(steps, minlength=COUNT**2).reshape(COUNT, COUNT)
        counts += shard.weight * np.bincount(labels, minlength=COUNT)
    pairs += PSEUDO
    counts += PSEUDO
    transitions = pairs / pairs.sum(axis=1, keepdims=True)
    return Sequence(
        transitions=transitions.astype(np.float32), prior=(counts / counts.sum()).astype(np.float32)
    )
