"""The frames that two neighbouring chunks both rendered: cross-faded, encoded as a segment of their own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from lipsync_ray.artifact import ChunkRecord, artifact_name, load_overlaps, load_record
from lipsync_ray.compositing import Composited, RenderJob, crop_digest, crop_planes
from lipsync_ray.media.frame import Box, Frame
from lipsync_ray.media.reader import open_reader
from lipsync_ray.plan import fade_weights
from lipsync_ray.render import Witness, Work
from lipsync_ray.threads import decoder_share


@dataclass(frozen=True, slots=True, kw_only=True)
class Seam:
    """An overlap ``[start, stop)`` of output frames and the artifacts of the chunks on its two sides."""

    index: int
    start: int
    stop: int
    left: str  # artifact name
    right: str


def seam_name(key: str, seam: Seam) -> str:
    """Base name of a seam's artifact; ``key`` is the job's."""
    return artifact_name(seam.index, "seam", key, seam)


def render_seam(job: RenderJob, seam: Seam, witness: Witness | None = None) -> ChunkRecord:
    """Fade from the left chunk's crops to the right one's, over the source's own frames.

    ``witness`` is shown these, in order.
    """
    name = seam_name(job.key, seam)
    done = load_record(job.folder, name)
    if done is not None:
        return done
    work = Work(job, name, witness)
    source = job.timeline.source[seam.start : seam.stop].tolist()
    with open_reader(job.table, backend=job.reader, threads=decoder_share(job.threads)) as reader:
        work.encode(_faded(job, seam, reader.frames(source)))
    return work.finish(range(seam.start, seam.stop), decode=0.0)


def _faded(job: RenderJob, seam: Seam, frames: Iterator[Frame]) -> Iterator[Composited]:
    left, right = load_overlaps(job.folder, seam.left), load_overlaps(job.folder, seam.right)
    weights = fade_weights(seam.stop - seam.start)
    shots = job.shots(np.arange(seam.start, seam.stop))
    for number, weight, shot, frame in zip(range(seam.start, seam.stop), weights, shots, frames, strict=True):
        box = job.box(int(shot))
        if box is None or number not in left or number not in right:
            yield Composited(number=number, frame=frame, box=None, digest="", before=frame)
            continue
        faded = [fade(a, b, float(weight)) for a, b in zip(left[number], right[number], strict=True)]
        pasted = paste(frame, box, faded)
        digest = crop_digest(pasted, box)
        yield Composited(number=number, frame=pasted, box=box, digest=digest, before=frame)


def fade(earlier: np.ndarray, later: np.ndarray, weight: float) -> np.ndarray:
    """``(1 - weight) * earlier + weight * later``, rounded; equal samples stay exactly as they are."""
    step = later.astype(np.float32) - earlier
    return (earlier + np.rint(weight * step)).astype(earlier.dtype)


def paste(frame: Frame, box: Box, crops: list[np.ndarray]) -> Frame:
    """A frame with the crop of each plane replaced."""
    new = replace(frame, planes=tuple(plane.copy() for plane in frame.planes))
    for target, crop in zip(crop_planes(new, box), crops, strict=True):
        target[...] = crop
    return new
