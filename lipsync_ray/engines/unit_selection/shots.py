"""Whether two shots show the same face: nobody gets another person's mouth."""

from __future__ import annotations

import numpy as np

# Landmarks of eyes, brows, nose and face outline that neither speech nor expression moves much.
STILL: tuple[int, ...] = (
    *(33, 133, 362, 263, 168, 6, 197, 195, 5, 4, 1, 2, 98, 327, 129, 358, 10, 151, 9, 8, 127, 356),
    *(234, 454, 70, 300, 105, 334, 159, 386, 145, 374, 93, 323),
)
OTHER_SHOT = 1.0  # cost: other light, another angle, perhaps another day
OTHER_PERSON = 20.0
# Root mean square distance of the still landmarks, IO. Two halves of one clip differ by .003 to .014, two
# people by .020 to .029 (three speakers). A few frames say less: their own tremble is added to both.
_SAME, _DIFFERENT = 0.015, 0.021
_TREMBLE = 0.01


class ShotFaces:
    """Mean still face of each shot, gathered while a scan streams by."""

    def __init__(self, shots: int) -> None:
        self._sums = np.zeros((shots, len(STILL), 2))
        self._counts = np.zeros(shots)

    def add(self, shapes: np.ndarray, shots: np.ndarray) -> None:
        """Take in canonical faces ``[N,468,3]`` of the shots ``int32[N]``."""
        np.add.at(self._sums, shots, shapes[:, STILL, :2])
        np.add.at(self._counts, shots, 1)

    def distances(self) -> np.ndarray:
        """Cost of a unit from one shot in another, ``float32[S,S]``; 0 within a shot."""
        means = self._sums / np.maximum(self._counts, 1)[:, None, None]
        flat = means.reshape(len(means), -1)
        apart = np.sqrt(_squares(flat - flat.mean(axis=0)) / len(STILL))
        spread = _TREMBLE / np.sqrt(np.maximum(self._counts, 1))
        apart = apart - spread[:, None] - spread[None]
        known = (self._counts > 0)[:, None] & (self._counts > 0)[None]
        foreign = np.clip((apart - _SAME) / (_DIFFERENT - _SAME), 0, 1) * known
        cost = OTHER_SHOT + OTHER_PERSON * foreign
        np.fill_diagonal(cost, 0.0)
        return cost.astype(np.float32)


def _squares(points: np.ndarray) -> np.ndarray:
    lengths = (points**2).sum(axis=1)
    return np.maximum(lengths[:, None] + lengths[None] - 2 * points @ points.T, 0)
