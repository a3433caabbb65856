from __future__ import annotations

import numpy as np
import pytest

from lipsync_ray.speech.features import mel_power, normalised
from training.visemes.channels import altered, blanked, equalised, in_noise, narrowed

RATE = 16000


@pytest.fixture
def sound():
    """Bursts of noise between silences."""
    rng = np.random.default_rng(0)
    gate = np.repeat(rng.random(30) < 0.6, RATE // 10)
    return (0.1 * rng.standard_normal(len(gate)) * (gate + 1e-3)).astype(np.float32)


@pytest.fixture
def features(sound):
    return normalised(mel_power(sound))


@pytest.mark.parametrize("change", [altered, blanked, equalised, in_noise, narrowed])
def test_the_form_stays_and_the_given_is_not_touched(change, features):
    before = features.copy()
    for seed in range(20):
        found = change(np.random.default_rng(seed), features)
        assert found.shape == features.shape
        assert found.dtype == np.float32
        assert np.isfinite(found).all()
    np.testing.assert_array_equal(features, before)


def test_a_narrow_channel_looks_like_a_real_one(sound):
    """A sound without its high half gives zeros there, which is what ``narrowed`` makes of one."""
    spectrum = np.fft.rfft(sound)
    spectrum[len(spectrum) // 2 :] = 0
    heard = normalised(mel_power(np.fft.irfft(spectrum, len(sound)).astype(np.float32)))
    assert np.abs(heard[:, -6:]).max() < 0.5 * np.abs(heard[:, :20]).max()


def test_noise_fills_the_pauses_and_leaves_the_loud_parts(features):
    loud = features.mean(1) > -0.5
    quiet = features.mean(1) < -2
    found = in_noise(np.random.default_rng(1), features)
    assert found[quiet].mean() > features[quiet].mean() + 0.5
    assert abs(found[loud].mean()) < 0.5
