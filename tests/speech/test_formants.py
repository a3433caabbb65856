from __future__ import annotations

import numpy as np
import pytest

from lipsync_ray.errors import AudioUnreadable, ConfigError
from lipsync_ray.speech.activity import loud_level, runs
from lipsync_ray.speech.formants import APERTURE, HOLD, ROUNDING, WIDTH, descriptors, from_voice
from lipsync_ray.speech.model import MODELS, speech_model
from lipsync_ray.speech.track import NAMES, MouthTrack
from lipsync_ray.speech.voice import measure

RATE = 16000


@pytest.fixture(params=sorted(MODELS))
def model(request):
    return speech_model(request.param)


def same(one: MouthTrack, other: MouthTrack, atol: float) -> None:
    for name in NAMES:
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), atol=atol, err_msg=name)


def test_the_mouth_stays_closed_and_still_without_speech(model, not_speech):
    track = model.track(not_speech)
    assert len(track) == len(not_speech) // 160 + 1
    for name in NAMES:
        assert not getattr(track, name).any(), name


def test_the_mouth_moves_with_speech_in_its_range(model, any_speech):
    track = model.track(any_speech)
    talk = track.speech == 1
    low, high = np.percentile(track.aperture[talk], [8, 92])
    assert low < 0.15
    assert 0.75 < high < 1.25
    assert track.aperture.min() == 0
    assert track.aperture.max() <= 1.3
    low, high = float(track.width.min()), float(track.width.max())
    assert -1.2 - 1e-6 <= low < -0.5 < 0.5 < high <= 1.2 + 1e-6
    assert track.rounding.min() == 0
    assert 0.5 < track.rounding.max() <= 1
    assert 0 < (track.closure >= 0.5).mean() < 0.35


@pytest.mark.parametrize("gain", [0.05, 0.2, 5.0])
def test_loud_and_soft_recordings_move_the_mouth_alike(model, speech, gain):
    same(model.track(gain * speech), model.track(speech), atol=0.02)


def test_a_very_soft_recording_is_still_heard(model, speech):
    soft, full = model.track(0.01 * speech), model.track(speech)
    assert np.corrcoef(soft.aperture, full.aperture)[0, 1] > 0.97


def test_a_shout_after_a_murmur_leaves_the_murmur_its_movement(model, speech):
    alone = model.track(speech)
    both = model.track(np.concatenate([0.1 * speech, np.zeros(6 * RATE, np.float32), speech]))
    spread = np.std(both.aperture[: len(alone)]) / np.std(alone.aperture)
    assert 0.8 < spread < 1.25


def test_sound_of_8_khz(model, speech):
    spectrum = np.fft.rfft(speech)
    spectrum[len(spectrum) // 2 :] = 0
    narrow = np.fft.irfft(spectrum, len(speech))
    telephone = model.track(narrow[::2].astype(np.float32), 8000)
    wide = model.track(speech)
    assert abs(len(telephone) - len(wide)) <= 1
    count = min(len(telephone), len(wide))
    assert np.corrcoef(telephone.aperture[:count], wide.aperture[:count])[0, 1] > 0.8


def test_pauses_close_and_sound_is_led(model, speech):
    pause = np.zeros(RATE, np.float32)
    track = model.track(np.concatenate([pause, speech, pause]))
    assert not track.aperture[:85].any()
    assert not track.aperture[-60:].any()
    onset = np.flatnonzero(track.speech == 1)[0]
    assert 100 < onset < 130
    assert np.flatnonzero(track.speech)[0] == onset - 7
    assert track.aperture[onset : onset + 10].max() > 0.1


def test_closures_are_held_and_closed(model, any_speech):
    track = model.track(any_speech)
    held = runs(track.closure >= 0.5)
    assert len(held) > 3
    assert (held[:, 1] - held[:, 0]).min() >= HOLD
    assert not track.aperture[track.closure >= 0.5].any()
    for fps in (24, 25, 30, 60):
        cues = track.at(np.arange(int(track.duration * fps)) / fps)
        shown = runs(cues.closure >= 0.5)
        assert (shown[:, 1] - shown[:, 0]).min() >= 2


def test_the_result_does_not_depend_on_blocks(speech):
    same(from_voice(measure(speech, size=91)), from_voice(measure(speech)), atol=1e-3)


def test_an_open_vowel_opens_more_than_a_rounded_one(vowel):
    shapes = ([750, 1250, 2600], [320, 750, 2300])
    sound = np.concatenate([vowel(110 + 5 * k, shape, 0.3) for k in range(6) for shape in shapes])
    voice = measure(sound)
    inputs = descriptors(voice, voice.level - loud_level(voice), np.ones(len(voice), bool))
    place = np.arange(len(voice)) / 30
    steady = np.abs(place % 1 - 0.5) < 0.25
    is_open, is_round = (steady & (place.astype(int) % 2 == k) for k in (0, 1))
    for weights, least in ((APERTURE, 0.3), (WIDTH, 0.15), (ROUNDING, -np.inf)):
        curve = inputs @ np.array(weights)
        assert curve[is_open].mean() > curve[is_round].mean() + least
    assert curve[is_round].mean() > curve[is_open].mean() + 0.1


@pytest.mark.parametrize("count", [1, 100, 161, 1600])
def test_tiny_sounds_are_fine(model, count):
    assert len(model.track(np.full(count, 0.1, np.float32))) == count // 160 + 1


def test_no_samples_is_an_error(model):
    with pytest.raises(AudioUnreadable, match="no samples"):
        model.track(np.empty(0, np.float32))


def test_samples_that_are_no_numbers_count_as_silence(model, speech):
    broken, clean = speech.copy(), speech.copy()
    broken[1000:1010], clean[1000:1010] = np.nan, 0
    broken[5000], clean[5000] = np.inf, 0
    same(model.track(broken), model.track(clean), atol=0)


def test_unknown_model():
    with pytest.raises(ConfigError, match="known: formants"):
        speech_model("psychic")
