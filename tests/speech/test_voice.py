from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from lipsync_ray.speech.voice import measure, predictor

RATE = 16000


@pytest.mark.parametrize("pitch", [100.0, 125.0, 200.0])
@pytest.mark.parametrize(
    "formants", [[700, 1200, 2600], [300, 2300, 3000], [320, 800, 2300], [500, 1500, 2500]]
)
def test_formants_and_pitch_of_a_made_vowel(vowel, pitch, formants):
    voice = measure(vowel(pitch, [*formants, 2900]))
    inside = slice(10, -10)
    assert (voice.voicing[inside] > 0.9).all()
    np.testing.assert_allclose(np.median(voice.pitch[inside]), pitch, rtol=0.02)
    assert abs(np.nanmedian(voice.f1[inside]) - formants[0]) < max(60, 0.3 * pitch)
    assert abs(np.nanmedian(voice.f2[inside]) - formants[1]) < 0.1 * formants[1]


def test_level_is_that_of_the_frame():
    time = np.arange(RATE) / RATE
    voice = measure((0.1 * np.sqrt(2) * np.sin(2 * np.pi * 440 * time)).astype(np.float32))
    np.testing.assert_allclose(voice.level[5:-5], -20, atol=0.1)


def test_silence_has_no_voice():
    voice = measure(np.zeros(RATE, np.float32))
    assert (voice.level < -100).all()
    assert not voice.voicing.any()
    assert np.isnan(voice.f1).all()
    assert not voice.movement.any()
    assert len(voice.movement) == 101


@pytest.mark.parametrize("size", [2, 73])
def test_measures_do_not_depend_on_blocks(speech, size):
    whole, cut = measure(speech), measure(speech, size=size)
    for name in ("level", "voicing", "pitch", "f1", "f2", "low", "movement"):
        np.testing.assert_allclose(getattr(cut, name), getattr(whole, name), rtol=1e-4, atol=1e-4)


def test_predictor_solves_the_normal_equations():
    rng = np.random.default_rng(0)
    sound = np.convolve(rng.standard_normal(4000), [1.0, 0.6, 0.2])
    lags = np.array([[sound[k:] @ sound[: len(sound) - k] for k in range(7)]])
    matrix = lags[0][np.abs(np.subtract.outer(np.arange(6), np.arange(6)))]
    np.testing.assert_allclose(predictor(lags)[0, 1:], -np.linalg.solve(matrix, lags[0, 1:]), atol=1e-9)


def test_memory_does_not_grow_with_the_sound(speech):
    def peak(seconds: int) -> int:
        sound = np.resize(speech, seconds * RATE)
        tracemalloc.start()
        measure(sound)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    # What stays are 28 bytes per frame of 10 ms.
    assert peak(180) - peak(60) < 500_000
