"""Windows of sound by time, however short or long the sound is."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipsync_ray.errors import AudioUnreadable
from lipsync_ray.speech.mel import SILENCE, mel_spectrogram, window_starts, windows


def noise(count: int) -> np.ndarray:
    return (0.1 * np.random.default_rng(2).standard_normal(count)).astype(np.float32)


@given(
    st.integers(0, 200_000),
    st.sampled_from([Fraction(25), Fraction(30000, 1001), Fraction(24000, 1001), Fraction(60), Fraction(50)]),
)
def test_a_frames_window_is_the_authors_but_for_their_rounding(number: int, rate: Fraction) -> None:
    exact = number * 80 / rate
    assert window_starts(np.array([float(number / rate)]))[0] == exact.numerator // exact.denominator
    theirs = int(number * (80 / float(rate)))
    if exact.denominator != 1:
        assert window_starts(np.array([float(number / rate)]))[0] == theirs


def test_blocks_do_not_show() -> None:
    long = noise(900_000)
    whole = mel_spectrogram(long)
    assert len(whole) == 4501
    part = mel_spectrogram(long[300_000:500_000])
    np.testing.assert_allclose(part[10:-10], whole[1510:2491], atol=1e-5)
    reflected = mel_spectrogram(long, edges="reflect")
    np.testing.assert_allclose(reflected[2:-2], whole[2:-2], atol=1e-6)


@pytest.mark.parametrize("count", [0, 1, 150, 3000])
def test_sound_of_any_length_gives_whole_windows(count: int) -> None:
    mel = mel_spectrogram(noise(count))
    found = windows(mel, np.array([-40, 0, 10_000]), 16)
    assert found.shape == (3, 80, 16)
    assert (found[[0, 2]] == SILENCE).all()
    assert np.array_equal(found[1, :, : len(mel)], mel.T[:, :16])


def test_silence_is_the_lowest_value() -> None:
    assert (mel_spectrogram(np.zeros(4000, np.float32)) == SILENCE).all()


def test_samples_that_are_no_numbers_are_refused() -> None:
    broken = noise(4000)
    broken[1234] = np.nan
    with pytest.raises(AudioUnreadable, match="no numbers"):
        mel_spectrogram(broken)
