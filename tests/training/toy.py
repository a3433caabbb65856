"""A corpus of toy talk: every class has two resonances of its own, voices differ in pitch and throat."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lipsync_ray.speech.features import HOP, RATE
from lipsync_ray.speech.visemes.classes import COUNT, SILENCE
from training.visemes.corpus import Utterance, write_voice

UNVOICED = 6  # every sixth class is a hiss


def say(
    rng: np.random.Generator, classes: list[int], *, pitch: float = 120.0, throat: float = 1.0
) -> Utterance:
    """The classes one after the other, 60 to 150 ms each."""
    parts, labels = [], []
    for name in classes:
        frames = int(rng.integers(6, 16))
        parts.append(_sound(rng, name, frames * HOP, pitch, throat))
        labels += [name] * frames
    labels.append(classes[-1])
    samples = np.concatenate(parts) + 1e-4 * rng.standard_normal(sum(map(len, parts)))
    return Utterance(samples=samples.astype(np.float32), labels=np.array(labels, np.uint8))


def sentence(rng: np.random.Generator, sounds: int = 20, **voice: float) -> Utterance:
    """Silence, random sounds, silence."""
    inner = [int(k) for k in rng.integers(1, COUNT, sounds)]
    return say(rng, [SILENCE, SILENCE, *inner, SILENCE], **voice)


def write_corpus(folder: Path, *, utterances: int = 12) -> Path:
    """Four voices, one of them (``toy_awb``) held out."""
    voices = {"toy_one": (110, 1.0), "toy_two": (190, 1.1), "toy_three": (140, 0.93), "toy_awb": (125, 1.03)}
    for seed, (name, (pitch, throat)) in enumerate(voices.items()):
        rng = np.random.default_rng(seed)
        write_voice(
            folder,
            name=name,
            family="flite" if seed % 2 else "espeak",
            language="en",
            utterances=[sentence(rng, pitch=pitch, throat=throat) for _ in range(utterances)],
        )
    return folder


def _sound(rng: np.random.Generator, name: int, count: int, pitch: float, throat: float) -> np.ndarray:
    if name == SILENCE:
        return np.zeros(count)
    time = np.arange(count) / RATE
    source = rng.standard_normal(count)
    if name % UNVOICED:
        source = sum(np.sin(2 * np.pi * k * pitch * time) for k in range(1, int(7000 / pitch)))
    frequency = np.fft.rfftfreq(count, 1 / RATE) / throat
    first, second = 250 + 110 * (name % 8), 1200 + 650 * (name // 8) + 200 * (name % 3)
    shape = np.exp(-(((frequency - first) / 120) ** 2)) + 0.5 * np.exp(-(((frequency - second) / 200) ** 2))
    sound = np.fft.irfft(np.fft.rfft(source) * (shape + 0.005), count)
    return 0.1 * sound / (np.sqrt(np.mean(sound**2)) + 1e-9)
