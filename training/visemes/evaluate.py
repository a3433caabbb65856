"""How well a network hears voices it never heard, and how quiet it keeps when nobody talks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from lipsync_ray.speech.features import RATE
from lipsync_ray.speech.visemes.classes import BILABIALS, SILENCE
from training.visemes.augment import features
from training.visemes.dataset import Shard
from training.visemes.music import KINDS
from training.visemes.targets import lip_tracks, one_hot

Posteriors = Callable[[np.ndarray], np.ndarray]  # float32[n, 48] -> float[n, 32]
CLOSED_AT = 0.2  # probability of a bilabial that counts as heard: networks are cautious about them
CLIPS = 6  # of each kind of sound without speech
ENOUGH = 60  # utterances of a shard


def judged(posteriors: Posteriors, shard: Shard, most: int = ENOUGH) -> dict[str, float]:
    """Accuracy, recall of bilabials and agreement of the lips' tracks over a shard's first utterances."""
    picked = range(0, len(shard), max(1, len(shard) // most))
    clips = [
        (posteriors(np.asarray(rows, np.float32)), labels) for rows, labels in (shard[k] for k in picked)
    ]
    found, labels = np.concatenate([one for one, _ in clips]), np.concatenate([one for _, one in clips])
    tracks = np.concatenate([lip_tracks(one) for one, _ in clips])
    truth = np.concatenate([lip_tracks(one_hot(one)) for _, one in clips])
    talks, lips = labels != SILENCE, np.isin(labels, BILABIALS)
    right, closed = found.argmax(1) == labels, found[:, BILABIALS].sum(1) > CLOSED_AT
    return {
        "accuracy": _mean(right),
        "accuracy_speech": _mean(right[talks]),
        "bilabial_recall": _mean(closed[lips]),
        "bilabial_false": _mean(closed[talks & ~lips]),
        "silence_recall": _mean(found[~talks].argmax(1) == SILENCE),
        "aperture_r": _agreement(tracks[talks, 0], truth[talks, 0]),
        "width_r": _agreement(tracks[talks, 1], truth[talks, 1]),
    }


def silence(posteriors: Posteriors, seed: int = 1, clips: int = CLIPS) -> dict[str, float]:
    """Mean probability of silence in each kind of sound without speech, normalised by itself."""
    result = {}
    for kind, make in KINDS.items():
        rng = np.random.default_rng(seed)
        found = [posteriors(features(make(rng, 6 * RATE)))[:, SILENCE] for _ in range(clips)]
        result[kind] = _mean(np.concatenate(found))
    return result


def evaluate(
    posteriors: Posteriors, shards: Sequence[Shard], clips: int = CLIPS
) -> dict[str, dict[str, dict[str, float]]]:
    """Everything measured: ``held_out`` by ``voice@condition``, ``silence`` by kind of sound."""
    voices = {shard.name: judged(posteriors, shard) for shard in shards}
    return {"held_out": voices, "silence": {"mean probability": silence(posteriors, clips=clips)}}


def score(posteriors: Posteriors, shards: Sequence[Shard], most: int = 12) -> float:
    """One number to choose by: accuracy on speech plus agreement of aperture, mean over shards."""
    found = [judged(posteriors, shard, most) for shard in shards]
    return float(np.mean([(one["accuracy_speech"] + one["aperture_r"]) / 2 for one in found]))


def _mean(values: np.ndarray) -> float:
    return round(float(np.mean(values)), 4) if len(values) else float("nan")


def _agreement(found: np.ndarray, truth: np.ndarray) -> float:
    return round(float(np.corrcoef(found, truth)[0, 1]), 4)
