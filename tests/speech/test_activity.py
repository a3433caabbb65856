from __future__ import annotations

import numpy as np
import pytest

from lipsync_ray.speech import activity
from lipsync_ray.speech.voice import measure
from tests.media.output_clips import load_samples
from tests.speech.alterations import whispered

RATE = 16000


def talking(samples: np.ndarray) -> np.ndarray:
    voice = measure(samples)
    return activity.talking(voice, activity.loud_level(voice))


def test_other_sounds_are_no_talk(not_speech):
    assert not talking(not_speech).any()


def test_speech_is(any_speech):
    active = talking(any_speech)
    voice = measure(any_speech)
    assert active[voice.level > np.percentile(voice.level, 95) - 15].mean() > 0.97


def test_real_speech_is(media_dir):
    for name in ("talk_vfr_700.mp4", "speech_10s.wav"):
        assert talking(load_samples(media_dir / name)).mean() > 0.5


def test_pauses_are_found(speech):
    pause = np.zeros(2 * RATE, np.float32)
    active = talking(np.concatenate([pause, speech, pause, speech, pause]))
    frames, length = np.arange(len(active)) / 100, len(speech) / RATE
    for start in (0, 2 + length, 4 + 2 * length):
        assert not active[(frames > start + 0.1) & (frames < start + 1.9)].any()
    for start in (2, 4 + length):
        assert active[(frames > start + 0.3) & (frames < start + length - 0.5)].mean() > 0.85


@pytest.mark.parametrize("ratio_db", [15, 8])
def test_speech_in_noise_is_heard_and_its_pauses_too(speech, ratio_db):
    pause = np.zeros(2 * RATE, np.float32)
    sound = np.concatenate([pause, speech, pause])
    noise = np.random.default_rng(1).standard_normal(len(sound))
    noisy = sound + noise * np.sqrt(np.mean(speech**2)) * 10 ** (-ratio_db / 20)
    active = talking(noisy.astype(np.float32))
    assert active[220 : 200 + len(speech) // 160 - 40].mean() > 0.8
    assert not active[:150].any()
    assert not active[-150:].any()


def test_speech_before_and_after_music(speech, tune):
    sound = np.concatenate([speech, tune, speech])
    active = talking(sound)
    first, last = len(speech) // 160, (len(speech) + len(tune)) // 160
    assert active[:first].mean() > 0.8
    assert active[last:].mean() > 0.8
    assert active[first + 200 : last - 200].mean() == 0


def test_whispering_moves_and_has_no_pitch(any_speech):
    voice = measure(whispered(any_speech))
    audible = activity.audible(voice, activity.loud_level(voice))
    assert activity.where_high(activity.whisper_scores(voice, audible), len(voice)).mean() > 0.9


def test_other_sounds_do_not_move_like_a_whisper(not_speech):
    voice = measure(not_speech)
    audible = activity.audible(voice, activity.loud_level(voice))
    assert not activity.where_high(activity.whisper_scores(voice, audible), len(voice)).any()


def test_envelope_leads_and_decays():
    active = np.zeros(100, bool)
    active[40:60] = True
    curve = activity.envelope(active)
    assert (curve[40:60] == 1).all()
    assert curve[31] == 0
    assert curve[32] == 0
    assert 0 < curve[33] < curve[39] < 1
    assert 1 > curve[60] > curve[68] > 0
    assert curve[69] == 0
    assert not activity.envelope(np.zeros(5, bool)).any()


def test_runs():
    assert activity.runs(np.array([1, 1, 0, 1], bool)).tolist() == [[0, 2], [3, 4]]
    assert activity.runs(np.zeros(3, bool)).tolist() == []
