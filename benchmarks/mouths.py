"""The mouth of a clip as the project itself measures it: scan, target face, descriptor of every frame."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lipsync_ray.analysis import Analysis, analyse
from lipsync_ray.config import Config
from lipsync_ray.engines.unit_selection.canonical import Poses, fit_poses, to_canonical
from lipsync_ray.engines.unit_selection.descriptor import describe
from lipsync_ray.engines.unit_selection.measures import measure
from lipsync_ray.engines.unit_selection.person import Person, build_person
from lipsync_ray.engines.unit_selection.settings import UnitSelectionSettings
from lipsync_ray.media.index import FrameTable, build_table
from lipsync_ray.storage.whole import content_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A video whose speaker has been found."""

    table: FrameTable
    analysis: Analysis

    @property
    def usable(self) -> np.ndarray:
        """Frames that are dubbed at full strength, ``bool[n]``."""
        target = self.analysis.target
        return (target.reason == 0) & (target.strength == 1)

    def landmarks(self, frames: np.ndarray) -> np.ndarray:
        """The speaker's landmarks in some frames, ``float32[m,468,3]`` px, NaN where absent."""
        return self.analysis.scan.landmarks(frames, self.analysis.target.face[frames])


def open_clip(path: str | Path, config: Config, folder: Path) -> Clip:
    """Scan a video, here and now, with the job's own settings; scans are kept in ``folder``."""
    table = build_table(str(path))
    analysis = analyse(
        table,
        folder,
        config.face,
        weights=config.weights.store(config.license.policy),
        mapper=map,
        content=content_hash(table.path),
        on_part=lambda done, total: None,
    )
    return Clip(table=table, analysis=analysis)


def person_of(clip: Clip) -> tuple[Person, np.ndarray]:
    """The speaker's measures and the descriptor of every frame, ``float64[n,6]`` IO, NaN where absent."""
    target = clip.analysis.target
    usable = (target.face >= 0) & (target.reason == 0)
    found = measure(clip.landmarks, target.face >= 0, usable, target.shot)
    return build_person(found, clip.table.times(), UnitSelectionSettings()), found.raw


def seen_as(clip: Clip, person: Person) -> np.ndarray:
    """Descriptors ``float64[n,6]`` of a clip, measured on another clip's reference of the same person."""
    landmarks = clip.landmarks(np.arange(len(clip.table)))
    return describe(to_canonical(landmarks, poses_of(landmarks, person)), person.nose_y)


def poses_of(landmarks: np.ndarray, person: Person) -> Poses:
    """Head poses of faces ``[n,468,3]`` px."""
    return fit_poses(landmarks, person.reference)
