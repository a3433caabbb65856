"""The report of a measured job, written where its output is finished."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lipsync_ray.folders import private_folder
from lipsync_ray.inputs import Inputs
from lipsync_ray.media.sample_file import store_samples
from lipsync_ray.quality.figures import Seen
from lipsync_ray.quality.page import Content, Person, page
from lipsync_ray.quality.pictures import choose_moments, take_pictures
from lipsync_ray.quality.plots import plots
from lipsync_ray.quality.review import Review
from lipsync_ray.quality.settings import QualitySettings
from lipsync_ray.speech.features import RATE

_LEVELS = 50  # a second, of the sound that is drawn
_BLOCK_S = 10  # of sound in memory


def make_report(
    name: str,
    output: Path,
    inputs: Inputs,
    seen: Sequence[Seen],
    review: Review,
    settings: QualitySettings,
    told: Mapping[str, Any],
) -> str:
    """The page.

    Args:
        name: of the output, as people know it.
        output: the finished file.
        inputs: of the job, as this machine has them.
        seen: what was measured of each role.
        review: what is said of it.
        settings: the limits.
        told: the job's settings as they were given.
    """
    loudness = _loudness(inputs)
    people = [
        Person(
            review=role,
            seen=found,
            plots=plots(found, loudness, _LEVELS, role.flags),
            pictures=take_pictures(found, choose_moments(found, role.flags), inputs.table, output),
        )
        for role, found in zip(review.roles, seen, strict=True)
    ]
    return page(Content(name=name, people=people, settings=settings, told=told))


def _loudness(inputs: Inputs) -> np.ndarray:
    """Loudness of the delivered sound from the first output frame on, ``float64[m]`` 0..1."""
    step = RATE // _LEVELS
    block = _BLOCK_S * RATE
    with private_folder() as folder:
        samples = store_samples(inputs.sound.path, folder / "sound.f32")
        levels = np.concatenate(
            [_peaks(samples[start : start + block], step) for start in range(0, len(samples), block)]
        )
    shift = round(float(inputs.timeline.audio_start) * _LEVELS)
    levels = np.concatenate([np.zeros(shift), levels]) if shift > 0 else levels[-shift:]
    return levels / max(float(levels.max(initial=0.0)), 1e-6)


def _peaks(samples: np.ndarray, step: int) -> np.ndarray:
    """Greatest of every ``step`` samples; what does not fill a step is left out."""
    return np.abs(samples[: len(samples) // step * step]).reshape(-1, step).max(axis=1)
