from __future__ import annotations

import numpy as np

from lipsync_ray.speech.features import (
    BANDS,
    RATE,
    blocks,
    frame_count,
    mel_matrix,
    mel_power,
    normalised,
    smooth,
)


def test_frame_k_is_centred_on_k_hops():
    samples = np.zeros(RATE, np.float32)
    samples[50 * 160] = 1
    loudest = mel_power(samples).sum(1)
    assert loudest.argmax() == 50
    assert np.isclose(loudest[49], loudest[51])


def test_frames_do_not_depend_on_blocks(speech):
    whole = np.concatenate([frames for _, frames in blocks(speech, 400)])
    cut = np.concatenate([frames for _, frames in blocks(speech, 400, size=37)])
    assert len(whole) == frame_count(len(speech))
    np.testing.assert_array_equal(whole, cut)


def test_bands_cover_their_range_with_equal_area():
    bands = mel_matrix()
    assert bands.shape == (257, BANDS)
    np.testing.assert_allclose(bands.sum(0), 1)
    peaks = bands.argmax(0) * RATE / 512
    assert 60 <= peaks[0] < 150
    assert 7000 < peaks[-1] < 7600


def test_normalised_bands_are_the_same_at_any_level(speech):
    logs = normalised(mel_power(speech))
    assert logs.shape == (frame_count(len(speech)), BANDS)
    assert np.isfinite(logs).all()
    np.testing.assert_allclose(normalised(mel_power(0.01 * speech)), logs, atol=1e-3)


def test_normalised_silence_is_zero():
    assert not normalised(mel_power(np.zeros(1000, np.float32))).any()


def test_smoothing_keeps_a_constant():
    np.testing.assert_allclose(smooth(np.full(30, 2.5), 4.0), 2.5)
