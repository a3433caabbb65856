"""What analysis reads: mono samples, however they are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np


class Sound(Protocol):
    """Mono ``float32`` samples that can be sliced: an array, or a file that is read slice by slice."""

    def __len__(self) -> int: ...

    def __getitem__(self, wanted: slice, /) -> np.ndarray: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A stretch of a sound as a sound of its own; what lies beyond its end is left out."""

    sound: Sound
    start: int  # samples
    stop: int

    def __len__(self) -> int:
        return max(0, min(self.stop, len(self.sound)) - self.start)

    def __getitem__(self, wanted: slice, /) -> np.ndarray:
        start, stop, step = wanted.indices(len(self))
        return self.sound[self.start + start : self.start + max(start, stop) : step]
