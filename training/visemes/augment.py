"""Speech made to sound as if it came from another throat, room, street, telephone or cheap microphone.

Labels stay aligned: what changes the sound's length maps the labels along; the rest keeps its length and
adds no delay. All changes are drawn from the generator passed in, so that a corpus augments the same way each
time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from lipsync_ray.speech.features import (
    FFT,
    RATE,
    WINDOW,
    blocks,
    frame_count,
    hann,
    mel_matrix,
    normalised,
    power_spectrum,
)
from lipsync_ray.speech.visemes.classes import SILENCE
from training.visemes.corpus import Utterance

BINS = FFT // 2 + 1
TELEPHONE = (300.0, 3400.0)  # Hz


@dataclass(frozen=True, slots=True, kw_only=True)
class AugmentSettings:
    """How often each change is made, and how far it goes."""

    resample: float = 0.75  # 17/20 .. 24/20: pitch, formants and speed together
    whisper: float = 0.03  # a few: people whisper, and dubbing tracks hold whispers
    reverb: float = 0.5
    add: float = 0.75
    snr_db: tuple[float, float] = (8.0, 45.0)
    clip: float = 0.25
    compand: float = 0.05  # 8 bits, as telephones have
    lowpass: float = 0.3  # 3.4 .. 7.5 kHz
    highpass: float = 0.3  # 50 .. 350 Hz
    telephone: float = 0.08
    warp: tuple[float, float] = (0.84, 1.19)  # frequencies' factor: length of the vocal tract


def resampled(utterance: Utterance, ratio: int) -> Utterance:
    """The utterance at ``ratio / 20`` of its speed, 20 being unchanged; exact up to the band's edge."""
    size = len(utterance.samples)
    unit = -(-size // (64 * ratio)) * 64  # even sizes of small factors keep the transform quick
    padded, wanted = unit * ratio, unit * 20
    spectrum = np.fft.rfft(utterance.samples, padded)
    kept = np.zeros(wanted // 2 + 1, complex)
    bins = min(len(kept), len(spectrum))
    kept[:bins] = spectrum[:bins]
    samples = np.fft.irfft(kept, wanted)[: round(size * 20 / ratio)] * (20 / ratio)
    source = np.round(np.arange(frame_count(len(samples))) * ratio / 20).astype(np.int64)
    labels = utterance.labels[np.minimum(source, len(utterance.labels) - 1)]
    return Utterance(samples=samples.astype(np.float32), labels=labels)


def reverberant(rng: np.random.Generator, samples: np.ndarray) -> np.ndarray:
    """In a room: an exponential tail of noise (0.08 to 0.6 s to -60 dB) after the undelayed direct sound."""
    seconds, energy = rng.uniform(0.08, 0.6), rng.uniform(0.1, 0.7)
    size = round(seconds * RATE)
    tail = rng.standard_normal(size) * 10 ** (-3 * np.arange(size) / size)
    tail[: round(rng.uniform(0.001, 0.02) * RATE)] = 0
    tail *= np.sqrt(energy / (tail @ tail))
    tail[0] = 1.0
    padded = 1 << (len(samples) + size - 1).bit_length()
    wet = np.fft.irfft(np.fft.rfft(samples, padded) * np.fft.rfft(tail, padded), padded)
    return wet[: len(samples)].astype(np.float32)


def whispered(rng: np.random.Generator, samples: np.ndarray) -> np.ndarray:
    """The same words without a voice: noise through the speech's own spectral envelope (cepstral, 40 terms).

    A whisper lacks the low bands' energy of a voice: the envelope is tilted by up to 12 dB below 1 kHz.
    """
    size, hop = 512, 128
    padded = np.pad(samples, size)
    window = hann(size)
    starts = np.arange(0, len(padded) - size, hop)
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[starts] * window
    logs = np.log(np.abs(np.fft.rfft(frames)) + 1e-4)
    cepstrum = np.fft.irfft(logs)
    cepstrum[:, 40:-39] = 0
    envelope = np.exp(np.fft.rfft(cepstrum).real)
    envelope *= np.clip(np.fft.rfftfreq(size, 1 / RATE) / 1000, 0.05, 1) ** rng.uniform(0.2, 0.6)
    breath = np.lib.stride_tricks.sliding_window_view(rng.standard_normal(len(padded)), size)[starts] * window
    made = np.fft.irfft(np.fft.rfft(breath) * envelope) * window
    out = np.zeros(len(padded))
    for index, start in enumerate(starts):
        out[start : start + size] += made[index]
    out = out[size : size + len(samples)]
    return (out * (np.abs(samples).max() / (np.abs(out).max() + 1e-9))).astype(np.float32)


def mixed(
    samples: np.ndarray, other: np.ndarray, snr_db: float, heard: np.ndarray | None = None
) -> np.ndarray:
    """Add another sound, so many decibels below the speech's power (where ``heard``, a bool a frame)."""
    power = samples.astype(np.float64) ** 2
    if heard is not None and heard.any():
        speaks = np.repeat(heard, RATE // 100)[: len(samples)]
        power = power[: len(speaks)][speaks]
    wanted = power.mean() / 10 ** (snr_db / 10)
    found = np.mean(other.astype(np.float64) ** 2)
    return (samples + other * np.sqrt(wanted / (found + 1e-20))).astype(np.float32)


def clipped(rng: np.random.Generator, samples: np.ndarray) -> np.ndarray:
    """Overdriven softly."""
    drive = rng.uniform(1.5, 6.0) / (np.abs(samples).max() + 1e-9)
    return np.tanh(samples * drive).astype(np.float32)


def companded(samples: np.ndarray) -> np.ndarray:
    """Through 8 bits of mu-law (ITU-T G.711's curve, mu 255)."""
    peak = np.abs(samples).max() + 1e-9
    squeezed = np.sign(samples) * np.log1p(255 * np.abs(samples) / peak) / np.log(256)
    coarse = np.round(squeezed * 127) / 127
    return (np.sign(coarse) * np.expm1(np.abs(coarse) * np.log(256)) / 255 * peak).astype(np.float32)


@cache
def warped_mel(percent: int) -> np.ndarray:
    """Mel bands of a spectrum whose frequencies are divided by ``percent / 100``, ``float64[257, 48]``.

    Linear up to 4.8 kHz, then bent to keep the band's edge (vocal tract length perturbation, Jaitly and
    Hinton 2013).
    """
    top, alpha = BINS - 1.0, percent / 100
    knee = 4800 / (RATE / 2) * top * min(1.0, 1 / alpha)
    heard_at = np.interp(np.arange(BINS), [0, knee, top], [0, knee * alpha, top])
    low = np.minimum(heard_at.astype(np.int64), BINS - 2)
    spread = np.zeros((BINS, BINS))
    spread[np.arange(BINS), low] = 1 - (heard_at - low)
    spread[np.arange(BINS), low + 1] = heard_at - low
    return spread.T @ mel_matrix()


def response(rng: np.random.Generator, settings: AugmentSettings) -> np.ndarray:
    """A microphone's and a channel's gain on power, ``float64[257]``: smooth curve, tilt, edges."""
    x = np.linspace(0, 1, BINS)
    decibels = rng.uniform(-14, 14) * (x - 0.5)
    for _ in range(3):
        decibels += rng.uniform(-4, 4) * np.cos(2 * np.pi * (rng.uniform(0.2, 3) * x + rng.random()))
    gain = 10 ** (decibels / 10)
    if rng.random() < settings.telephone:
        return gain * passband(*TELEPHONE)
    low = rng.uniform(50, 350) if rng.random() < settings.highpass else 0.0
    high = rng.uniform(3400, 7500) if rng.random() < settings.lowpass else RATE / 2
    return gain * passband(low, high)


def passband(low: float, high: float) -> np.ndarray:
    """Gain on power, ``float64[257]``: 1 between two frequencies, falling to -40 dB outside."""
    frequency = np.arange(BINS) * RATE / FFT
    below = np.clip((low - frequency) / (0.5 * low + 1), 0, 1)
    above = np.clip((frequency - high) / (0.1 * high), 0, 1)
    return 10 ** (-4 * np.maximum(below, above))


def features(
    samples: np.ndarray, *, gain: np.ndarray | None = None, warp: int = 100, floor_db: float = 65.0
) -> np.ndarray:
    """``normalised(mel_power(samples))`` through a channel and a warp, ``float32[frames, 48]``."""
    matrix = mel_matrix() if warp == 100 else warped_mel(warp)
    if gain is not None:
        matrix = gain[:, None] * matrix
    power = np.empty((frame_count(len(samples)), matrix.shape[1]), np.float32)
    for rows, frames in blocks(samples, WINDOW):
        power[rows] = power_spectrum(frames) @ matrix
    return normalised(power, floor_db=floor_db)


def altered(
    utterance: Utterance,
    rng: np.random.Generator,
    backgrounds: Sequence[np.ndarray],
    settings: AugmentSettings,
) -> Utterance:
    """One way the utterance might have been recorded; ``backgrounds`` are sounds to lay under it."""
    if rng.random() < settings.resample:
        utterance = resampled(utterance, int(rng.integers(17, 25)))
    samples, labels = utterance.samples, utterance.labels
    if rng.random() < settings.whisper:
        samples = whispered(rng, samples)
    if rng.random() < settings.reverb:
        samples = reverberant(rng, samples)
    if rng.random() < settings.add:
        background = fitted(rng, backgrounds[rng.integers(len(backgrounds))], len(samples))
        samples = mixed(samples, background, rng.uniform(*settings.snr_db), labels != SILENCE)
    if rng.random() < settings.clip:
        samples = clipped(rng, samples)
    if rng.random() < settings.compand:
        samples = companded(samples)
    return Utterance(samples=samples, labels=labels)


def altered_features(samples: np.ndarray, rng: np.random.Generator, settings: AugmentSettings) -> np.ndarray:
    """Features of a sound through a drawn channel, vocal tract and floor."""
    warp = int(rng.integers(round(settings.warp[0] * 100), round(settings.warp[1] * 100) + 1))
    return features(samples, gain=response(rng, settings), warp=warp, floor_db=rng.uniform(45, 75))


def fitted(rng: np.random.Generator, sound: np.ndarray, count: int) -> np.ndarray:
    """A stretch of ``count`` samples of a sound, repeated where it is too short."""
    start = int(rng.integers(len(sound)))
    return np.resize(np.roll(sound, -start), count)
