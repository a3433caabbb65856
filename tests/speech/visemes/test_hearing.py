from __future__ import annotations

import numpy as np
import pytest

from lipsync_ray.speech.features import mel_power, normalised
from lipsync_ray.speech.visemes.hearing import WINDOW, Bands, listen, statistics
from lipsync_ray.speech.visemes.shelf import Shelf
from tests.speech.conftest import RATE, level, music, plucked, struck


def read(samples: np.ndarray, **given: int) -> np.ndarray:
    hearing = listen(samples.astype(np.float32), **given)
    return hearing.features(0, len(hearing))


def test_speech_alone_is_normalised_as_in_training(any_speech):
    hearing = listen(any_speech)
    found, taught = read(any_speech), normalised(mel_power(any_speech))
    talk = hearing.heard.maybe
    assert np.abs(found - taught)[talk].mean() < 0.15
    assert np.corrcoef(found[talk].ravel(), taught[talk].ravel())[0, 1] > 0.99


def test_music_around_does_not_change_how_speech_is_heard(speech):
    tune = level(music(struck, 110, drums=False), 0.3)
    alone, among = read(speech), read(np.concatenate([tune, speech, tune]))
    first = len(tune) // 160
    inside = slice(50, len(alone) - 50)
    assert np.abs(among[first : first + len(alone)][inside] - alone[inside]).mean() < 0.2


def test_another_microphone_is_followed(speech):
    spectrum = np.fft.rfft(speech)
    far = level(np.fft.irfft(spectrum / (1 + np.arange(len(spectrum)) / 2000), len(speech)), 0.02)
    times = round(25 * RATE / len(speech))
    sound = np.concatenate([np.tile(speech, times), np.tile(far, times)])
    found, alone = read(sound), read(np.tile(far, times))
    half = len(np.tile(speech, times)) // 160
    late = slice(len(found) - 1000, len(found) - 100)
    assert np.abs(found[late] - alone[late.start - half : late.stop - half]).mean() < 0.1


def test_short_sounds_have_one_normalisation(speech):
    found = listen(speech).statistics
    assert np.ptp(found.means, axis=0).max() == 0


def test_statistics_are_those_of_the_nearest_talk():
    rng = np.random.default_rng(0)
    logs = (1000 * rng.standard_normal((8000, 48))).astype(np.int16)
    logs[4000:] += 3000
    talk = np.zeros(8000, bool)
    talk[100 : 100 + WINDOW] = talk[-WINDOW - 100 : -100] = True
    shelf = Shelf(48, np.int16)
    shelf.add(logs)
    means = statistics(Bands(logs=shelf, loud=np.zeros(8000, np.float32)), talk).means.mean(1)
    assert means[-1] - means[0] == pytest.approx(3, abs=0.1)
    assert (np.diff(means) >= -1e-9).all()


@pytest.mark.parametrize("size", [37, 1000])
def test_blocks_change_nothing(speech, size):
    np.testing.assert_allclose(read(speech, size=size), read(speech), atol=0.02)


def test_silence_has_nothing_to_read():
    hearing = listen(np.zeros(RATE, np.float32))
    assert hearing.statistics is None
    assert not hearing.features(0, len(hearing)).any()


def test_any_range_can_be_read(speech):
    hearing = listen(np.concatenate([speech, 0.3 * speech, plucked(110, np.arange(RATE) / RATE)]))
    whole = hearing.features(0, len(hearing))
    for first, stop in ((0, 1), (249, 251), (300, 412), (len(hearing) - 1, len(hearing))):
        np.testing.assert_allclose(hearing.features(first, stop), whole[first:stop], atol=1e-5)
