from __future__ import annotations

import numpy as np
import pytest

from lipsync_ray.speech.features import HOP, RATE, frame_count, mel_power, normalised
from lipsync_ray.speech.visemes.classes import SILENCE
from tests.training import toy
from training.visemes import augment
from training.visemes.augment import AugmentSettings
from training.visemes.corpus import Utterance


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def talk(rng):
    """Loud (class 1) and silent stretches: where it is loud tells where a label belongs."""
    return toy.say(rng, [0, 1, 0, 7, 0, 1, 1, 0])


def loud(samples: np.ndarray) -> np.ndarray:
    level = 10 * np.log10(mel_power(samples).mean(1) + 1e-12)
    return level > level.max() - 25


def agreement(utterance: Utterance) -> float:
    return float((loud(utterance.samples) == (utterance.labels != SILENCE)).mean())


@pytest.mark.parametrize("ratio", range(17, 25))
def test_labels_follow_a_changed_speed(talk, ratio):
    changed = augment.resampled(talk, ratio)
    assert len(changed.samples) == round(len(talk.samples) * 20 / ratio)
    assert len(changed.labels) == frame_count(len(changed.samples))
    assert agreement(changed) > 0.9


def test_unchanged_speed_changes_nothing(talk):
    same = augment.resampled(talk, 20)
    np.testing.assert_allclose(same.samples, talk.samples, atol=1e-5)
    np.testing.assert_array_equal(same.labels, talk.labels)


def test_pitch_moves_with_speed():
    tone = np.sin(2 * np.pi * 1000 * np.arange(2 * RATE) / RATE).astype(np.float32)
    changed = augment.resampled(
        Utterance(samples=tone, labels=np.zeros(frame_count(len(tone)), np.uint8)), 24
    ).samples
    spectrum = np.abs(np.fft.rfft(changed))
    assert np.argmax(spectrum) * RATE / len(changed) == pytest.approx(1200, abs=2)


@pytest.mark.parametrize("name", ["whispered", "reverberant", "clipped"])
def test_sounds_stay_where_they_were(rng, talk, name):
    changed = getattr(augment, name)(rng, talk.samples)
    assert changed.shape == talk.samples.shape
    lag = _lag(mel_power(changed).mean(1), mel_power(talk.samples).mean(1))
    assert abs(lag) <= 1


def _lag(one: np.ndarray, other: np.ndarray) -> int:
    one, other = (np.sqrt(value) - np.sqrt(value).mean() for value in (one, other))
    lags = range(-10, 11)
    return lags[int(np.argmax([np.dot(np.roll(one, -lag), other) for lag in lags]))]


def test_a_whisper_has_no_pitch(rng):
    voiced = toy.say(rng, [1] * 10, pitch=125.0).samples
    assert _periodicity(voiced, 128) > 0.6
    assert _periodicity(augment.whispered(rng, voiced), 128) < 0.2


def _periodicity(samples: np.ndarray, lag: int) -> float:
    return float(np.corrcoef(samples[lag:], samples[:-lag])[0, 1])


def test_a_background_is_as_loud_as_asked(rng):
    speech = np.zeros(2 * RATE, np.float32)
    speech[:RATE] = rng.standard_normal(RATE) * 0.1
    heard = np.arange(frame_count(len(speech))) < 100
    sound = augment.mixed(speech, rng.standard_normal(2 * RATE), 10.0, heard) - speech
    assert 10 * np.log10(np.mean(speech[:RATE] ** 2) / np.mean(sound**2)) == pytest.approx(10, abs=0.1)


def test_features_are_those_of_the_runtime(talk):
    np.testing.assert_allclose(augment.features(talk.samples), normalised(mel_power(talk.samples)), atol=1e-4)


def test_a_warp_moves_resonances():
    tone = np.sin(2 * np.pi * 1500 * np.arange(RATE) / RATE).astype(np.float32)
    tone += 1e-3 * np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
    low, plain, high = (np.argmax(mel_like(tone, percent)) for percent in (119, 100, 84))
    assert low < plain < high


def mel_like(samples: np.ndarray, percent: int) -> np.ndarray:
    spectrum = np.abs(np.fft.rfft(samples.reshape(-1, HOP * 2), 512)) ** 2
    return spectrum.mean(0) @ augment.warped_mel(percent)


def test_a_telephone_keeps_its_band():
    gain = augment.passband(*augment.TELEPHONE)
    hertz = np.arange(257) * RATE / 512
    assert (gain[(hertz > 310) & (hertz < 3390)] == 1).all()
    assert (gain[(hertz < 130) | (hertz > 3800)] < 1e-3).all()


def test_everything_at_once_stays_aligned_and_repeats(talk):
    always = AugmentSettings(resample=1, whisper=1, reverb=1, add=1, clip=1, compand=1, snr_db=(30, 45))
    background = [np.random.default_rng(5).standard_normal(RATE)]
    one, other = (augment.altered(talk, np.random.default_rng(3), background, always) for _ in range(2))
    np.testing.assert_array_equal(one.samples, other.samples)
    assert len(augment.altered_features(one.samples, np.random.default_rng(0), always)) == len(one.labels)
    assert np.isfinite(one.samples).all()
