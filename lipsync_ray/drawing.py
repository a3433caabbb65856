"""Source frames to finished frames: an engine draws some of them, the others come between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from lipsync_ray.between import Drawn, interpolate
from lipsync_ray.compositing import (
    Composited,
    RenderJob,
    crop_digest,
    drawn_frames,
    landmark_window,
    run_breaks,
)
from lipsync_ray.engines.base import Engine, FaceBatch, Notes, Window, look, run_stages
from lipsync_ray.media.colour import composite, crop_rgb
from lipsync_ray.media.frame import Box, Frame
from lipsync_ray.schedule import Stretch, in_batches, schedule
from lipsync_ray.shrink import enlarge, shrink, shrink_landmarks


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """What rendering ``[start, stop)`` takes."""

    stretches: list[Stretch]
    window: Window  # landmarks in upright source pixels

    def source(self, job: RenderJob) -> list[int]:
        """Source frames to decode, in the order in which ``draw`` takes them."""
        return [int(job.timeline.source[number]) for part in self.stretches for number in part.wanted()]


def plan_drawing(job: RenderJob, engine: Engine, start: int, stop: int) -> Drawing:
    """Which frames to decode and to draw for output frames ``[start, stop)``."""
    every, context = job.preset.every, engine.context
    stretches = schedule(drawn_frames(job), run_breaks(job), start, stop, every=every, context=context)
    shown = [number for part in stretches for number in part.wanted()]
    margin = max(engine.landmark_margin, context.before, context.after)
    return Drawing(stretches=stretches, window=landmark_window(job, shown[0], shown[-1] + 1, margin))


def draw(
    job: RenderJob, engine: Engine, work: Drawing, frames: Iterator[Frame], *, traced: bool = False
) -> Iterator[Composited]:
    """Finish the output frames of a piece of work; ``frames`` yields the pictures of ``work.source``.

    ``traced``: each finished frame also holds the source's own and the mask, which take memory.
    """
    for stretch in work.stretches:
        if stretch.keys:
            yield from _Run(job, engine, stretch, work.window, traced=traced).finish(frames)
        else:
            for number in range(stretch.start, stretch.stop):
                frame = next(frames)
                before = frame if traced else None
                yield Composited(number=number, frame=frame, box=None, digest="", before=before)


class _Run:
    """The frames of one stretch, held only as long as something still needs them."""

    def __init__(
        self, job: RenderJob, engine: Engine, stretch: Stretch, window: Window, *, traced: bool
    ) -> None:
        self._job, self._engine, self._stretch, self._traced = job, engine, stretch, traced
        self._box = job.crops[int(job.shots(np.array([stretch.start]))[0])]
        self._window = _inside(window, self._box, job.preset.resize_factor)
        self._coming = iter(stretch.wanted())
        self._reached = -1  # the last frame taken off the reader
        self._frames: dict[int, Frame] = {}
        self._crops: dict[int, np.ndarray] = {}  # at full size
        self._notes: dict[int, np.ndarray] = {}
        self._drawn: dict[int, Drawn] = {}

    def finish(self, frames: Iterator[Frame]) -> Iterator[Composited]:
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
            frames=np.stack([self._small(number) for number in numbers]),
            landmarks=self._window.landmarks[self._window.rows(at)],
            time=job.timeline.times()[at],
            number=at,
            window=self._window,
            cues={name: values[at] for name, values in job.preparation.frames.items()},
            shared=job.preparation.shared,
            origin=(self._box.x0, self._box.y0),
            scale=1 / job.preset.resize_factor,
            notes=self._notes_around(numbers),
        )

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

    def _composite(self, number: int) -> Composited:
        picture, crop, small = self._frames[number], self._crops[number], self._small(number)
        drawn = self._drawn.get(number)
        after, mask = (drawn.picture, drawn.mask) if drawn else self._between(number, small)
        if self._job.preset.resize_factor > 1:
            after, mask = enlarge(crop, small, after, mask)
        frame = composite(picture, self._box, crop, after, mask)
        done = Composited(number=number, frame=frame, box=self._box, digest=crop_digest(frame, self._box))
        return replace(done, before=picture, mask=mask) if self._traced else done

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
