"""Sounds that nobody speaks: noise, hum, clicks, next to nothing, and music of several kinds.

Features are normalised clip by clip, which makes any sound as loud as speech. A network that never heard
anything but speech takes a fan for a hiss and a violin for a vowel: it must be told. All sounds are made
here, ``float32[n]`` at 16 kHz with a root mean square of 0.1 (``nothing`` stays as it is).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lipsync_ray.speech.features import RATE

Maker = Callable[[np.random.Generator, int], np.ndarray]
LEVEL = 0.1
SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 2, 4, 7, 9))
CHORDS = ((0, 4, 7), (0, 3, 7), (0, 4, 7, 11), (0, 3, 7, 10), (0, 5, 7), (0, 7, 12))


def levelled(samples: np.ndarray, level: float = LEVEL) -> np.ndarray:
    """The same sound with the given root mean square; silence stays silent."""
    loudness = float(np.sqrt(np.mean(samples**2))) if len(samples) else 0.0
    return (samples * (level / loudness if loudness > 0 else 0.0)).astype(np.float32)


def coloured(rng: np.random.Generator, count: int, slope: float) -> np.ndarray:
    """Noise whose power falls as ``f ** -slope``: 0 white, 1 pink, 2 brown."""
    spectrum = np.fft.rfft(rng.standard_normal(count))
    frequency = np.maximum(np.fft.rfftfreq(count, 1 / RATE), 20.0)
    return np.fft.irfft(spectrum * frequency ** (-slope / 2), count)


def noise(rng: np.random.Generator, count: int) -> np.ndarray:
    """Steady noise of any colour, sometimes band-limited like a fan's or a street's."""
    sound = coloured(rng, count, rng.choice([0.0, 0.5, 1.0, 1.5, 2.0]))
    if rng.random() < 0.4:
        low = 10 ** rng.uniform(1.7, 3.3)
        sound = band(sound, low, low * 2 ** rng.uniform(1, 5))
    return levelled(sound)


def gusts(rng: np.random.Generator, count: int) -> np.ndarray:
    """Noise that swells and fades as wind, waves, breath and applause do: by no syllable's clock."""
    swell = slow(rng, count, 10 ** rng.uniform(-0.7, 0.7))
    sound = noise(rng, count) * np.exp(rng.uniform(0.5, 1.8) * swell)
    return levelled(sound)


def hum(rng: np.random.Generator, count: int) -> np.ndarray:
    """Mains or motor hum: harmonics of a fixed pitch over faint noise."""
    pitch = rng.choice([50.0, 60.0, 100.0, 120.0, rng.uniform(40, 400)])
    partials = np.arange(1, rng.integers(2, 30))
    sound = tone(rng, np.full(count, pitch), partials, partials ** -rng.uniform(0.3, 2.0))
    return levelled(levelled(sound) + noise(rng, count) * 10 ** rng.uniform(-3, -0.7))


def clicks(rng: np.random.Generator, count: int) -> np.ndarray:
    """Clicks, knocks and key strokes over faint noise."""
    sound = noise(rng, count) * 10 ** rng.uniform(-4, -2)
    for _ in range(rng.integers(1, max(2, count * 8 // RATE))):
        start, size = rng.integers(count), int(10 ** rng.uniform(1, 3.2))
        hit = rng.standard_normal(size) * np.exp(-6 * np.arange(size) / size) * rng.uniform(0.2, 1)
        sound[start : start + size] += hit[: count - start]
    return levelled(sound)


def nothing(rng: np.random.Generator, count: int) -> np.ndarray:
    """Digital silence, or the least noise that 16 bits can hold."""
    return (rng.integers(-1, 2, count) / 32768 * (rng.random() < 0.6)).astype(np.float32)


def slow(rng: np.random.Generator, count: int, hertz: float) -> np.ndarray:
    """A curve that wanders at about so many hertz, zero mean and unit deviation."""
    knots = rng.standard_normal(max(4, round(count / RATE * hertz * 2) + 2))
    curve = np.interp(np.linspace(0, len(knots) - 1, count), np.arange(len(knots)), knots)
    return (curve - curve.mean()) / (curve.std() + 1e-9)


def band(samples: np.ndarray, low: float, high: float) -> np.ndarray:
    """What lies between two frequencies, cut in the spectrum."""
    frequency = np.fft.rfftfreq(len(samples), 1 / RATE)
    spectrum = np.fft.rfft(samples) / (1 + (low / (frequency + 1)) ** 8) / (1 + (frequency / high) ** 8)
    return np.fft.irfft(spectrum, len(samples))


def tone(
    rng: np.random.Generator, pitch: np.ndarray, partials: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Sum of partials (multiples of ``pitch`` in hertz a sample), those above 7.6 kHz left out."""
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    heard = partials * pitch.max() < 7600
    sound = np.zeros(len(pitch))
    for partial, weight in zip(partials[heard], weights[heard], strict=True):
        sound += weight * np.sin(partial * phase + rng.uniform(0, 2 * np.pi))
    return sound


def hertz(note: float) -> float:
    """Frequency of a note in semitones, 69 the A of 440 Hz (MIDI)."""
    return 440.0 * 2 ** ((note - 69) / 12)


NOISES: dict[str, Maker] = {
    "noise": noise,
    "gusts": gusts,
    "hum": hum,
    "clicks": clicks,
    "nothing": nothing,
}
