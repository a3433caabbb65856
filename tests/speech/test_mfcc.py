"""Cepstra against those of python_speech_features 0.6, and piece by piece against the whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lipsync_ray.speech.mfcc import mfcc

# What ``python_speech_features.mfcc(sound(), 16000)`` of version 0.6 gives, but for its last row, which it
# emphasises before it fills it up with zeros; written by
#     rows = python_speech_features.mfcc(sound(), 16000)
#     np.save("tests/speech/mfcc_psf.npy", rows[:-1].astype(np.float32))
STORED = Path(__file__).with_name("mfcc_psf.npy")


def sound() -> np.ndarray:
    """A second of 16-bit samples: a sweep in noise, soft and loud, with 40 ms of digital silence."""
    at = np.arange(16077) / 16000
    noise = np.random.default_rng(0).random(len(at)) - 0.5
    wave = 9000 * np.sin(2 * np.pi * (200 + 1500 * at) * at) * np.sin(5 * at) ** 2 + 800 * noise
    wave[8000:8640] = 0
    return np.round(wave).astype(np.int16)


def test_is_what_the_reference_computes() -> None:
    wanted = np.load(STORED)
    assert wanted.shape == (98, 13)
    assert wanted[51, 0] == np.log(np.finfo(float).eps).astype(np.float32)  # the silence
    np.testing.assert_allclose(mfcc(sound() / 32768.0, 0, 98), wanted, atol=1e-4)


def test_a_part_is_the_part_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = (sound() / 32768.0).astype(np.float32)
    whole = mfcc(samples, 0, 98)
    monkeypatch.setattr("lipsync_ray.speech.mfcc._BLOCK", 7)
    np.testing.assert_allclose(mfcc(samples, 0, 98), whole, atol=1e-6)
    np.testing.assert_allclose(mfcc(samples, 3200, 40), whole[20:60], atol=1e-6)


def test_beyond_the_ends_is_silence() -> None:
    samples = (sound() / 32768.0).astype(np.float32)
    early = mfcc(samples, -1600, 30)
    assert np.ptp(early[:8], axis=0).max() == 0
    np.testing.assert_allclose(early[10:], mfcc(samples, 0, 20), atol=1e-6)
    np.testing.assert_allclose(mfcc(samples, 40_000, 3), early[:3], atol=1e-6)
