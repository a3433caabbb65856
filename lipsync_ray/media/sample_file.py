"""Sound for analysis, kept in a file: memory does not grow with its length."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lipsync_ray.errors import AudioUnreadable
from lipsync_ray.media.audio import ANALYSIS_RATE, mixed

_KIND = np.dtype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleFile:
    """Mono ``float32`` samples at 16 kHz, sliced like an array; only the slice is read."""

    path: Path
    count: int

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, wanted: slice) -> np.ndarray:
        start, stop, step = wanted.indices(self.count)
        if step != 1:
            raise ValueError(f"a sample file is read in order, not by steps of {step}")
        return np.fromfile(self.path, _KIND, max(0, stop - start), offset=start * _KIND.itemsize)


def store_samples(sound: str | Path, place: Path) -> SampleFile:
    """Decode the first sound track of a file into ``place``, mixed to one channel.

    Samples that are not numbers are 0, as in ``audio.blocks``; nothing is normalised or clipped.

    Raises:
        AudioUnreadable: the file cannot be opened or not one sample of it decoded.
    """
    count = 0
    with place.open("wb") as file:
        for block in mixed(sound, ANALYSIS_RATE, 1):
            file.write(np.ascontiguousarray(block[0], _KIND).tobytes())
            count += block.shape[1]
    if not count:
        raise AudioUnreadable(f"{sound} has a sound track, but no sample of it can be decoded")
    return SampleFile(path=place, count=count)
