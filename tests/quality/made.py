"""Measured dubs that are made of numbers: a mouth that follows its sound, and ways to spoil it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lipsync_ray.engines.unit_selection.canonical import Reference
from lipsync_ray.media.frame import Box
from lipsync_ray.quality.aim import Aim
from lipsync_ray.quality.figures import Seen
from lipsync_ray.quality.looks import Looks

RATE = 25.0


def wish(count: int, seed: int = 0) -> np.ndarray:
    """An opening that a talk might ask for, ``float64[count]`` IO, at 25 frames a second."""
    chance = np.random.default_rng(seed)
    knots = np.arange(0, count + 4, 4)
    heights = chance.uniform(0.0, 0.2, len(knots)) * (np.arange(len(knots)) % 2)
    return np.interp(np.arange(count), knots, heights)


def make_seen(count: int = 250, *, late: float = 0.0, talk: slice = slice(None)) -> Seen:
    """A good dub: 1 follows what is asked, ``late`` s after its sound; outside ``talk`` it rests."""
    times = np.arange(count) / RATE
    asked = np.zeros(count)
    asked[talk] = wish(count)[talk]
    speech = np.zeros(count, np.float32)
    speech[talk] = 1.0
    chance = np.random.default_rng(1)
    opening = np.interp(times - late, times, asked) + chance.normal(0, 0.002, count)
    level = np.ones((count, 2), np.float32)
    aim = Aim(
        reference=Reference(shape=np.zeros((468, 3))),
        wanted=np.stack([asked, np.full(count, 0.5)], axis=1).astype(np.float32),
        touching=(asked < 0.003) & (speech > 0),
        speech=speech,
        own=np.full((count, 2), 0.1, np.float32),
        own_speech=None,
        own_offset_ms=0.0,
    )
    looks = Looks(
        start=0,
        mouth=np.stack([opening, np.full(count, 0.5)], axis=1).astype(np.float32),
        detail=0.6 * level,
        face=np.tile(np.float32([2, 2, 8, 8]), (count, 1)),
        light=chance.normal(0, 0.1, count).astype(np.float32),
        jerk=2.0 * level,
        outside=np.full(count, 4.0, np.float32),
    )
    return Seen(
        times=times,
        source=np.arange(count),
        drawn=np.ones(count, bool),
        aim=aim,
        looks=looks,
        borders=np.array([100, 200]),
        shot=np.zeros(count, np.int32),
        crops={0: Box(x0=0, y0=0, x1=10, y1=10)},
    )


def with_looks(seen: Seen, **columns: np.ndarray) -> Seen:
    """The same with other numbers."""
    return replace(seen, looks=replace(seen.looks, **columns))
