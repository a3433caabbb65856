"""How loud somebody talks at the moments of a sound."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lipsync_ray.folders import private_folder
from lipsync_ray.media.sample_file import store_samples
from lipsync_ray.speech.activity import RANGE_DB, loud_level, talking
from lipsync_ray.speech.features import FRAME_RATE
from lipsync_ray.speech.voice import measure

_LEAST = 0.01  # of quiet talk: still more than none
_STEADY = 9  # frames of 10 ms: a vowel lasts as long, a click does not


def talk_at(sound: str | Path, times: np.ndarray) -> np.ndarray:
    """How loud somebody talks, ``float64[m]``: 0 (nobody) to 1 (the loudest moment of the sound).

    Args:
        sound: the file.
        times: ``float64[m]`` s of the sound; outside it nobody talks.

    Raises:
        AudioUnreadable: the file cannot be decoded.
    """
    with private_folder() as folder:
        voice = measure(store_samples(sound, folder / "sound.f32"), formants=False)
    padded = np.pad(voice.level, _STEADY // 2, "edge")
    level = np.convolve(padded, np.full(_STEADY, 1 / _STEADY), "valid")
    active = talking(voice, loud_level(voice))
    top = level[active].max(initial=-np.inf)
    loud = np.where(active, np.clip(1 + (level - top) / RANGE_DB, _LEAST, 1), 0.0)
    rows = np.rint(times * FRAME_RATE).astype(np.int64)
    inside = (rows >= 0) & (rows < len(loud))
    return np.where(inside, loud[np.clip(rows, 0, len(loud) - 1)], 0.0)
