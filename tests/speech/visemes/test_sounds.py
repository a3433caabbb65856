"""What the trained network makes of voices and sounds that are not those it was trained on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from lipsync_ray.speech.model import speech_model
from lipsync_ray.speech.track import NAMES, MouthTrack
from lipsync_ray.speech.visemes.model import VisemeModel
from lipsync_ray.speech.voice import measure
from tests.speech.alterations import among, shouted, slowed, telephone, whispered
from tests.speech.conftest import NOT_SPEECH, RATE, level, white

VOICES: dict[str, tuple[Callable[[np.ndarray], np.ndarray], float]] = {
    "shouted": (shouted, 0.7),
    "whispered": (whispered, 0.8),
    "telephone": (telephone, 0.75),
    "whispered in a quiet room": (lambda speech: among(whispered(speech), white(5), 20), 0.7),
    "in noise": (lambda speech: among(speech, white(5), 8), 0.45),
    "over strings": (lambda speech: among(speech, NOT_SPEECH["strings"](), 8), 0.45),
    "over a piano": (lambda speech: among(speech, NOT_SPEECH["piano"](), 8), 0.45),
    "over a band": (lambda speech: among(speech, NOT_SPEECH["band"](), 8), 0.45),
}


@pytest.fixture(scope="module")
def model() -> VisemeModel:
    found = speech_model("visemes")
    assert isinstance(found, VisemeModel)
    return found


def agreement(one: MouthTrack, other: MouthTrack, name: str = "aperture") -> float:
    count = min(len(one), len(other))
    return float(np.corrcoef(getattr(one, name)[:count], getattr(other, name)[:count])[0, 1])


@pytest.mark.parametrize("kind", VOICES)
def test_the_mouth_moves_as_for_the_plain_voice(model, any_speech, kind):
    make, least = VOICES[kind]
    plain = model.track(any_speech)
    other = model.track(make(any_speech), 8000 if kind == "telephone" else RATE)
    assert agreement(plain, other) > least
    assert 0.7 < np.std(other.aperture) / np.std(plain.aperture) < 1.3


@pytest.mark.parametrize("factor", [1.25, 1.5])
def test_a_childs_voice(model, any_speech, factor):
    plain, child = model.track(any_speech), model.track(any_speech, round(factor * RATE))
    times = np.arange(0, child.duration, 0.01)
    slowed = plain.at(factor * times)
    assert np.corrcoef(slowed.aperture, child.at(times).aperture)[0, 1] > 0.5
    assert child.speech.mean() == pytest.approx(plain.speech.mean(), abs=0.1)


def test_a_drawl(model, any_speech):
    plain, drawled = model.track(any_speech), model.track(slowed(any_speech, 2))
    times = np.arange(0, drawled.duration, 0.01)
    assert np.corrcoef(plain.at(times / 2).aperture, drawled.aperture[: len(times)])[0, 1] > 0.6
    assert drawled.speech.mean() == pytest.approx(plain.speech.mean(), abs=0.15)


def test_a_vowel_held_in_a_talk_stays_open(model, any_speech):
    voice = measure(any_speech)
    middle = 160 * (20 + int(np.argmax(np.where(voice.voicing > 0.9, voice.level, -99)[20:-20])))
    held = slowed(any_speech[middle - 800 : middle + 800], 6)
    track = model.track(np.concatenate([any_speech[: middle - 400], held, any_speech[middle + 400 :]]))
    first = (middle - 400) // 160
    assert (track.speech[first + 5 : first + len(held) // 160 - 5] > 0.5).mean() > 0.9


def test_other_sounds_leave_the_mouth_closed_and_still(model, not_speech):
    track = model.track(not_speech)
    for name in NAMES:
        assert not getattr(track, name).any(), name


@pytest.mark.parametrize("kind", ["band", "strings", "piano", "guitar", "white noise", "mains hum"])
@pytest.mark.parametrize("seconds", [1.5, 4.0])
def test_music_alone_in_a_pause_is_a_pause(model, speech, kind, seconds):
    other = level(NOT_SPEECH[kind](), 0.05)[: int(seconds * RATE)]
    track = model.track(np.concatenate([speech, other, speech]))
    first, last = len(speech) // 160 + 30, (len(speech) + len(other)) // 160 - 15
    assert not track.aperture[first:last].any()
    assert not track.speech[first:last].any()
    assert track.speech[: len(speech) // 160].mean() > 0.8


def test_over_music_that_goes_on_in_the_pauses(model, speech):
    pause = np.zeros(2 * RATE, np.float32)
    sound = np.concatenate([pause, speech, pause, speech, pause])
    track = model.track(among(sound, NOT_SPEECH["strings"](), 8))
    said, first, second = len(speech) // 160, 200, 400 + len(speech) // 160
    for start in (0, first + said, second + said):
        assert not track.aperture[start + 30 : start + 180].any()
    plain = model.track(speech)
    for start in (first, second):
        part = track.aperture[start : start + len(plain)]
        assert np.corrcoef(part, plain.aperture)[0, 1] > 0.3


def test_a_mumble_in_noise_is_not_blown_up(model):
    breath = white(4) * (0.2 + np.abs(np.sin(np.arange(4 * RATE) * 2 * np.pi * 0.3 / RATE)))
    assert not model.track(level(breath, 0.02)).speech.any()
