"""Sound made worse in ways that recordings are: what a speech model should stand.

Everything is generated here, from a fixed seed. Signal-to-noise ratios are those of the loud parts: the
signal counts by the root mean square of the 10-ms frames that are within 30 dB of the loudest.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

RATE = 16000
SEED = 5
CHORDS = ((0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14))  # semitones above the key


def level(samples: np.ndarray) -> float:
    """Root mean square of the loud frames."""
    frames = samples[: len(samples) // 160 * 160].reshape(-1, 160).astype(np.float64)
    if not len(frames):
        return 0.0
    power = np.square(frames).mean(1)
    return float(np.sqrt(power[power >= power.max() * 1e-3].mean()))


def mixed_with(samples: np.ndarray, other: np.ndarray, snr_db: float) -> np.ndarray:
    """``other`` added ``snr_db`` below the signal, ``float32[n]``."""
    power = max(float(np.sqrt(np.square(other).mean())), 1e-12)
    return (samples + other * (level(samples) / power * 10 ** (-snr_db / 20))).astype(np.float32)


def pink_noise(count: int) -> np.ndarray:
    """Noise whose power falls by 3 dB per octave, ``float64[n]``."""
    spectrum = np.fft.rfft(np.random.default_rng(SEED).standard_normal(count))
    return np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 1)), count)


def music(count: int) -> np.ndarray:
    """Chords of decaying harmonics with bass and a beat, two chords a second, ``float64[n]``."""
    rng = np.random.default_rng(SEED)
    out = np.zeros(count)
    length = RATE // 2
    time = np.arange(2 * length) / RATE
    for number, start in enumerate(range(0, count, length)):
        chord = CHORDS[number // 2 % len(CHORDS)]
        bar = 0.5 * rng.standard_normal(len(time)) * np.exp(-time / 0.03)  # the beat
        for note in (chord[0] - 12, *chord):
            pitch = 220.0 * 2 ** (note / 12)
            for harmonic in range(1, 9):
                phase = rng.uniform(0, 2 * np.pi)
                swing = np.sin(2 * np.pi * harmonic * pitch * time + phase)
                bar += swing * np.exp(-time * (2 + harmonic)) / harmonic
        stop = min(start + len(bar), count)
        out[start:stop] += bar[: stop - start]
    return out


def telephone(samples: np.ndarray) -> np.ndarray:
    """300 to 3400 Hz, as a telephone line passes."""
    spectrum = np.fft.rfft(samples)
    hz = np.fft.rfftfreq(len(samples), 1 / RATE)
    slope = np.clip((hz - 200) / 100, 0, 1) * np.clip((3600 - hz) / 200, 0, 1)
    return np.fft.irfft(spectrum * slope, len(samples)).astype(np.float32)


def reverb(samples: np.ndarray, seconds: float = 0.5) -> np.ndarray:
    """A room that rings for half a second (60 dB) at half the power of the direct sound, which stays put."""
    count = round(seconds * RATE)
    tail = np.random.default_rng(SEED).standard_normal(count) * 10 ** (-3 * np.arange(count) / count)
    tail[: RATE // 200] = 0.0
    tail *= np.sqrt(0.5 / np.square(tail).sum())
    tail[0] = 1.0
    size = 1 << (len(samples) + count).bit_length()
    wet = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(tail, size), size)
    return wet[: len(samples)].astype(np.float32)


DEGRADATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "music8": lambda samples: mixed_with(samples, music(len(samples)), 8),
    "noise15": lambda samples: mixed_with(samples, pink_noise(len(samples)), 15),
    "noise8": lambda samples: mixed_with(samples, pink_noise(len(samples)), 8),
    "telephone": telephone,
    "reverb": reverb,
}
