"""Windows of sound by time, however short or long the sound is."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipsync_ray.errors import AudioUnreadable
from lipsync_ray.speech.mel import SILENCE, mel_basis, mel_spectrogram, window_starts, windows


def noise(count: int) -> np.ndarray:
    return (0.1 * np.random.default_rng(2).standard_normal(count)).astype(np.float32)


@given(
    st.integers(0, 200_000),
    st.sampled_from([Fraction(25), Fraction(2997, 100), Fraction(50), Fraction(60), Fraction(12)])
    | st.sampled_from([Fraction(30000, 1001), Fraction(24000, 1001), Fraction(2997, 125)]),
)
def test_a_frames_window_is_the_authors_but_for_their_rounding(number: int, rate: Fraction) -> None:
    exact = number * 80 / rate
    assert window_starts(np.array([float(number / rate)]))[0] == exact.numerator // exact.denominator
    theirs = int(number * (80 / float(rate)))
    if exact.denominator != 1:
        assert window_starts(np.array([float(number / rate)]))[0] == theirs
    else:  # their product may fall short of the column that begins with the frame
        assert exact - 1 <= theirs <= exact


@given(st.integers(0, 5000), st.integers(1, 5000))
def test_times_that_were_added_up_begin_where_their_sum_does(start: int, count: int) -> None:
    times = start / 25 + np.cumsum(np.full(count, 1 / 25))
    exact = (start + 1 + np.arange(count)) * 16 // 5
    assert window_starts(times).tolist() == exact.tolist()


def test_blocks_do_not_show() -> None:
    long = noise(900_000)
    whole = mel_spectrogram(long)
    assert len(whole) == 4501
    part = mel_spectrogram(long[300_000:500_000])
    np.testing.assert_allclose(part[10:-10], whole[1510:2491], atol=1e-5)
    reflected = mel_spectrogram(long, edges="reflect")
    np.testing.assert_allclose(reflected[2:-2], whole[2:-2], atol=1e-6)


class Filed:
    """Samples in a file, which notes how many are asked for at once."""

    def __init__(self, path: Path, samples: np.ndarray) -> None:
        np.save(path, samples)
        self._samples = np.load(path, mmap_mode="r")
        self.most = 0

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, wanted: slice, /) -> np.ndarray:
        self.most = max(self.most, len(range(*wanted.indices(len(self)))))
        return self._samples[wanted]


@pytest.mark.parametrize("edges", ["zero", "reflect"])
def test_sounds_in_files_are_read_in_pieces(tmp_path: Path, edges: Literal["zero", "reflect"]) -> None:
    samples = noise(2_000_000)
    sound = Filed(tmp_path / "sound.npy", samples)
    np.testing.assert_array_equal(mel_spectrogram(sound, edges=edges), mel_spectrogram(samples, edges=edges))
    assert 0 < sound.most < 500_000


@pytest.mark.parametrize("edges", ["zero", "reflect"])
@pytest.mark.parametrize("count", [1, 2, 3, 399, 400, 401, 402, 1000, 400_200, 400_399])
def test_edges_are_as_if_the_whole_sound_had_been_padded(
    count: int, edges: Literal["zero", "reflect"]
) -> None:
    samples = noise(count).astype(np.float64)
    samples = np.concatenate([samples[:1], samples[1:] - 0.97 * samples[:-1]])
    padded = np.pad(samples, 400, mode="reflect" if edges == "reflect" and count > 1 else "constant")
    starts = np.arange(1 + count // 200) * 200
    frames = np.stack([padded[at : at + 800] for at in starts[-3:]])
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(800) / 800)
    bands = np.abs(np.fft.rfft(frames * window)) @ mel_basis().T
    wanted = np.clip(8 * (20 * np.log10(np.maximum(1e-5, bands)) + 80) / 100 - 4, -4, 4)
    found = mel_spectrogram(noise(count), edges=edges)
    assert (found.shape, found.dtype) == ((len(starts), 80), np.float32)
    np.testing.assert_allclose(found[-3:], wanted, atol=1e-6)


@pytest.mark.parametrize("count", [0, 1, 150, 3000])
def test_sound_of_any_length_gives_whole_windows(count: int) -> None:
    mel = mel_spectrogram(noise(count))
    found = windows(mel, np.array([-40, 0, 10_000]), 16)
    assert found.shape == (3, 80, 16)
    assert (found[[0, 2]] == SILENCE).all()
    assert np.array_equal(found[1, :, : len(mel)], mel.T[:, :16])


def test_silence_is_the_lowest_value() -> None:
    assert (mel_spectrogram(np.zeros(4000, np.float32)) == SILENCE).all()


@pytest.mark.parametrize("at", [0, 1234, 3999])
@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("edges", ["zero", "reflect"])
def test_samples_that_are_no_numbers_are_refused(
    at: int, value: float, edges: Literal["zero", "reflect"]
) -> None:
    broken = noise(4000)
    broken[at] = value
    message = rf"no numbers .* the first at {at / 16000:.3f} s: convert it to whole numbers"
    with pytest.raises(AudioUnreadable, match=message):
        mel_spectrogram(broken, edges=edges)
