from __future__ import annotations

import numpy as np
import pytest

from lipsync_ray.speech.samples import prepared, resampled


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000, 96000])
def test_a_tone_keeps_its_place_and_height(rate):
    time = np.arange(rate) / rate
    out = resampled(np.sin(2 * np.pi * 440 * time).astype(np.float32), rate)
    assert len(out) == 16000
    expected = np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)
    np.testing.assert_allclose(out[200:-200], expected[200:-200], atol=0.01)


def test_what_16_khz_cannot_hold_is_removed():
    time = np.arange(48000) / 48000
    out = resampled(np.sin(2 * np.pi * 11000 * time).astype(np.float32), 48000)
    assert np.abs(out[200:-200]).max() < 0.01


def test_blocks_change_nothing():
    sound = np.random.default_rng(0).standard_normal(10000).astype(np.float32)
    np.testing.assert_array_equal(resampled(sound, 44100, block=100), resampled(sound, 44100))


def test_wrong_input_is_named():
    with pytest.raises(ValueError, match="int16"):
        prepared(np.zeros(10, np.int16))
    with pytest.raises(ValueError, match="vector"):
        prepared(np.zeros((10, 2), np.float32))
    with pytest.raises(ValueError, match="rate"):
        prepared(np.zeros(10, np.float32), 0)
