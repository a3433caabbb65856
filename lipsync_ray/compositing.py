"""Source frames to finished frames: the engine on the crops, then compositing in YUV. All pure functions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lipsync_ray.engines.base import Engine, FaceBatch, Preparation, Window, run_stages
from lipsync_ray.faces.select import TargetFaces
from lipsync_ray.faces.track import FaceScan
from lipsync_ray.media.colour import composite, crop_rgb
from lipsync_ray.media.frame import Box, Frame
from lipsync_ray.media.index import FrameTable
from lipsync_ray.media.reader import Backend
from lipsync_ray.media.timeline import Timeline
from lipsync_ray.media.writer import EncodeSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderJob:
    """All that chunks of one job have in common; picklable, sent to each worker once."""

    table: FrameTable
    timeline: Timeline
    scan: FaceScan
    target: TargetFaces
    crops: dict[int, Box]  # union crop by shot
    engine: str
    engine_settings: Any  # the engine's own settings object
    preparation: Preparation
    encode: EncodeSettings
    reader: Backend
    batch: int  # frames through the engine at once
    folder: Path  # where artifacts go
    key: str  # hash of everything that determines the pictures and is the same for all chunks
    code: str  # code_version() of the driver: workers of another one would make other pictures

    def shots(self, numbers: np.ndarray) -> np.ndarray:
        """Shot of each output frame, ``int32[N]``."""
        return self.target.shot[self.timeline.source[numbers]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Composited:
    """One finished output frame before encoding."""

    number: int  # output frame
    frame: Frame
    box: Box | None  # crop that an engine may have changed; None: the source's own frame
    digest: str  # of the crop's planes; of nothing where there is no crop


def landmark_window(job: RenderJob, start: int, stop: int, margin: int) -> Window:
    """Raw landmarks (upright source pixels) of output frames ``[start - margin, stop + margin)``."""
    first, last = max(0, start - margin), min(len(job.timeline.pts), stop + margin)
    numbers = np.arange(first, last)
    source = job.timeline.source[numbers]
    faces, shots = job.target.face[source], job.target.shot[source]
    breaks = job.timeline.breaks()[numbers].copy()
    breaks[1:] |= (np.diff(faces) != 0) | (np.diff(shots) != 0)
    if len(breaks):
        breaks[0] = True
    return Window(start=first, landmarks=job.scan.landmarks(source, faces), breaks=breaks)


def render_frames(
    job: RenderJob, engine: Engine, start: int, stop: int, frames: Iterator[Frame]
) -> Iterator[Composited]:
    """Composite output frames ``[start, stop)``; ``frames`` yields their source frames in this order."""
    window = landmark_window(job, start, stop, engine.landmark_margin)
    numbers = np.arange(start, stop)
    touched, shots = _touched(job, numbers, window), job.shots(numbers)
    for first, last in _runs(touched, shots, job.batch):
        pictures = [next(frames) for _ in range(first, last)]
        if touched[first]:
            yield from _render_batch(job, engine, window, numbers[first:last], pictures)
        else:
            for number, picture in zip(numbers[first:last].tolist(), pictures, strict=True):
                yield Composited(number=number, frame=picture, box=None, digest="")


def _touched(job: RenderJob, numbers: np.ndarray, window: Window) -> np.ndarray:
    source = job.timeline.source[numbers]
    present = np.isfinite(window.landmarks[window.rows(numbers), 0, 0])
    cropped = np.isin(job.target.shot[source], list(job.crops))
    return present & cropped & (job.target.strength[source] > 0)


def _runs(touched: np.ndarray, shots: np.ndarray, batch: int) -> Iterator[tuple[int, int]]:
    """Half-open row runs of at most ``batch`` frames in one shot, all touched or all passed through."""
    first = 0
    for row in range(1, len(touched) + 1):
        full = row - first >= batch
        if row == len(touched) or full or shots[row] != shots[first] or touched[row] != touched[first]:
            yield first, row
            first = row


def _render_batch(
    job: RenderJob, engine: Engine, window: Window, numbers: np.ndarray, pictures: list[Frame]
) -> Iterator[Composited]:
    box = job.crops[int(job.shots(numbers)[0])]
    offset = np.array([box.x0, box.y0, 0], np.float32)
    local = Window(start=window.start, landmarks=window.landmarks - offset, breaks=window.breaks)
    crops = np.stack([crop_rgb(picture, box) for picture in pictures])
    batch = FaceBatch(
        frames=crops,
        landmarks=local.landmarks[local.rows(numbers)],
        time=job.timeline.times()[numbers],
        number=numbers,
        window=local,
        cues={name: values[numbers] for name, values in job.preparation.frames.items()},
        shared=job.preparation.shared,
    )
    output, mask = run_stages(engine, batch)
    for row, picture in enumerate(pictures):
        frame = composite(picture, box, crops[row], output[row], mask[row])
        yield Composited(number=int(numbers[row]), frame=frame, box=box, digest=crop_digest(frame, box))


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
