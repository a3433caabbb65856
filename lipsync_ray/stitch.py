"""Artifacts to the order in which they are shown: which seams are needed, which segments follow."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from lipsync_ray.artifact import ChunkRecord
from lipsync_ray.errors import PlanError
from lipsync_ray.plan import Chunk
from lipsync_ray.seam import Seam


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """All of the output's picture, in order."""

    segments: list[Path]
    digests: str  # of the composited crop, a line each output frame; "" = the source's own frame
    mark: str | None = None  # that was drawn over all of them

    @property
    def digest(self) -> str:
        """One hash over all frames: equal pictures have equal ones, however they were cut."""
        told = self.digests if self.mark is None else f"{self.digests}\nmarked {self.mark}"
        return hashlib.sha256(told.encode()).hexdigest()

    @property
    def edited(self) -> np.ndarray:
        """Output frames in which something was drawn, ``bool[T]``."""
        ends = np.frombuffer(f"{self.digests}\n".encode(), np.uint8) == ord("\n")
        return np.diff(np.flatnonzero(ends), prepend=-1) > 1


def find_seams(chunks: Sequence[Chunk], records: Mapping[int, ChunkRecord]) -> list[Seam]:
    """The overlaps to fade, one for each pair of neighbours that share frames; ``records`` by chunk."""
    return [
        Seam(
            index=right.index,
            start=right.start,
            stop=left.stop,
            left=records[left.index].name,
            right=records[right.index].name,
        )
        for left, right in pairwise(chunks)
        if right.head
    ]


def assemble(
    chunks: Sequence[Chunk],
    records: Mapping[int, ChunkRecord],
    seams: Mapping[int, ChunkRecord],
    folder: Path,
    frames: int,
    mark: str | None = None,
) -> Assembly:
    """Put segments in order; ``seams`` by the index of the chunk that follows, ``mark`` as the job's.

    Raises:
        PlanError: the segments are not every output frame exactly once.
    """
    ordered = []
    for chunk in chunks:
        ordered += [seams[chunk.index]] if chunk.head else []
        ordered += [records[chunk.index]] if len(chunk.interior) else []
    reached = 0
    for record in ordered:
        if record.start != reached or record.digests.count("\n") + 1 != record.stop - record.start:
            raise PlanError(
                f"segment {record.name} covers frames {record.start} to {record.stop}, expected {reached}"
            )
        reached = record.stop
    if reached != frames:
        raise PlanError(f"the segments end at frame {reached}, expected {frames}")
    segments = [record.segment(folder) for record in ordered]
    return Assembly(
        segments=[path for path in segments if path is not None],
        digests="\n".join(record.digests for record in ordered),
        mark=mark,
    )
