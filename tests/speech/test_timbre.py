from __future__ import annotations

from itertools import combinations

import numpy as np

from lipsync_ray.media.sample_file import store_samples
from lipsync_ray.speech.features import HOP, mel_power
from lipsync_ray.speech.timbre import alike, timbre
from tests.conftest import ROOT


def talking(samples: np.ndarray) -> np.ndarray:
    level = mel_power(samples).mean(axis=1)
    return level > 0.02 * np.percentile(level, 95)


def test_halves_of_a_recording_are_alike_and_other_voices_are_not(tmp_path):
    halves = {}
    for name in ("hello", "hola"):
        samples = store_samples(ROOT / "examples" / f"{name}.wav", tmp_path / "samples")[0:]
        middle = len(samples) // (2 * HOP) * HOP
        halves[name] = [timbre(part, talking(part)) for part in (samples[:middle], samples[middle:])]
        louder = timbre(4 * samples, talking(samples))
        assert np.allclose(louder, timbre(samples, talking(samples)), atol=0.02)
    assert all(alike(*both) for both in halves.values())
    for one, other in combinations(halves, 2):
        assert not any(alike(a, b) for a in halves[one] for b in halves[other])


def test_nobody_is_like_nobody():
    silence = np.zeros(16000, np.float32)
    assert timbre(silence, np.zeros(101, bool)) is None
    assert not alike(None, None)
