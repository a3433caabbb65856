"""Output frames as a run would make them, each with the source's own frame: only those that are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from lipsync_ray.compositing import Composited, RenderJob, drawn_frames
from lipsync_ray.drawing import draw, plan_drawing
from lipsync_ray.engines.base import Engine
from lipsync_ray.faces.select import Reason
from lipsync_ray.media.colour import rgb_of
from lipsync_ray.media.mark import marked
from lipsync_ray.media.reader import open_reader
from lipsync_ray.preview.overlay import Overlay, outlines_of
from lipsync_ray.role import Role, leading

_WORDS = {
    Reason.NONE: "no face",
    Reason.TINY: "face too small",
    Reason.PROFILE: "face turned away",
    Reason.OCCLUDED: "mouth covered",
    Reason.KEPT: "kept by the speakers map",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Moment:
    """One output frame, before and after; its pixels are square."""

    number: int  # output frame
    time: float  # s of the output
    before: np.ndarray  # uint8[H,W,3] RGB: the source's frame
    after: np.ndarray  # the frame that the run writes, before it is encoded
    faces: int  # seen in the frame
    drawn: int  # of them
    why: str  # why it is left alone; empty: it is dubbed
    digest: str  # as in Composited
    overlay: Overlay

    def titles(self, engine: str) -> tuple[str, str]:
        """What stands above the two pictures."""
        made = f"left alone: {self.why}" if self.why else engine
        return f"before  {self.time:.3f} s  frame {self.number}", f"after  {made}"


def strength_of(job: RenderJob) -> np.ndarray:
    """How much each output frame is dubbed, ``float32[T]`` 0 (passes through) to 1."""
    source = job.timeline.source
    each = [np.where(drawn_frames(job, role), role.target.strength[source], 0.0) for role in job.roles]
    return np.max(each, axis=0)


def draw_moments(job: RenderJob, engine: Engine, numbers: Sequence[int]) -> Iterator[Moment]:
    """These output frames, ascending; decodes and draws no others but what the engine needs for them.

    Raises:
        MediaError: a frame cannot be decoded.
    """
    with open_reader(job.table, backend=job.reader, threads=job.threads) as reader:
        for start, stop in _runs(numbers):
            work = plan_drawing(job, engine, start, stop)
            for done in draw(job, engine, work, reader.frames(work.source(job)), traced=True):
                yield _moment(job, done)


def _runs(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Half-open ranges of numbers that follow each other."""
    pieces = np.split(np.asarray(numbers), np.flatnonzero(np.diff(numbers) != 1) + 1)
    return [(int(piece[0]), int(piece[-1]) + 1) for piece in pieces]


def _moment(job: RenderJob, done: Composited) -> Moment:
    source = int(job.timeline.source[done.number])
    stretch = _square(job)
    faces = [
        job.scan.landmarks(np.array([source]), role.target.face[[source]])[0, :, :2] for role in job.roles
    ]
    box, mask = done.box, done.mask
    lines = outlines_of(mask, (box.x0, box.y0)) if box is not None and mask is not None else ()
    return Moment(
        number=done.number,
        time=float(job.timeline.times()[done.number]),
        before=_stretched(rgb_of(done.before), stretch),
        after=_stretched(rgb_of(done.frame if job.mark is None else marked(done.frame, job.mark)), stretch),
        faces=int(np.count_nonzero(job.scan.light().frame == source)),
        drawn=0 if done.mask is None else sum(_is_drawn(role, source) for role in job.roles),
        why=_why(job, done, source),
        digest=done.digest,
        overlay=Overlay(
            outlines=tuple(line * stretch for line in lines), faces=tuple(face * stretch for face in faces)
        ),
    )


def _is_drawn(role: Role, source: int) -> bool:
    target = role.target
    return target.strength[source] > 0 and int(target.shot[source]) in role.crops


def _why(job: RenderJob, done: Composited, source: int) -> str:
    if done.mask is not None:
        return "" if done.mask.any() else "nothing to change"
    # A face that is usable and not drawn has turned so far that its dub has faded out.
    return _WORDS.get(Reason(leading(job.roles).reason[source]), _WORDS[Reason.PROFILE])


def _square(job: RenderJob) -> np.ndarray:
    """Factors by which width and height grow to make pixels square, ``float64[2]``."""
    shape = float(job.table.video.sample_aspect_ratio) or 1.0
    return np.array([max(shape, 1.0), max(1 / shape, 1.0)])


def _stretched(picture: np.ndarray, factors: np.ndarray) -> np.ndarray:
    if (factors == 1).all():
        return picture
    height, width = picture.shape[:2]
    size = round(width * factors[0]), round(height * factors[1])
    return cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC)
