"""Mouth units: pictures of this person's mouth, with what each of them shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitBank:
    """The mouth pictures a job draws from: every one that its path uses, and verified closed mouths.

    Landmarks are the raw ones of the frame, not smoothed over time: smoothing across repeated frames
    would give a picture the shape of its neighbours.
    """

    source: np.ndarray  # int64[U] source frame, ascending
    descriptor: np.ndarray  # float64[U,6]
    shape: np.ndarray  # float64[U,468,3] canonical
    landmarks: np.ndarray  # float32[U,468,2] px of the unit's own patch
    patches: list[np.ndarray]  # uint8[h,w,3] RGB each, the box about the mouth
    verified_closed: np.ndarray  # bool[U] the picture itself shows closed lips

    def __len__(self) -> int:
        return len(self.source)
