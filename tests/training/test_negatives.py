from __future__ import annotations

import numpy as np
import pytest

from lipsync_ray.speech.features import RATE, frame_count, mel_power
from lipsync_ray.speech.visemes.classes import SILENCE
from tests.training import toy
from training.visemes.music import KINDS, MUSIC, negative
from training.visemes.negatives import coloured, hum, nothing
from training.visemes.scenes import scene


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize("kind", KINDS)
def test_sounds_have_a_length_a_level_and_repeat(kind):
    one, other = (KINDS[kind](np.random.default_rng(2), 2 * RATE) for _ in range(2))
    assert one.shape == (2 * RATE,)
    assert one.dtype == np.float32
    np.testing.assert_array_equal(one, other)
    assert np.isfinite(one).all()
    if kind != "nothing":
        assert np.sqrt(np.mean(one**2)) == pytest.approx(0.1, abs=0.03)


@pytest.mark.parametrize(("slope", "decibels"), [(0, 0), (1, -3), (2, -6)])
def test_noise_falls_by_its_colour(rng, slope, decibels):
    power = np.abs(np.fft.rfft(coloured(rng, 8 * RATE, slope))) ** 2
    low, high = (power[8 * hertz : 16 * hertz].mean() for hertz in (500, 1000))
    assert 10 * np.log10(high / low) == pytest.approx(decibels, abs=0.6)


def test_hum_holds_its_pitch(rng):
    sound = hum(rng, 4 * RATE)
    one, other = (np.abs(np.fft.rfft(part)).argmax() for part in np.split(sound, 2))
    assert one == other


def test_nothing_is_below_a_16_bit_step(rng):
    assert max(np.abs(nothing(rng, RATE)).max() for _ in range(8)) <= 1 / 32768


@pytest.mark.parametrize("kind", MUSIC)
def test_music_is_no_noise(kind):
    """Its power gathers in few places of frequency or time."""
    power = mel_power(KINDS[kind](np.random.default_rng(4), 6 * RATE))
    share = np.sort((power / power.sum()).ravel())[::-1]
    assert share[: len(share) // 10].sum() > 0.5


def test_negatives_are_of_many_kinds(rng):
    levels = {round(float(np.abs(np.fft.rfft(negative(rng, RATE))).argmax())) for _ in range(12)}
    assert len(levels) > 6


def test_scenes_label_the_gaps_silent_whatever_fills_them(rng, tmp_path):
    from training.visemes.corpus import open_corpus

    voice = open_corpus(toy.write_corpus(tmp_path, utterances=3))[0]
    filled = 0
    for _ in range(6):
        made = scene(rng, voice)
        assert len(made.labels) == frame_count(len(made.samples))
        level = mel_power(made.samples).mean(1)
        gaps, talk = made.labels == SILENCE, made.labels != SILENCE
        assert gaps.mean() > 0.1
        assert talk.any()
        filled += level[gaps].mean() > 1e-6
    assert filled >= 3
