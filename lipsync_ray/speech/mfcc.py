"""The cepstra that SyncNet listens to: 100 rows a second of 13 coefficients of speech at 16 kHz."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from lipsync_ray.speech.sound import Sound

RATE = 16000  # Hz
HOP, SIZE = 160, 400  # samples
COEFFICIENTS = 13
_BINS, _BANDS = 512, 26  # of the Fourier transform; mel bands from 0 to 8000 Hz
_PREEMPHASIS, _LIFTER = 0.97, 22
_SCALE = 32768  # the log energy tells levels apart: samples count as the 16-bit ones of a WAV file
_BLOCK = 2000  # rows computed at a time: bounds memory, however long the sound
_LEAST = float(np.finfo(float).eps)  # instead of an energy of 0


def mfcc(samples: Sound, start: int, rows: int) -> np.ndarray:
    """Mel cepstra ``float32[rows,13]``, row ``i`` of the 25 ms from sample ``start + 160 i`` on.

    As python_speech_features.mfcc computes them by default (Davis and Mermelstein 1980): pre-emphasis 0.97,
    no window, power spectrum of 512 points, 26 triangular mel bands, log, orthonormal cosine transform, sine
    lifter of 22; the first coefficient is the log of the row's energy.

    Args:
        samples: mono at 16 kHz within -1..1; read piece by piece. What lies outside is silence.
        start: first sample of the first row; may be negative.
        rows: how many.
    """
    out = np.empty((rows, COEFFICIENTS), np.float32)
    for first in range(0, rows, _BLOCK):
        last = min(first + _BLOCK, rows)
        given = _cut(samples, start + first * HOP - 1, start + (last - 1) * HOP + SIZE)
        emphasised = given[1:] - _PREEMPHASIS * given[:-1]
        frames = np.lib.stride_tricks.sliding_window_view(emphasised, SIZE)[::HOP]
        out[first:last] = _cepstra(np.square(np.abs(np.fft.rfft(frames, _BINS))) / _BINS)
    return out


def _cut(samples: Sound, start: int, stop: int) -> np.ndarray:
    """Samples ``[start, stop)`` as 16-bit numbers, ``float64``; zeros where there are none."""
    low, high = max(0, start), min(len(samples), stop)
    if high <= low:
        return np.zeros(stop - start)
    inside = np.clip(np.round(np.asarray(samples[low:high], np.float64) * _SCALE), -_SCALE, _SCALE - 1)
    return np.pad(inside, (low - start, stop - high))


def _cepstra(power: np.ndarray) -> np.ndarray:
    """Of power spectra ``[n,257]``."""
    energy, bands = power.sum(1), power @ _bands().T
    cepstra = np.log(np.where(bands == 0, _LEAST, bands)) @ _cosines().T
    cepstra[:, 0] = np.log(np.where(energy == 0, _LEAST, energy))
    return cepstra


@lru_cache(maxsize=1)
def _bands() -> np.ndarray:
    """Triangles ``float64[26,257]`` of height 1 between whole bins, evenly spaced in mel (O'Shaughnessy)."""
    mel = np.linspace(0, 2595 * np.log10(1 + RATE / 2 / 700), _BANDS + 2)
    edges = np.floor((_BINS + 1) * 700 * (10 ** (mel / 2595) - 1) / RATE)
    bins = np.arange(_BINS // 2 + 1)
    left, middle, right = (edges[shift : shift + _BANDS, None] for shift in range(3))
    rising, falling = (bins - left) / (middle - left), (right - bins) / (right - middle)
    return np.where(bins < middle, rising, falling).clip(0, None) * ((bins >= left) & (bins < right))


@lru_cache(maxsize=1)
def _cosines() -> np.ndarray:
    """The cosine transform (type 2, orthonormal) of 26 bands, lifted, ``float64[13,26]``."""
    order = np.arange(COEFFICIENTS)[:, None]
    waves = np.cos(np.pi * order * (2 * np.arange(_BANDS) + 1) / (2 * _BANDS)) * np.sqrt(2 / _BANDS)
    waves[0] /= np.sqrt(2)
    return waves * (1 + _LIFTER / 2 * np.sin(np.pi * order / _LIFTER))
