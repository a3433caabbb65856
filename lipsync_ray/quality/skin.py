"""The skin around a mouth over time: how light it is, and how it trembles."""

from __future__ import annotations

from collections import deque

import numpy as np

from lipsync_ray.engines.unit_selection.canonical import Poses, Reference
from lipsync_ray.media.frame import Frame
from lipsync_ray.quality.steady import luma_square, mouth_centre, skin_area, to_picture


class Skin:
    """Is shown the frames of a stretch in order; ``reference`` is the median face of whom it looks at."""

    def __init__(self, reference: Reference) -> None:
        self._centre = mouth_centre(reference)
        self._around = skin_area(reference)
        self._weight = float(self._around.sum())
        self._squares: deque[np.ndarray] = deque(maxlen=3)

    def take(self, frame: Frame, poses: Poses, row: int) -> tuple[float, float]:
        """Mean luma, and the change of its change over three frames, in levels of 8 bits.

        Both are NaN where ``poses`` has no face in its ``row``, the second too until three frames with one
        have come one after the other.
        """
        if not np.isfinite(poses.scale[row]):
            self._squares.clear()
            return float("nan"), float("nan")
        squares, around = self._squares, self._around
        squares.append(luma_square(frame, to_picture(poses, row, self._centre)))
        light = float((squares[-1] * around).sum()) / self._weight
        if len(squares) < 3:
            return light, float("nan")
        jerk = np.abs(squares[-1] - 2 * squares[-2] + squares[-3])
        return light, float((jerk * around).sum()) / self._weight
