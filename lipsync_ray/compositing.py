"""What chunks of a job share, and what a finished frame is. All pure functions."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lipsync_ray.engines.base import Resources, Window
from lipsync_ray.faces.track import FaceScan
from lipsync_ray.media.frame import Box, Frame
from lipsync_ray.media.index import FrameTable
from lipsync_ray.media.reader import Backend
from lipsync_ray.media.timeline import Timeline
from lipsync_ray.media.writer import EncodeSettings
from lipsync_ray.preset import PresetSettings
from lipsync_ray.role import Role, enclosing


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderJob:
    """All that chunks of one job have in common; picklable, sent to each worker once."""

    table: FrameTable
    timeline: Timeline
    scan: FaceScan
    roles: tuple[Role, ...]  # at least one; each is drawn from the source's own frames
    engine: str
    engine_settings: Any  # the engine's own settings object
    resources: Resources
    preset: PresetSettings
    encode: EncodeSettings
    reader: Backend
    batch: int  # frames through the engine at once
    folder: Path  # where artifacts go
    key: str  # hash of everything that determines the pictures and is the same for all chunks
    code: str  # code_version() of the driver: workers of another one would make other pictures
    mark: str | None = None  # text in a corner of every frame, drawn over all else
    parameter_set: int = 0  # number of the encoder's, which the source's own do not have
    threads: int = 1  # that the worker at hand may keep busy

    def shots(self, numbers: np.ndarray) -> np.ndarray:
        """Shot of each output frame, ``int32[N]``."""
        return self.roles[0].target.shot[self.timeline.source[numbers]]

    def box(self, shot: int) -> Box | None:
        """What may change in the frames of a shot: the smallest box around what engines see of all roles."""
        return enclosing(role.view(shot) for role in self.roles if shot in role.crops)


@dataclass(frozen=True, slots=True, kw_only=True)
class Composited:
    """One finished output frame before encoding."""

    number: int  # output frame
    frame: Frame
    box: Box | None  # crop that engines may have changed; None: the source's own frame
    digest: str  # of the crop's planes; of nothing where there is no crop
    before: Frame  # the source's own
    mask: np.ndarray | None = (
        None  # uint8[h,w] of the box, if ``draw`` was asked for it and something is drawn
    )


def landmark_window(job: RenderJob, role: Role, start: int, stop: int, margin: int) -> Window:
    """Raw landmarks (upright source pixels) of output frames ``[start - margin, stop + margin)``."""
    first, last = max(0, start - margin), min(len(job.timeline.pts), stop + margin)
    numbers = np.arange(first, last)
    source = job.timeline.source[numbers]
    breaks = run_breaks(job, role)[numbers]
    breaks[:1] = True
    return Window(start=first, landmarks=job.scan.landmarks(source, role.target.face[source]), breaks=breaks)


def drawn_frames(job: RenderJob, role: Role) -> np.ndarray:
    """Whether the engine draws a role in each output frame, ``bool[T]``."""
    source, target = job.timeline.source, role.target
    cropped = np.isin(target.shot[source], list(role.crops))
    return (target.row[source] >= 0) & cropped & (target.strength[source] > 0)


def run_breaks(job: RenderJob, role: Role) -> np.ndarray:
    """Whether each output frame does not go on from the one before: a jump, another shot, another face."""
    source = job.timeline.source
    breaks = job.timeline.breaks().copy()
    for known in (role.target.face[source], role.target.shot[source]):
        breaks[1:] |= np.diff(known) != 0
    breaks[:1] = True
    return breaks


def crop_digest(frame: Frame, box: Box) -> str:
    """Hash of the crop of all planes: what the engine can have changed."""
    digest = hashlib.sha1(usedforsecurity=False)
    for plane in crop_planes(frame, box):
        digest.update(plane.tobytes())
    return digest.hexdigest()


def crop_planes(frame: Frame, box: Box) -> list[np.ndarray]:
    """The crop of each plane, Y at full and U, V at their own resolution; views, not copies."""
    layout = frame.layout
    chroma = (
        slice(box.y0 >> layout.shift_y, -(-box.y1 >> layout.shift_y)),
        slice(box.x0 >> layout.shift_x, -(-box.x1 >> layout.shift_x)),
    )
    luma = (slice(box.y0, box.y1), slice(box.x0, box.x1))
    return [plane[luma if index == 0 else chroma] for index, plane in enumerate(frame.planes)]
