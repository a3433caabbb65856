"""Voice measures of each frame: level, pitch and voicing, the first two formants, spectral balance.

Formants: selective linear prediction (Makhoul, 1975) of the band below 4 kHz, order 10, solved by the
Levinson-Durbin recursion for all frames at once; the angles of the predictor's sharp poles are the formants.
Voicing: the peak of the autocorrelation between 70 and 400 Hz, divided by that of the window
(Boersma, 1993), of the band below 1 kHz.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from lipsync_ray.speech.features import (
    BLOCK,
    FFT,
    FLOOR_DB,
    RATE,
    WINDOW,
    blocks,
    frame_count,
    mel_matrix,
    power_spectrum,
)
from lipsync_ray.speech.sound import Sound

ORDER = 10
LPC_RATE = 8000  # Hz, twice the band that is predicted
CEPSTRA = 12
PITCH_WINDOW = 640  # samples: 40 ms, two periods of the lowest pitch and a half
PITCH_FFT = 1024
PITCH_RATE = 4000  # Hz, of the lags searched
PITCH_HZ = (70.0, 400.0)
F1_HZ, F2_HZ = (200.0, 1100.0), (600.0, 3200.0)
MAX_BANDWIDTH = 500.0  # Hz; wider poles shape the tilt, they are no formants


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """Measures by frame of 10 ms; ``n`` rows each, float32."""

    level: np.ndarray  # dB relative to full scale, root mean square of the frame above 60 Hz
    voicing: np.ndarray  # 0..1, height of the pitch peak
    pitch: np.ndarray  # Hz, place of that peak (meaningless where voicing is low)
    f1: np.ndarray  # Hz, NaN where no pole qualifies or the frame is unvoiced
    f2: np.ndarray  # Hz, likewise
    low: np.ndarray  # dB, power of 80-500 Hz over that of 500-4000 Hz
    cepstra: np.ndarray  # [n, 12] mel cepstrum without its mean, nepers

    def __len__(self) -> int:
        return len(self.level)


def measure(samples: Sound, size: int = BLOCK) -> Voice:
    """Measure ``float32[n]`` at 16 kHz; ``size`` frames at a time, the result does not depend on it."""
    total = frame_count(len(samples))
    out: dict[str, np.ndarray] = {
        f.name: np.empty(total, np.float32) for f in fields(Voice) if f.name != "cepstra"
    }
    out["cepstra"] = np.empty((total, CEPSTRA), np.float32)
    for rows, frames in blocks(samples, WINDOW, size):
        power = power_spectrum(frames)
        out["level"][rows], out["low"][rows] = _balance(power)
        out["cepstra"][rows] = _cepstra(power)
        out["f1"][rows] = out["f2"][rows] = np.nan
    for rows, frames in blocks(samples, PITCH_WINDOW, size):
        out["voicing"][rows], out["pitch"][rows] = _pitch(frames)
    for rows, frames in blocks(samples, WINDOW, size):
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


def _cepstra(power: np.ndarray) -> np.ndarray:
    bands = power @ mel_matrix()
    # A floor 50 dB below the frame's own mean keeps empty bands from ruling the shape.
    logs = np.log(bands + bands.mean(1, keepdims=True) * 1e-5 + 10 ** (FLOOR_DB / 10))
    count = logs.shape[1]
    place = (np.arange(count) + 0.5)[:, None] * np.arange(1, CEPSTRA + 1)
    return logs @ (np.cos(np.pi / count * place) * np.sqrt(2.0) / count)


def _pitch(frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    ratio = PITCH_FFT // (RATE // PITCH_RATE)  # size of the inverse transform at the lower rate
    power = power_spectrum(frames - frames.mean(1, keepdims=True), PITCH_FFT)[:, : ratio // 2 + 1]
    hz = np.arange(power.shape[1]) * RATE / PITCH_FFT
    power = power * ((hz > 50) & (hz < 1000))
    lags = np.fft.irfft(power, ratio)
    own = np.fft.irfft(power_spectrum(np.ones((1, PITCH_WINDOW)), PITCH_FFT)[:, : ratio // 2 + 1], ratio)[0]
    first, last = int(PITCH_RATE / PITCH_HZ[1]), int(np.ceil(PITCH_RATE / PITCH_HZ[0]))
    height = lags[:, first : last + 1] / (own[first : last + 1] / own[0])
    height = height / (lags[:, :1] + 10 ** (FLOOR_DB / 10))
    best = height.argmax(1)
    inside = np.clip(best, 1, height.shape[1] - 2)
    rows = np.arange(len(height))
    left, mid, right = (height[rows, inside + step] for step in (-1, 0, 1))
    bend = left - 2 * mid + right
    shift = np.where((bend < 0) & (inside == best), 0.5 * (left - right) / np.minimum(bend, -1e-9), 0.0)
    return np.clip(height[rows, best], 0, 1), PITCH_RATE / (first + best + np.clip(shift, -0.5, 0.5))


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
