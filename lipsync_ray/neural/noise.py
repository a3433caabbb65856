"""Noise for networks that want some: the same in the same frame, whatever is rendered beside it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def frame_noise(seed: int, numbers: np.ndarray, sizes: Sequence[int]) -> list[np.ndarray]:
    """Standard normal maps ``float32[N,1,s,s]``, one for each of ``sizes``.

    Args:
        seed: 0 or more; another one gives other noise.
        numbers: ``int64[N]`` of the frames, 0 or more.
        sizes: px, of the square maps.
    """
    maps = [np.empty((len(numbers), 1, size, size), np.float32) for size in sizes]
    for row, number in enumerate(np.asarray(numbers).tolist()):
        # Philox is keyed: frames need no common stream, so each draws its own.
        generator = np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, number])))
        for each in maps:
            generator.standard_normal(dtype=np.float32, out=each[row])
    return maps
