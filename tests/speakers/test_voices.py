"""The sound of each speaker, and of all together."""

from __future__ import annotations

import logging
import wave
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from lipsync_ray.errors import AudioUnreadable, ConfigError
from lipsync_ray.media.audio import mixed
from lipsync_ray.speakers.cast import cast_of
from lipsync_ray.speakers.settings import SpeakerRow
from lipsync_ray.speakers.voices import write_mix, write_voice
from tests.media.output_clips import write_wav

RATE = 8000


@pytest.fixture
def sounds(tmp_path: Path) -> dict[str, str]:
    """Constant levels: what is heard tells who speaks."""
    levels = {"a": 0.1, "b": 0.2, "other": 0.4}
    return {
        name: str(write_wav(tmp_path / f"{name}.wav", np.full(4 * RATE, level), RATE))
        for name, level in levels.items()
    }


def heard(path: Path) -> list[float]:
    """Level in the middle of every half second."""
    with wave.open(str(path)) as file:
        assert file.getframerate() == RATE
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32767
    middle = np.arange(RATE // 4, len(samples), RATE // 2)
    return [round(float(samples[at]), 2) for at in middle]


def test_a_voice_is_silent_where_its_speaker_is(sounds: dict[str, str], tmp_path: Path) -> None:
    rows = [
        SpeakerRow(face="left", start=0.5, end=1.0, audio=sounds["a"]),
        SpeakerRow(face="left", start=1.5, end=2.5),  # of the sound that is heard
    ]
    (anna,) = cast_of(rows)
    out = write_voice(anna, sounds["b"], tmp_path / "voice.wav", fade_ms=8)
    assert heard(out) == [0, 0.1, 0, 0.2, 0.2]


def test_speakers_are_added_up(sounds: dict[str, str], tmp_path: Path) -> None:
    cast = cast_of(
        [
            SpeakerRow(face="left", start=0.5, end=1.5, audio=sounds["a"]),
            SpeakerRow(face="right", start=1.0, end=2.0, audio=sounds["b"]),
        ]
    )
    out = tmp_path / "mix.wav"
    write_mix(cast, out, fade_ms=8, length=Fraction(5, 2), other=None)
    assert heard(out) == [0, 0.1, 0.3, 0.2, 0]
    write_mix(cast, out, fade_ms=8, length=Fraction(5, 2), other=sounds["other"])
    assert heard(out) == [0.4, 0.1, 0.3, 0.2, 0.4]


def test_sounds_without_times_say_how_long_it_lasts(sounds: dict[str, str], tmp_path: Path) -> None:
    cast = cast_of([SpeakerRow(face="left", audio=sounds["a"], skip=3.0)])
    write_mix(cast, tmp_path / "mix.wav", fade_ms=0, length=Fraction(9), other=None)
    assert heard(tmp_path / "mix.wav") == [0.1, 0.1]


def test_too_loud_together_is_told(
    tmp_path: Path, sounds: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    loud = str(write_wav(tmp_path / "loud.wav", np.full(RATE, 0.9), RATE))
    cast = cast_of([SpeakerRow(face=face, audio=loud) for face in ("left", "right")])
    with caplog.at_level(logging.WARNING):
        write_mix(cast, tmp_path / "mix.wav", fade_ms=0, length=Fraction(1), other=None)
    assert heard(tmp_path / "mix.wav") == [1.0, 1.0]
    assert "louder than a file can hold" in caplog.text


def test_what_cannot_be_heard_is_named(sounds: dict[str, str], tmp_path: Path) -> None:
    def mix(**row: object) -> None:
        cast = cast_of([SpeakerRow(speaker="anna", face="left", **row)])  # type: ignore[arg-type]
        write_mix(cast, tmp_path / "mix.wav", fade_ms=0, length=Fraction(1), other=None)

    with pytest.raises(ConfigError, match="anna has no sound"):
        mix()
    with pytest.raises(AudioUnreadable, match=r"speaker anna: .*gone\.wav"):
        mix(audio=str(tmp_path / "gone.wav"))
    with pytest.raises(ConfigError, match=r"from 4 s of a\.wav on, which ends at 4\.00 s"):
        mix(audio=sounds["a"], skip=4.0)


def test_lines_of_one_file_read_it_once(
    sounds: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A film has hundreds of lines in one long file: each must not read it anew."""
    read: list[str] = []

    def counted(path: str | Path, rate: int, channels: int) -> Iterator[np.ndarray]:
        read.append(str(path))
        return mixed(path, rate, channels)

    monkeypatch.setattr("lipsync_ray.media.assembling.mixed", counted)
    times = [0.0, 0.5, 1.5, 3.0]
    rows = [SpeakerRow(face="left", start=at, end=at + 0.5, audio=sounds["a"], skip=at) for at in times]
    (anna,) = cast_of([*rows, SpeakerRow(face="left", start=3.5, end=4.0, audio=sounds["a"], skip=0)])
    out = write_voice(anna, "", tmp_path / "voice.wav", fade_ms=8)
    assert heard(out) == [0.1, 0.1, 0, 0.1, 0, 0, 0.1, 0.1]
    assert len(read) == 2  # once forwards, and once more for the line that goes back
