"""Sounds as a job's sound file holds them: talk with noise, music or nothing before, between and after it.

Features are normalised over a whole clip. In a clip with talk in it, music in a pause keeps its true level
and looks nothing like the same music alone: the network must see both.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lipsync_ray.speech.features import HOP, RATE
from lipsync_ray.speech.visemes.classes import SILENCE
from training.visemes.augment import fitted, mixed
from training.visemes.corpus import Utterance, VoiceFile
from training.visemes.music import MUSIC, negative
from training.visemes.negatives import levelled, noise

POOL = 24  # backgrounds drawn at a time
POOL_S = 10


def any_of(rng: np.random.Generator, voices: Sequence[VoiceFile]) -> Utterance:
    """Any utterance of any voice."""
    voice = voices[rng.integers(len(voices))]
    return voice[int(rng.integers(len(voice)))]


def babble(rng: np.random.Generator, voices: Sequence[VoiceFile]) -> np.ndarray:
    """Two to four people talking at once."""
    size = POOL_S * RATE
    speakers = [any_of(rng, voices).samples for _ in range(rng.integers(2, 5))]
    return levelled(sum((levelled(fitted(rng, one, size)) for one in speakers), np.zeros(size, np.float32)))


def backgrounds(rng: np.random.Generator, voices: Sequence[VoiceFile]) -> list[np.ndarray]:
    """Sounds to lay under speech: half noise, a third music, the rest babble."""
    size, makers = POOL_S * RATE, list(MUSIC.values())
    pool = [noise(rng, size) for _ in range(POOL // 2)]
    pool += [makers[rng.integers(len(makers))](rng, size) for _ in range(POOL // 3)]
    return pool + [babble(rng, voices) for _ in range(POOL - len(pool))]


def scene(rng: np.random.Generator, voice: VoiceFile) -> Utterance:
    """One to three utterances of a voice with 0.4 to 3 s of something else around them.

    That something lies 35 dB below to 3 dB above the talk, and in two of five scenes it goes on under it,
    10 to 30 dB below.
    """
    parts: list[np.ndarray] = []
    labels: list[np.ndarray] = []
    for _ in range(rng.integers(1, 4)):
        utterance = voice[int(rng.integers(len(voice)))]
        frames = min(len(utterance.samples) // HOP, round(6 * RATE / HOP))
        gap = round(rng.uniform(0.4, 3.0) * RATE / HOP)
        parts += [np.zeros(gap * HOP, np.float32), levelled(utterance.samples[: frames * HOP])]
        labels += [np.full(gap, SILENCE, np.uint8), utterance.labels[:frames]]
    gap = round(rng.uniform(0.0, 2.0) * RATE / HOP)
    parts.append(np.zeros(gap * HOP, np.float32))
    labels.append(np.full(gap + 1, SILENCE, np.uint8))
    return Utterance(samples=_filled(rng, parts), labels=np.concatenate(labels))


def _filled(rng: np.random.Generator, parts: list[np.ndarray]) -> np.ndarray:
    """Join talk and gaps (every other part); each gap or all of them filled with one kind of sound."""
    samples = np.concatenate(parts)
    if rng.random() < 0.4:
        under = negative(rng, len(samples))
        samples = mixed(samples, under, rng.uniform(10, 30))
        return samples + _gates(rng, parts, under) * 10 ** (rng.uniform(-20, 3) / 20)
    return samples + _gates(rng, parts, negative(rng, len(samples))) * 10 ** (rng.uniform(-35, 3) / 20)


def _gates(rng: np.random.Generator, parts: list[np.ndarray], sound: np.ndarray) -> np.ndarray:
    """The sound in the gaps alone, faded over 5 to 200 ms at their edges."""
    gate = np.concatenate([np.full(len(part), float(index % 2 == 0)) for index, part in enumerate(parts)])
    fade = round(rng.uniform(0.005, 0.2) * RATE)
    total = np.concatenate([np.zeros(1), np.cumsum(np.pad(gate, (fade, 0), mode="edge"))])
    return (sound * np.minimum(gate, (total[fade + 1 :] - total[: -fade - 1])[: len(gate)] / fade)).astype(
        np.float32
    )
