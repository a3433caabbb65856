"""What was seen in the frames of an output: a few numbers each, span by span, and all of them joined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import pairwise

import numpy as np

OUT, SRC = 0, 1  # columns: the output, and the source frame that it shows


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """Rows are output frames from ``start`` on; NaN where something could not be measured."""

    start: int
    mouth: np.ndarray  # float32[n,2] IO: aperture and width of the output's mouth, detected again
    detail: np.ndarray  # float32[n,2]: fine over middling detail of the mouth, of output and source, of
    #                     every third frame
    face: np.ndarray  # float32[n,4] px: box of the face, as detectors draw it, detected again
    light: np.ndarray  # float32[n]: by how much the skin around the lips is lighter than the source's, levels
    jerk: np.ndarray  # float32[n,2]: change of that skin's change, of output and source, levels
    outside: np.ndarray  # float32[n]: mean squared difference to the source outside the crop, levels^2
    # JPEGs of the face in some output frames: the source's, the output's.
    faces: Mapping[int, tuple[bytes, bytes]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.mouth)

    @property
    def jump(self) -> np.ndarray:
        """By how much more than the source the skin has changed its light, ``float64[n]`` levels."""
        return np.abs(np.diff(self.light.astype(np.float64), prepend=np.nan))


COLUMNS = tuple(f.name for f in fields(Looks) if f.name not in ("start", "faces"))


def nothing_new(start: int, count: int) -> Looks:
    """Of frames ``[start, start + count)`` that are the source's own and in which nobody is dubbed."""

    def unknown(*shape: int) -> np.ndarray:
        return np.full(shape, np.nan, np.float32)

    return Looks(
        start=start,
        mouth=unknown(count, 2),
        detail=unknown(count, 2),
        face=unknown(count, 4),
        light=unknown(count),
        jerk=unknown(count, 2),
        outside=np.zeros(count, np.float32),
    )


def joined(parts: Sequence[Looks]) -> Looks:
    """All spans as one, in order.

    Raises:
        ValueError: they do not follow each other.
    """
    parts = sorted(parts, key=lambda part: part.start)
    for before, after in pairwise(parts):
        if before.start + len(before) != after.start:
            raise ValueError(f"frames are missing between {before.start + len(before)} and {after.start}")
    columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in COLUMNS}
    faces = {number: pair for part in parts for number, pair in part.faces.items()}
    return Looks(start=parts[0].start, faces=faces, **columns)
