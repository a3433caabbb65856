"""Sounds: speech from examples/, and others that are no speech."""

from __future__ import annotations

import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

RATE = 16000
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def read_wav(path: Path) -> np.ndarray:
    with wave.open(str(path)) as file:
        assert file.getframerate() == RATE
        assert file.getnchannels() == 1
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / 32768


@pytest.fixture(scope="session", params=["hello.wav", "hola.wav"])
def any_speech(request: pytest.FixtureRequest) -> np.ndarray:
    return read_wav(EXAMPLES / request.param)


@pytest.fixture(scope="session")
def speech() -> np.ndarray:
    return read_wav(EXAMPLES / "hello.wav")


def level(samples: np.ndarray, rms: float = 0.1) -> np.ndarray:
    return (samples * rms / np.sqrt(np.mean(samples**2))).astype(np.float32)


def white(seconds: float) -> np.ndarray:
    return np.random.default_rng(3).standard_normal(int(seconds * RATE))


def coloured(seconds: float, power: float) -> np.ndarray:
    spectrum = np.fft.rfft(white(seconds))
    return np.fft.irfft(spectrum / np.maximum(1, np.arange(len(spectrum))) ** (power / 2))


def swell(hz: float) -> np.ndarray:
    return 1 + 0.9 * np.sin(2 * np.pi * hz * np.arange(5 * RATE) / RATE)


def hum(seconds: float, hz: float) -> np.ndarray:
    time = np.arange(int(seconds * RATE)) / RATE
    return sum(np.sin(2 * np.pi * hz * k * time) / k for k in range(1, 9))


def struck(hz: float, time: np.ndarray) -> np.ndarray:
    partials = [k for k in range(1, 14) if k * hz < 7500]
    tone = sum(np.sin(2 * np.pi * k * hz * time) * np.exp(-time * (1.5 + 0.6 * k)) / k**1.3 for k in partials)
    return tone * (1 - np.exp(-300 * time))


def bowed(hz: float, time: np.ndarray) -> np.ndarray:
    phase = 2 * np.pi * hz * time + 0.012 * hz / 5.5 * np.sin(2 * np.pi * 5.5 * time)
    partials = [k for k in range(1, 18) if k * hz < 7500]
    fade = np.clip(np.minimum(time, time[-1] - time) / 0.08, 0, 1)
    return sum(np.sin(k * phase + k) / k for k in partials) * fade


def plucked(hz: float, time: np.ndarray) -> np.ndarray:
    """Karplus and Strong, 1983."""
    string = np.random.default_rng(int(hz)).standard_normal(int(RATE / hz))
    rounds = []
    for _ in range(len(time) // len(string) + 1):
        rounds.append(string)
        string = 0.498 * (string + np.roll(string, 1))
    return np.concatenate(rounds)[: len(time)]


def drum(time: np.ndarray, beat: int) -> np.ndarray:
    if beat % 4 == 0:
        return 2 * np.sin(2 * np.pi * (50 + 60 * np.exp(-30 * time)) * time) * np.exp(-20 * time)
    return np.random.default_rng(beat).standard_normal(len(time)) * np.exp(-50 * time) * 0.5


def music(instrument: Callable[[float, np.ndarray], np.ndarray], tempo: float, drums: bool) -> np.ndarray:
    step, rng = int(60 / tempo * RATE), np.random.default_rng(5)
    out, time = np.zeros(8 * RATE), np.arange(step) / RATE
    for beat, start in enumerate(range(0, len(out) - step, step)):
        root = [262, 220, 175, 196][beat // 4 % 4]
        notes = (
            [root, root * 1.26, root * 1.498]
            if beat % 2 == 0
            else [root * 2 ** (rng.choice([0, 4, 7, 12]) / 12)]
        )
        for hz in notes:
            out[start : start + step] += instrument(hz, time)
        if drums:
            out[start : start + step] += 0.5 * drum(time, beat)
    return out


NOT_SPEECH: dict[str, Callable[[], np.ndarray]] = {
    "digital silence": lambda: np.zeros(5 * RATE, np.float32),
    "dither": lambda: level(white(5), 1 / 32768),
    "white noise": lambda: level(white(5)),
    "pink noise": lambda: level(coloured(5, 1)),
    "brown noise": lambda: level(coloured(5, 2)),
    "pulsing noise": lambda: level(white(5) * (1 + 0.9 * np.sin(np.arange(5 * RATE) * 8 * np.pi / RATE))),
    "swelling pink noise": lambda: level(coloured(5, 1) * swell(6)),
    "swelling brown noise": lambda: level(coloured(5, 2) * swell(6)),
    "mains hum": lambda: level(hum(5, 50)),
    "hum in noise": lambda: level(hum(5, 120) + 0.3 * white(5)),
    "piano": lambda: level(music(struck, 110, drums=False)),
    "strings": lambda: level(music(bowed, 80, drums=False)),
    "guitar": lambda: level(music(plucked, 200, drums=False)),
    "band": lambda: level(music(struck, 128, drums=True) + 0.5 * music(bowed, 64, drums=False)),
}


@pytest.fixture(params=NOT_SPEECH)
def not_speech(request: pytest.FixtureRequest) -> np.ndarray:
    return NOT_SPEECH[request.param]()


@pytest.fixture
def tune() -> np.ndarray:
    return NOT_SPEECH["band"]()


def made_vowel(pitch: float, formants: list[float], seconds: float = 1.0) -> np.ndarray:
    """Pulses at ``pitch`` through resonances, 80 Hz wide."""
    pulses = np.zeros(int(seconds * RATE))
    pulses[:: int(RATE / pitch)] = 1
    spectrum = np.fft.rfft(pulses)
    turn = np.exp(-2j * np.pi * np.fft.rfftfreq(len(pulses)))
    for hz in formants:
        pole = np.exp(-np.pi * 80 / RATE + 2j * np.pi * hz / RATE)
        spectrum = spectrum / ((1 - pole * turn) * (1 - pole.conjugate() * turn))
    spectrum = spectrum / (1 - 0.97 * turn)  # the tilt of a glottis
    sound = np.fft.irfft(spectrum)
    return (0.1 * sound / np.abs(sound).max()).astype(np.float32)


@pytest.fixture(scope="session")
def vowel() -> Callable[..., np.ndarray]:
    return made_vowel
