"""What may happen to speech: whispered, shouted, spoken by a child, sent over a telephone, among music."""

from __future__ import annotations

import numpy as np

from lipsync_ray.speech.voice import predictor

RATE = 16000
HOP, WINDOW, ORDER = 80, 400, 18


def whispered(speech: np.ndarray, seed: int = 0) -> np.ndarray:
    """Noise through the resonances of speech (linear prediction), without its low tilt."""
    bright = np.append(speech[0], speech[1:] - 0.95 * speech[:-1]).astype(np.float64)
    padded = np.pad(bright, (WINDOW // 2, WINDOW))
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP][: len(speech) // HOP + 1]
    frames = frames * np.hanning(WINDOW)
    lags = np.fft.irfft(np.abs(np.fft.rfft(frames, 1024)) ** 2)[:, : ORDER + 1]
    lags[:, 0] = lags[:, 0] * 1.0001 + 1e-9
    shape = predictor(lags)
    gain = np.sqrt(np.maximum((shape * lags).sum(1), 1e-12))
    noise = np.random.default_rng(seed).standard_normal((len(frames), 2 * WINDOW))
    breath = np.fft.irfft(np.fft.rfft(noise, 2048) / np.fft.rfft(shape, 2048))
    breath = breath[:, WINDOW // 2 : WINDOW // 2 + WINDOW] * gain[:, None] * np.hanning(WINDOW)
    out = np.zeros(len(speech) + 2 * WINDOW)
    for number, piece in enumerate(breath):
        out[number * HOP : number * HOP + WINDOW] += piece
    out = out[WINDOW // 2 : WINDOW // 2 + len(speech)]
    return (0.05 * out / np.abs(out).max()).astype(np.float32)


def shouted(speech: np.ndarray) -> np.ndarray:
    """Loud, bright and clipped."""
    bright = np.append(speech[0], speech[1:] - 0.6 * speech[:-1])
    return np.tanh(6 * bright / np.abs(bright).max()).astype(np.float32)


def telephone(speech: np.ndarray) -> np.ndarray:
    """At 8 kHz, 300 to 3400 Hz, 8 bits of mu-law."""
    spectrum = np.fft.rfft(speech)
    hz = np.fft.rfftfreq(len(speech), 1 / RATE)
    narrow = np.fft.irfft(spectrum * ((hz > 300) & (hz < 3400)), len(speech))[::2]
    narrow = narrow / np.abs(narrow).max()
    coded = np.round(127 * np.sign(narrow) * np.log1p(255 * np.abs(narrow)) / np.log(256)) / 127
    return (0.3 * np.sign(coded) * (256 ** np.abs(coded) - 1) / 255).astype(np.float32)


def slowed(speech: np.ndarray, factor: float) -> np.ndarray:
    """So many times as long at the same pitch, of overlapping pieces (Verhelst and Roelands, 1993)."""
    hop, reach, window = 320, 160, np.hanning(641)[:640]
    padded = np.pad(speech.astype(np.float64), (reach + 640, reach + 1280))
    out = np.zeros(int(len(speech) * factor) + 1280)
    place = reach + 640
    for start in range(0, len(out) - 1280, hop):
        centre = int(start / factor) + reach + 640
        near = np.lib.stride_tricks.sliding_window_view(padded[centre - reach : centre + reach + 640], 640)
        wanted = padded[place + hop : place + hop + 640]
        place = centre - reach + int(np.argmax(near @ wanted / (np.linalg.norm(near, axis=1) + 1e-3)))
        out[start : start + 640] += window * padded[place : place + 640]
    return out[: int(len(speech) * factor)].astype(np.float32)


def among(speech: np.ndarray, other: np.ndarray, ratio_db: float) -> np.ndarray:
    """Speech with something under it that is so much softer; the other sound is repeated to the length."""
    loud = np.sqrt(np.mean(speech[np.abs(speech) > 0.02 * np.abs(speech).max()] ** 2))
    under = np.resize(other, len(speech))
    return (speech + under * loud / np.sqrt(np.mean(under**2)) * 10 ** (-ratio_db / 20)).astype(np.float32)
