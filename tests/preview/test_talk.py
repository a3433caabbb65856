"""How loud somebody talks at moments of a sound."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from lipsync_ray.preview.talk import talk_at
from tests.faults.files import SPEECH


def test_talk_is_where_speech_is(tmp_path: Path) -> None:
    sound = tmp_path / "late.wav"
    with wave.open(str(SPEECH)) as speech, wave.open(str(sound), "wb") as late:
        late.setparams(speech.getparams())
        second = bytes(speech.getframerate() * speech.getsampwidth() * speech.getnchannels())
        late.writeframes(second + speech.readframes(3 * speech.getframerate()) + second)
    times = np.arange(-1.0, 6.0, 0.04)
    talk = talk_at(sound, times)
    assert not talk[times < 0.9].any()
    assert not talk[times > 4.1].any()
    assert talk[(times > 1.2) & (times < 3.8)].mean() > 0.3
    assert 0.9 < talk.max() <= 1
