"""The mel spectrogram against the authors' own."""

from __future__ import annotations

import numpy as np
import pytest

from lipsync_ray.speech.mel import mel_basis, mel_spectrogram, upstream_starts
from tests.parity.fixture import Fixture

fixture = Fixture("mel")


def assert_close(found: np.ndarray, name: str) -> None:
    wanted = fixture.wanted[name]
    np.testing.assert_allclose(found, wanted, atol=fixture.manifest["atol"], rtol=fixture.manifest["rtol"])


@pytest.mark.parametrize("sound", ["a", "b"])
def test_spectrogram(sound: str) -> None:
    samples = fixture.wanted[f"wav_{sound}"]
    assert_close(mel_spectrogram(samples).T, f"mel_{sound}")
    columns = fixture.wanted[f"mel_{sound}_reflect_cols"]
    assert_close(mel_spectrogram(samples, edges="reflect").T[:, columns], f"mel_{sound}_reflect")


def test_a_slip_is_noticed() -> None:
    samples = fixture.wanted["wav_a"]
    with pytest.raises(AssertionError):
        assert_close(mel_spectrogram(samples, edges="reflect").T, "mel_a")
    with pytest.raises(AssertionError):
        assert_close(mel_spectrogram(samples[1:]).T, "mel_a")


def test_bands() -> None:
    wanted = fixture.wanted["mel_basis_stride"]
    np.testing.assert_allclose(mel_basis()[::8], wanted, atol=1e-8, rtol=1e-5)


@pytest.mark.parametrize(("sound", "fps"), [("a", 25.0), ("b", 29.97)])
def test_windows_begin_where_the_authors_begin_them(sound: str, fps: float) -> None:
    columns = fixture.wanted[f"mel_{sound}"].shape[1]
    wanted = fixture.wanted[f"chunk_starts_{sound}_fps{fps:g}"]
    assert list(upstream_starts(columns, fps)) == wanted.tolist()
