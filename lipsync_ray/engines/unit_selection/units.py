"""Mouth units: pictures of this person's mouth, with what each of them shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lipsync_ray.faces.mouths import mouth_box
from lipsync_ray.media.frame import Box

Fetch = Callable[[np.ndarray, list[Box]], list[np.ndarray]]


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
    contact: (
        np.ndarray
    )  # float64[3] colour of the line where this person's closed lips meet, over their lips'

    def __len__(self) -> int:
        return len(self.source)


class Harvest:
    """Mouth pictures of source frames, each decoded once.

    Args:
        load: landmarks ``float32[m,468,3]`` px of source frames.
        fetch: RGB crops of source frames.
        size: width and height of the picture.
    """

    def __init__(self, load: Callable[[np.ndarray], np.ndarray], fetch: Fetch, size: tuple[int, int]) -> None:
        self._load, self._fetch, self._size = load, fetch, size
        self._patches: dict[int, np.ndarray] = {}

    def get(self, frames: np.ndarray) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
        """Patches, landmarks ``float32[m,468,2]`` in them, and ``float32[m,468,3]`` in the frames."""
        landmarks = self._load(frames)
        boxes = [mouth_box(face, *self._size) for face in landmarks]
        new = [k for k, frame in enumerate(frames.tolist()) if frame not in self._patches]
        if new:
            crops = self._fetch(frames[new], [boxes[k] for k in new])
            self._patches.update(zip(frames[new].tolist(), crops, strict=True))
        corners = np.array([(box.x0, box.y0) for box in boxes], np.float32).reshape(-1, 1, 2)
        patches = [self._patches[frame] for frame in frames.tolist()]
        return patches, landmarks[:, :, :2] - corners, landmarks


def patch_bytes(scale: float) -> int:
    """About how much memory the picture of one mouth takes at ``scale`` px per IO."""
    return round(4.0 * scale**2)
