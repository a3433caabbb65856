"""Equal names of artifacts hold equal pictures: all that a chunk is drawn from goes into its name."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from lipsync_ray.engines.base import Preparation
from lipsync_ray.media.output_times import Timeline
from lipsync_ray.plan import Chunk
from lipsync_ray.preset import PresetSettings
from lipsync_ray.render import chunk_name

FRAMES = 30


def name_of(chunk: Chunk, every: int, changed: Mapping[int, float]) -> str:
    """The name of a chunk's artifact, where the cues of some frames are others."""
    timeline = Timeline(
        time_base=Fraction(1, 25),
        pts=np.arange(FRAMES),
        source=np.arange(FRAMES),
        end=FRAMES,
        audio_start=Fraction(0),
        audio_end=Fraction(FRAMES, 25),
        nominal_rate=Fraction(25),
    )
    cue = np.zeros(FRAMES)
    cue[list(changed)] = list(changed.values())
    job: Any = SimpleNamespace(
        preset=PresetSettings(every=every),
        roles=(SimpleNamespace(preparation=Preparation(frames={"aperture": cue})),),
        timeline=timeline,
        key="the same job",
    )
    return chunk_name(job, chunk)


MIDDLE = Chunk(index=1, start=10, stop=20, head=0, tail=0)


@pytest.mark.parametrize(
    ("every", "outside", "drawn"),
    [(1, 9, False), (1, 20, False), (3, 9, True), (3, 8, True), (3, 7, False), (3, 21, True), (3, 22, False)],
)
def test_frames_that_its_own_lie_between_are_part_of_a_chunk(every: int, outside: int, drawn: bool) -> None:
    same = name_of(MIDDLE, every, {})
    assert (name_of(MIDDLE, every, {outside: 0.5}) != same) == drawn


@pytest.mark.parametrize("every", [1, 3])
@pytest.mark.parametrize("inside", [10, 19])
def test_its_own_frames_are(every: int, inside: int) -> None:
    assert name_of(MIDDLE, every, {inside: 0.5}) != name_of(MIDDLE, every, {})


def test_nothing_lies_beyond_the_ends() -> None:
    whole = Chunk(index=0, start=0, stop=FRAMES, head=0, tail=0)
    names = {name_of(whole, 3, changed) for changed in ({}, {0: 0.5}, {FRAMES - 1: 0.5})}
    assert len(names) == 3
