"""Source frames to finished frames: an engine draws some of them, the others come between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from lipsync_ray.acts import Act, Change, merged, merged_mask
from lipsync_ray.between import Drawn, interpolate
from lipsync_ray.compositing import (
    Composited,
    RenderJob,
    crop_digest,
    drawn_frames,
    landmark_window,
    run_breaks,
)
from lipsync_ray.engines.base import Engine, FaceBatch, Notes, Painter, Window, look, paint, run_stages
from lipsync_ray.feed import Feed
from lipsync_ray.media.colour import crop_rgb
from lipsync_ray.media.composite import composite
from lipsync_ray.media.frame import Box, Frame
from lipsync_ray.plane_canvas import PlaneCanvas
from lipsync_ray.role import Role
from lipsync_ray.schedule import Stretch, in_batches, schedule
from lipsync_ray.shrink import enlarge, shrink, shrink_landmarks


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleDrawing:
    """What drawing one role in ``[start, stop)`` takes."""

    role: Role
    stretches: list[Stretch]
    window: Window  # landmarks in upright source pixels

    @property
    def order(self) -> list[int]:
        """Output frames whose pictures are taken, in that order."""
        return [number for part in self.stretches for number in part.wanted()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """What rendering ``[start, stop)`` takes."""

    parts: tuple[RoleDrawing, ...]

    def source(self, job: RenderJob) -> list[int]:
        """Source frames to decode, in the order in which ``draw`` takes them."""
        return job.timeline.source[Feed.numbers([part.order for part in self.parts])].tolist()


def plan_drawing(job: RenderJob, engine: Engine, start: int, stop: int) -> Drawing:
    """Which frames to decode and to draw for output frames ``[start, stop)``."""
    return Drawing(parts=tuple(_plan_role(job, role, engine, start, stop) for role in job.roles))


def _plan_role(job: RenderJob, role: Role, engine: Engine, start: int, stop: int) -> RoleDrawing:
    drawn, breaks, context = drawn_frames(job, role), run_breaks(job, role), engine.context
    stretches = schedule(drawn, breaks, start, stop, every=job.preset.every, context=context)
    shown = [number for part in stretches for number in part.wanted()]
    window = landmark_window(job, role, shown[0], shown[-1] + 1, _margin(engine))
    return RoleDrawing(role=role, stretches=stretches, window=window)


def _margin(engine: Engine) -> int:
    """Rows of landmarks on each side of a frame that an engine may look at."""
    return max(engine.landmark_margin, engine.context.before, engine.context.after)


def draw(
    job: RenderJob, engine: Engine, work: Drawing, frames: Iterator[Frame], *, traced: bool = False
) -> Iterator[Composited]:
    """Finish the output frames of a piece of work; ``frames`` yields the pictures of ``work.source``.

    ``traced``: each finished frame also holds the mask, which takes memory.
    """
    feed = Feed(frames, [part.order for part in work.parts])
    acts = [_play(job, engine, part, feed.reader(number)) for number, part in enumerate(work.parts)]
    for together in zip(*acts, strict=True):
        yield _composited(job, together, traced=traced)


def _play(job: RenderJob, engine: Engine, part: RoleDrawing, frames: Iterator[Frame]) -> Iterator[Act]:
    """One role in all output frames."""
    for stretch in part.stretches:
        if stretch.keys:
            yield from _Run(job, part.role, engine, stretch, part.window).finish(frames)
        else:
            for number in range(stretch.start, stretch.stop):
                frame = next(frames)
                yield Act(number=number, source=frame)


def _composited(job: RenderJob, acts: Sequence[Act], *, traced: bool) -> Composited:
    """The output frame that shows all acts."""
    number, source = acts[0].number, acts[0].source
    changes = [act.change for act in acts if act.change is not None]
    box = job.box(int(job.shots(np.array([number]))[0])) if changes else None
    if box is None:
        return Composited(number=number, frame=source, box=None, digest="", before=source)
    frame = merged(source, changes)
    mask = merged_mask(changes, box) if traced else None
    digest = crop_digest(frame, box)
    return Composited(number=number, frame=frame, box=box, digest=digest, before=source, mask=mask)


class _Run:
    """The frames of one stretch, held only as long as something still needs them."""

    def __init__(self, job: RenderJob, role: Role, engine: Engine, stretch: Stretch, window: Window) -> None:
        self._job, self._role, self._engine, self._stretch = job, role, engine, stretch
        self._box = role.view(int(job.shots(np.array([stretch.start]))[0]))
        wanted = stretch.wanted()
        near = window.part(wanted[0] - _margin(engine), wanted[-1] + 1 + _margin(engine))
        self._window = _inside(near, self._box, job.preset.resize_factor)
        self._coming = iter(wanted)
        self._reached = -1  # the last frame taken off the reader
        self._frames: dict[int, Frame] = {}
        self._crops: dict[int, np.ndarray] = {}  # at full size
        self._notes: dict[int, np.ndarray] = {}
        self._drawn: dict[int, Drawn] = {}
        whole = job.preset.every == 1 and job.preset.resize_factor == 1
        self._painter = engine if whole and isinstance(engine, Painter) else None
        self._painted: dict[int, PlaneCanvas] = {}

    def finish(self, frames: Iterator[Frame]) -> Iterator[Act]:
        """Draw batch after batch, and give out what lies up to the last drawn frame."""
        emitted = self._stretch.start
        looked = 0
        for keys in in_batches(self._stretch.keys, self._job.batch):
            looked = self._look(frames, keys[-1] + self._engine.context.after, looked)
            self._take(frames, keys[-1])
            self._draw(keys)
            stop = min(keys[-1] + 1, self._stretch.stop)
            for number in range(emitted, stop):
                yield self._composite(number)
            emitted = max(emitted, stop)
            self._forget(keys[-1])

    def _take(self, frames: Iterator[Frame], until: int) -> None:
        """Take pictures off the reader up to output frame ``until``."""
        last = self._stretch.wanted()[-1]
        while self._reached < min(until, last):
            self._reached = next(self._coming)
            frame = next(frames)
            self._frames[self._reached] = frame
            if self._painter is None:
                self._crops[self._reached] = crop_rgb(frame, self._box)

    def _look(self, frames: Iterator[Frame], until: int, looked: int) -> int:
        """Let the engine look at what lies up to ``until``; the number of frames looked at so far."""
        due = [number for number in self._stretch.looks[looked:] if number <= until]
        for numbers in in_batches(due, self._job.batch):
            self._take(frames, numbers[-1])
            self._notes |= look(self._engine, self._batch(numbers))
        return looked + len(due)

    def _draw(self, keys: tuple[int, ...]) -> None:
        batch = self._batch(keys)
        if self._painter is not None:
            self._painted = {number: PlaneCanvas(self._frames[number], self._box) for number in keys}
            paint(self._painter, batch, list(self._painted.values()))
            return
        output, mask = run_stages(self._engine, batch)
        for row, number in enumerate(keys):
            self._drawn[number] = Drawn(
                number=number,
                time=float(batch.time[row]),
                landmarks=batch.landmarks[row],
                picture=output[row],
                mask=mask[row],
            )

    def _batch(self, numbers: tuple[int, ...]) -> FaceBatch:
        job, at = self._job, np.array(numbers)
        return FaceBatch(
            frames=self._pictures(numbers),
            landmarks=self._window.landmarks[self._window.rows(at)],
            time=job.timeline.times()[at],
            number=at,
            window=self._window,
            cues={name: values[at] for name, values in self._role.preparation.frames.items()},
            shared=self._role.preparation.shared,
            origin=(self._box.x0, self._box.y0),
            scale=1 / job.preset.resize_factor,
            notes=self._notes_around(numbers),
        )

    def _pictures(self, numbers: tuple[int, ...]) -> np.ndarray:
        if self._painter is not None:
            return np.empty((len(numbers), self._box.height, self._box.width, 0), np.uint8)
        return np.stack([self._small(number) for number in numbers])

    def _small(self, number: int) -> np.ndarray:
        return shrink(self._crops[number], self._job.preset.resize_factor)

    def _notes_around(self, numbers: tuple[int, ...]) -> Notes | None:
        if not self._notes:
            return None
        context = self._engine.context
        start, stop = numbers[0] - context.before, numbers[-1] + context.after + 1
        width = len(next(iter(self._notes.values())))
        rows = np.full((stop - start, width), np.nan, np.float32)
        for number in range(start, stop):
            if number in self._notes:
                rows[number - start] = self._notes[number]
        return Notes(start=start, rows=rows)

    def _composite(self, number: int) -> Act:
        if (canvas := self._painted.get(number)) is not None:
            change = Change(frame=canvas.frame, box=self._box, mask=canvas.mask)
            return Act(number=number, source=self._frames[number], change=change)
        picture, crop, small = self._frames[number], self._crops[number], self._small(number)
        drawn = self._drawn.get(number)
        after, mask = (drawn.picture, drawn.mask) if drawn else self._between(number, small)
        if self._job.preset.resize_factor > 1:
            after, mask = enlarge(crop, small, after, mask)
        frame = composite(picture, self._box, crop, after, mask)
        return Act(number=number, source=picture, change=Change(frame=frame, box=self._box, mask=mask))

    def _between(self, number: int, small: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        before = self._drawn[max(key for key in self._drawn if key < number)]
        after = self._drawn[min(key for key in self._drawn if key > number)]
        landmarks = self._window.landmarks[number - self._window.start]
        return interpolate(small, landmarks, float(self._job.timeline.times()[number]), before, after)

    def _forget(self, key: int) -> None:
        """Drop what no later frame needs: all before the drawn frame ``key``."""
        context = self._engine.context.before
        for held in (self._frames, self._crops, self._drawn):
            for number in [number for number in held if number < key]:
                del held[number]
        for number in [number for number in self._notes if number < key - context]:
            del self._notes[number]


def _inside(window: Window, box: Box, factor: int) -> Window:
    """The landmarks in pixels of the crop that the engine sees."""
    local = window.landmarks - np.array([box.x0, box.y0, 0], np.float32)
    return Window(
        start=window.start,
        landmarks=shrink_landmarks(local, (box.width, box.height), factor),
        breaks=window.breaks,
    )
