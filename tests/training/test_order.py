from __future__ import annotations

import numpy as np

from lipsync_ray.speech.visemes.classes import COUNT
from training.visemes.dataset import Shard
from training.visemes.order import usual_order


def shard(name: str, labels: list[int], bounds: list[int], weight: float = 1.0) -> Shard:
    return Shard(
        name=name,
        weight=weight,
        features=np.zeros((len(labels), 48), np.float16),
        labels=np.array(labels, np.uint8),
        bounds=np.array(bounds),
    )


def test_what_was_heard_often_is_likely():
    found = usual_order([shard("voice", [1, 1, 1, 5] * 500, [0, 2000])])
    np.testing.assert_allclose(found.transitions.sum(axis=1), 1, atol=1e-5)
    assert found.transitions[1, 1] > 0.6
    assert found.transitions[5, 1] > 0.85
    assert 0.6 < found.prior[1] / found.prior.sum() < 0.75
    assert (found.transitions > 0).all()


def test_one_utterance_does_not_follow_another():
    found = usual_order([shard("voice", [3, 3, 7, 7] * 300, list(range(0, 1201, 2)))])
    assert found.transitions[3, 7] < found.transitions[3, 3] / 50


def test_made_silence_does_not_count():
    voice = shard("voice", [1, 2] * 500, [0, 1000])
    alone = usual_order([voice])
    found = usual_order([voice, shard("negatives 0", [0] * 9000, [0, 9000])])
    np.testing.assert_array_equal(found.prior, alone.prior)
    assert found.prior.shape == (COUNT,)
