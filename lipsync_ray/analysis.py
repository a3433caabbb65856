"""What the picture shows: faces, shots, who speaks in each shot, and the crop to work in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lipsync_ray.faces.scan import Mapper, scan
from lipsync_ray.faces.select import TargetFaces, choose_target, union_boxes
from lipsync_ray.faces.settings import FaceSettings
from lipsync_ray.faces.shots import find_cuts, shot_of
from lipsync_ray.faces.track import FaceScan
from lipsync_ray.media.index import FrameTable
from lipsync_ray.role import Role, leading
from lipsync_ray.speakers.cast import Speaker
from lipsync_ray.speakers.choosing import choose_roles
from lipsync_ray.weights.store import WeightStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """The faces of a video, and those that will speak."""

    scan: FaceScan
    roles: tuple[Role, ...]  # at least one
    shots: list[int]  # first source frame of each shot

    @property
    def target(self) -> TargetFaces:
        """In every source frame whoever is dubbed most."""
        return leading(self.roles)


def analyse(
    table: FrameTable,
    folder: Path,
    settings: FaceSettings,
    *,
    weights: WeightStore,
    mapper: Mapper,
    content: str,
    on_part: Callable[[int, int], None],
) -> Analysis:
    """Scan the video (what is not yet in ``folder``) and choose the speaker of every shot.

    Raises:
        FaceNotFound: no usable face in the whole video.
        ConfigError: ``face.point`` or ``face.box`` lies outside the picture.
    """
    settings.check_inside(table.video.width, table.video.height)
    found = scan(table, folder, settings, weights=weights, mapper=mapper, content=content, on_part=on_part)
    return choose(found, table, settings)


def choose(
    found: FaceScan, table: FrameTable, settings: FaceSettings, among: np.ndarray | None = None
) -> Analysis:
    """Choose the speaker of every shot of a video that has been scanned. Raises as ``analyse``.

    ``among``: ``bool[r]``, the rows of ``found.light()`` that are meant at all; None: all.
    """
    settings.check_inside(table.video.width, table.video.height)
    starts = find_cuts(found.cut_scores(), table.times())
    light = found.light()
    shots = shot_of(starts, len(table))
    target = choose_target(light, shots, table, settings, among)
    crops = union_boxes(light, target, table.video, settings.margin)
    return Analysis(scan=found, roles=(Role(name="", target=target, crops=crops),), shots=starts.tolist())


def choose_cast(
    found: FaceScan,
    table: FrameTable,
    settings: FaceSettings,
    cast: Sequence[Speaker],
    like: Mapping[str, np.ndarray],
) -> Analysis:
    """Choose the face of each speaker of a cast; see ``choose_roles``."""
    starts = find_cuts(found.cut_scores(), table.times())
    roles = choose_roles(found.light(), shot_of(starts, len(table)), table, settings, cast, like)
    return Analysis(scan=found, roles=roles, shots=starts.tolist())
