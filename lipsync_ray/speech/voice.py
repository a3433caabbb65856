"""Voice measures of each frame: level, pitch and voicing, the first two formants, spectral balance.

Formants: selective linear prediction (Makhoul, 1975) of the band below 4 kHz, order 10, solved by the
Levinson-Durbin recursion for all frames at once; the angles of the predictor's sharp poles are the formants.
Voicing: the peak of the autocorrelation between 70 and 400 Hz, divided by that of the window
(Boersma, 1993), of the band below 1 kHz.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache

import numpy as np

from lipsync_ray.speech.features import (
    BANDS,
    BLOCK,
    FFT,
    FLOOR_DB,
    RATE,
    WINDOW,
    blocks,
    frame_count,
    hann,
    mel_matrix,
    power_spectrum,
)
from lipsync_ray.speech.sound import Sound

ORDER = 10
LPC_RATE = 8000  # Hz, twice the band that is predicted
CEPSTRA = 12
REACH = 3  # frames on each side whose cepstra tell how a spectrum moves
PITCH_WINDOW = 640  # samples: 40 ms, two periods of the lowest pitch and a half
PITCH_FFT = 1024
PITCH_RATE = 4000  # Hz, of the lags searched
PITCH_HZ = (70.0, 400.0)
_LAGS = (int(PITCH_RATE / PITCH_HZ[1]), int(np.ceil(PITCH_RATE / PITCH_HZ[0])))
F1_HZ, F2_HZ = (200.0, 1100.0), (600.0, 3200.0)
MAX_BANDWIDTH = 500.0  # Hz; wider poles shape the tilt, they are no formants


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """Measures by frame of 10 ms, ``float32[n]`` each."""

    level: np.ndarray  # dB relative to full scale, root mean square of the frame above 60 Hz
    voicing: np.ndarray  # 0..1, height of the pitch peak
    pitch: np.ndarray  # Hz, place of that peak (meaningless where voicing is low)
    f1: np.ndarray  # Hz, NaN where no pole qualifies or the frame is unvoiced
    f2: np.ndarray  # Hz, likewise
    low: np.ndarray  # dB, power of 80-500 Hz over that of 500-4000 Hz
    movement: np.ndarray  # nepers, change of the spectrum's shape over 60 ms around the frame

    def __len__(self) -> int:
        return len(self.level)


def measure(
    samples: Sound,
    size: int = BLOCK,
    *,
    formants: bool = True,
    keep: Callable[[np.ndarray], object] | None = None,
) -> Voice:
    """Measure ``float32[n]`` at 16 kHz; ``size`` frames at a time, the result does not depend on it.

    Args:
        samples: the sound.
        size: frames per block.
        formants: whether to look for formants, the slowest of the measures; without, they are NaN.
        keep: is given ``features.mel_power`` block by block, thousandths of its logarithm, ``int16[m, 48]``.
    """
    total = frame_count(len(samples))
    out = {f.name: np.zeros(total, np.float32) for f in fields(Voice)}
    if not formants:
        out["f1"] = out["f2"] = np.broadcast_to(np.float32(np.nan), total)  # takes no memory
    near = np.empty((0, BANDS), np.float32)
    for rows, frames in blocks(samples, WINDOW, size):
        power = power_spectrum(frames)
        out["level"][rows], out["low"][rows] = _balance(power)
        mel = (power @ mel_matrix()).astype(np.float32)
        near = np.concatenate([near[-2 * REACH :], _shape(mel)])
        moved = _movement(near)
        out["movement"][rows.stop - REACH - len(moved) : rows.stop - REACH] = moved
        if keep is not None:
            keep(np.rint(1000 * np.log(np.clip(mel, 1e-14, 1e14))).astype(np.int16))
    for rows, frames in blocks(samples, PITCH_WINDOW, size):
        out["voicing"][rows], out["pitch"][rows] = _pitch(frames)
    for rows, frames in blocks(samples, WINDOW, size) if formants else ():
        out["f1"][rows] = out["f2"][rows] = np.nan
        voiced = np.flatnonzero((out["voicing"][rows] > 0.4) & (out["level"][rows] > FLOOR_DB + 20))
        out["f1"][rows.start + voiced], out["f2"][rows.start + voiced] = _formants(frames[voiced])
    return Voice(**out)


def _bins(low: float, high: float) -> slice:
    return slice(round(low * FFT / RATE), round(high * FFT / RATE))


def _balance(power: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    tiny = 10 ** (FLOOR_DB / 10)
    # Twice the one-sided power over the transform's size is the mean square of the frame (Parseval).
    level = 10 * np.log10(2 * power[:, 2:].sum(1) / FFT + tiny)
    low, high = power[:, _bins(80, 500)].sum(1), power[:, _bins(500, 4000)].sum(1)
    return level, 10 * np.log10((low + tiny) / (high + tiny))


def _shape(bands: np.ndarray) -> np.ndarray:
    """Logarithms of mel bands ``float32[n, 48]``."""
    # A floor 50 dB below the frame's own mean keeps empty bands from ruling the shape.
    return np.log(bands + (bands.mean(1, keepdims=True) * 1e-5 + 10 ** (FLOOR_DB / 10)).astype(np.float32))


def _movement(shapes: np.ndarray) -> np.ndarray:
    """``Voice.movement`` of all but the first and last three of ``float32[n, 48]``: a distance of cepstra."""
    # What is equal must not move: a product with a matrix rounds equal rows in ways of its own.
    difference = shapes[2 * REACH :] - shapes[: -2 * REACH]
    place = (np.arange(BANDS) + 0.5)[:, None] * np.arange(1, CEPSTRA + 1)
    cosines = (np.cos(np.pi / BANDS * place) * np.sqrt(2.0) / BANDS).astype(np.float32)
    return np.sqrt(2.0 * np.square(difference @ cosines).sum(1))


@cache
def _pitch_matrices() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """From samples to power at 50-1000 Hz to autocorrelation, and the window's own autocorrelation.

    ``float32[640, 2, 60]`` (cosine and sine of the frame without its mean, windowed), ``float32[60, lags +
    1]`` and ``float64[lags]``; the lags are those of ``PITCH_HZ``, the last column is lag 0. Few frequencies
    are wanted of many samples: products with matrices are faster than whole transforms.
    """
    bins = np.arange(1, PITCH_FFT)
    bins = bins[(bins * RATE / PITCH_FFT > 50) & (bins * RATE / PITCH_FFT < 1000)]
    window = hann(PITCH_WINDOW)
    turns = 2 * np.pi * np.arange(PITCH_WINDOW)[:, None] * bins / PITCH_FFT
    waves = np.stack([np.cos(turns), np.sin(turns)], axis=1) * window[:, None, None]
    waves = (waves - waves.mean(0)) / np.sqrt((window**2).sum())
    size = PITCH_FFT * PITCH_RATE // RATE
    lags = np.append(np.arange(_LAGS[0], _LAGS[1] + 1), 0)
    back = 2.0 / size * np.cos(2 * np.pi * bins[:, None] * lags / size)
    own = power_spectrum(np.ones((1, PITCH_WINDOW)), PITCH_FFT)[:, : size // 2 + 1]
    own = np.fft.irfft(own, size)[0]
    return waves.astype(np.float32), back.astype(np.float32), own[lags[:-1]] / own[0]


def _pitch(frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    waves, back, own = _pitch_matrices()
    found = np.ascontiguousarray(frames, np.float32) @ waves.reshape(PITCH_WINDOW, -1)
    np.square(found, out=found)
    count = waves.shape[2]
    lags = (found[:, :count] + found[:, count:]) @ back
    height = lags[:, :-1] / (own * (lags[:, -1:] + 10 ** (FLOOR_DB / 10)))
    best = height.argmax(1)
    inside = np.clip(best, 1, height.shape[1] - 2)
    rows = np.arange(len(height))
    left, mid, right = (height[rows, inside + step] for step in (-1, 0, 1))
    bend = left - 2 * mid + right
    shift = np.where((bend < 0) & (inside == best), 0.5 * (left - right) / np.minimum(bend, -1e-9), 0.0)
    return np.clip(height[rows, best], 0, 1), PITCH_RATE / (_LAGS[0] + best + np.clip(shift, -0.5, 0.5))


def predictor(autocorrelation: np.ndarray) -> np.ndarray:
    """Levinson-Durbin over rows: ``[m, order + 1]`` to prediction polynomials of the same shape, first 1."""
    count, order = len(autocorrelation), autocorrelation.shape[1] - 1
    poly = np.zeros((count, order + 1))
    poly[:, 0] = 1.0
    error = autocorrelation[:, 0].copy()
    for step in range(1, order + 1):
        match = (poly[:, :step] * autocorrelation[:, step:0:-1]).sum(1)
        reflection = -match / np.maximum(error, 1e-30)
        poly[:, : step + 1] += reflection[:, None] * poly[:, step::-1]
        error *= 1.0 - reflection**2
    return poly


def _formants(frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if not len(frames):
        return np.empty(0), np.empty(0)
    size = FFT * LPC_RATE // RATE
    power = power_spectrum(frames)[:, : size // 2 + 1]
    hz = np.arange(power.shape[1]) * RATE / FFT
    # Pre-emphasis |1 - .97 e^-jw|^2 at the predictor's own rate flattens the glottal tilt.
    power = power * (1 + 0.97**2 - 2 * 0.97 * np.cos(2 * np.pi * hz / LPC_RATE))
    lags = np.fft.irfft(power, size)[:, : ORDER + 1]
    lags[:, 0] = lags[:, 0] * (1 + 1e-4) + 1e-18
    poly = predictor(lags)
    companion = np.zeros((len(frames), ORDER, ORDER))
    companion[:, 0] = -poly[:, 1:]
    companion[:, np.arange(1, ORDER), np.arange(ORDER - 1)] = 1.0
    poles = np.linalg.eigvals(companion)
    place = np.angle(poles) * LPC_RATE / (2 * np.pi)
    width = -np.log(np.abs(poles) + 1e-9) * LPC_RATE / np.pi
    place = np.where((width < MAX_BANDWIDTH) & (place > F1_HZ[0]), place, np.inf)
    place = np.sort(place, axis=1)
    f1, f2 = place[:, 0], place[:, 1]
    good = (f1 < F1_HZ[1]) & (f2 > F2_HZ[0]) & (f2 < F2_HZ[1])
    return np.where(good, f1, np.nan), np.where(good, f2, np.nan)
