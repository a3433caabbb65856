"""Music that nobody sings, synthesized: chords, plucked and struck strings, drums, arpeggios, bass, bands.

``float32[n]`` at 16 kHz with a root mean square of 0.1. Keys, tempi, instruments are drawn anew each time.
Nothing here has a voice's formants moving at a voice's speed: that would be singing.
"""

from __future__ import annotations

import numpy as np

from lipsync_ray.speech.features import RATE
from training.visemes.negatives import CHORDS, NOISES, SCALES, Maker, band, hertz, levelled, slow, tone


def strings(rng: np.random.Generator, count: int) -> np.ndarray:
    """Held chords with vibrato, swelling: strings, organs, pads."""
    sound, at, root = np.zeros(count), 0, rng.integers(45, 62)
    while at < count:
        size = min(count - at, round(RATE * rng.uniform(0.5, 4)))
        chord = rng.choice(len(CHORDS))
        for step in CHORDS[chord]:
            sound[at : at + size] += _held(rng, hertz(root + step + 12 * rng.integers(0, 2)), size)
        at, root = at + size, root + rng.choice([-5, -2, 0, 2, 3, 5])
    return levelled(sound)


def melody(rng: np.random.Generator, count: int) -> np.ndarray:
    """One held note after another, with vibrato and slides: violin, flute, theremin, whistle."""
    scale, root = SCALES[rng.integers(len(SCALES))], rng.integers(50, 72)
    step = round(RATE * rng.uniform(0.15, 0.8))
    notes = root + np.array([scale[rng.integers(len(scale))] for _ in range(count // step + 1)])
    slide = rng.uniform(0.005, 0.12) * RATE
    line = np.interp(np.arange(count), *_stairs(notes, step, slide))
    depth, speed = rng.uniform(0.0, 0.35), rng.uniform(4.5, 7)
    line = line + depth * np.sin(2 * np.pi * speed * np.arange(count) / RATE)
    partials = np.arange(1, rng.integers(2, 25))
    sound = tone(rng, 440.0 * 2 ** ((line - 69) / 12), partials, partials ** -rng.uniform(0.7, 2.5))
    gaps = np.clip(np.sin(np.pi * (np.arange(count) % step) / step) * rng.uniform(1.5, 20), 0, 1)
    return levelled(sound * gaps * np.exp(0.4 * slow(rng, count, 1.0)))


def plucked(rng: np.random.Generator, count: int) -> np.ndarray:
    """Single notes that ring out: guitar, harp, pizzicato."""
    return _notes(rng, count, (48, 80), stretch=0.0, decay=(1.5, 8.0), chords=0.2)


def struck(rng: np.random.Generator, count: int) -> np.ndarray:
    """Bars, bells and pianos: chords and notes whose partials are no exact multiples."""
    return _notes(
        rng, count, (40, 88), stretch=rng.choice([0.0004, 0.02, 0.15]), decay=(1.0, 6.0), chords=0.5
    )


def arpeggio(rng: np.random.Generator, count: int) -> np.ndarray:
    """A chord's notes one by one in even, quick time."""
    step, chord, root = round(RATE * rng.uniform(0.08, 0.3)), CHORDS[rng.integers(6)], rng.integers(48, 68)
    pattern = [root + note + 12 * octave for octave in range(rng.integers(1, 3)) for note in chord]
    if rng.random() < 0.5:
        pattern += pattern[-2:0:-1]
    sound, decay, roll = np.zeros(count), rng.uniform(3, 15), rng.uniform(0.5, 2)
    for index, at in enumerate(range(0, count, step)):
        note = pattern[index % len(pattern)] + 5 * (index // (4 * len(pattern)) % 2)
        _ring(rng, sound, at, hertz(note), decay, roll, 0.0)
    return levelled(sound)


def bass(rng: np.random.Generator, count: int) -> np.ndarray:
    """A low line: bass guitar or synthesizer."""
    return _notes(rng, count, (28, 45), stretch=0.0, decay=(1.0, 5.0), chords=0.0)


def drums(rng: np.random.Generator, count: int) -> np.ndarray:
    """Kick, snare and cymbal on a beat."""
    sound, beat = np.zeros(count), round(RATE * rng.uniform(0.1, 0.3))
    pattern = rng.choice(3, size=rng.choice([8, 12, 16]), p=[0.3, 0.25, 0.45])
    for index, at in enumerate(range(0, count, beat)):
        size = min(count - at, round(RATE * rng.uniform(0.15, 0.3)))
        time = np.arange(size) / RATE
        match pattern[index % len(pattern)]:
            case 0:
                hit = np.sin(2 * np.pi * (50 * time + 8 * (1 - np.exp(-25 * time)))) * np.exp(-14 * time)
            case 1:
                hit = rng.standard_normal(size) * np.exp(-22 * time) + np.sin(380 * np.pi * time) * np.exp(
                    -30 * time
                )
            case _:
                hit = band(rng.standard_normal(size), 4000, 7900) * np.exp(-rng.uniform(15, 60) * time)
        sound[at : at + size] += hit * rng.uniform(0.4, 1.0)
    return levelled(sound)


def ensemble(rng: np.random.Generator, count: int) -> np.ndarray:
    """Two to four of the others at once, in a room."""
    makers = rng.choice(len(SOLO), size=rng.integers(2, 5), replace=False)
    sound = np.zeros(count)
    for index in makers:
        sound += SOLO[index](rng, count) * rng.uniform(0.3, 1.0)
    return levelled(sound)


def _held(rng: np.random.Generator, pitch: float, size: int) -> np.ndarray:
    time = np.arange(size) / RATE
    depth, speed = rng.uniform(0, 0.012), rng.uniform(4.5, 7)
    vibrato = pitch * (1 + depth * np.sin(2 * np.pi * speed * time + rng.uniform(0, 6)))
    partials = np.arange(1, rng.integers(3, 20))
    edge = np.clip(np.minimum(time, time[-1] - time) / rng.uniform(0.01, 0.4), 0, 1)
    return tone(rng, vibrato, partials, partials ** -rng.uniform(0.6, 2.2)) * edge


def _stairs(notes: np.ndarray, step: int, slide: float) -> tuple[np.ndarray, np.ndarray]:
    starts = np.arange(len(notes)) * step
    return np.stack([starts + slide, starts + step], 1).ravel(), np.repeat(notes, 2).astype(np.float64)


def _notes(
    rng: np.random.Generator,
    count: int,
    compass: tuple[int, int],
    *,
    stretch: float,
    decay: tuple[float, float],
    chords: float,
) -> np.ndarray:
    scale, root = SCALES[rng.integers(len(SCALES))], rng.integers(12)
    usable = [note for note in range(*compass) if (note - root) % 12 in scale]
    sound, beat, at = np.zeros(count), RATE * rng.uniform(0.12, 0.45), 0
    fall, roll = rng.uniform(*decay), rng.uniform(0.6, 2.0)
    while at < count:
        for _ in range(rng.integers(2, 5) if rng.random() < chords else 1):
            _ring(rng, sound, at, hertz(usable[rng.integers(len(usable))]), fall, roll, stretch)
        at += round(beat * rng.choice([1, 1, 1, 2, 2, 4]))
    return levelled(sound)


def _ring(
    rng: np.random.Generator,
    sound: np.ndarray,
    at: int,
    pitch: float,
    decay: float,
    roll: float,
    stretch: float,
) -> None:
    size = min(len(sound) - at, round(RATE * min(4.0, 5.0 / decay)))
    time = np.arange(size) / RATE
    strength = rng.uniform(0.4, 1.0)
    for partial in range(1, 16):
        frequency = pitch * partial * np.sqrt(1 + stretch * partial**2)
        if frequency > 7600:
            break
        fade = np.exp(-decay * (0.6 + 0.4 * partial) * time)
        sound[at : at + size] += strength * partial**-roll * fade * np.sin(2 * np.pi * frequency * time)


SOLO: tuple[Maker, ...] = (strings, melody, plucked, struck, arpeggio, bass, drums)
MUSIC: dict[str, Maker] = {maker.__name__: maker for maker in (*SOLO, ensemble)}
KINDS: dict[str, Maker] = {**NOISES, **MUSIC}


def negative(rng: np.random.Generator, count: int) -> np.ndarray:
    """Any of all these sounds: noises a little more often than each kind of music."""
    makers = [*NOISES.values(), *NOISES.values(), *MUSIC.values()]
    return makers[rng.integers(len(makers))](rng, count)
