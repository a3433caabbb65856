"""What analysis reads: mono samples, however they are kept."""

from __future__ import annotations

from typing import Protocol

import numpy as np


class Sound(Protocol):
    """Mono ``float32`` samples that can be sliced: an array, or a file that is read slice by slice."""

    def __len__(self) -> int: ...

    def __getitem__(self, wanted: slice, /) -> np.ndarray: ...
