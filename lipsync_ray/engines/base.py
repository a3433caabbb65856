"""What an engine is: data that travels through it, and the contract of its stages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

from lipsync_ray.fingerprint import fingerprint

if TYPE_CHECKING:
    from lipsync_ray.blend.settings import BlendSettings
    from lipsync_ray.engines.canvas import Canvas
    from lipsync_ray.engines.unit_selection.canonical import Reference
    from lipsync_ray.enhance.settings import EnhanceSettings
    from lipsync_ray.faces.select import TargetFaces
    from lipsync_ray.faces.track import FaceScan
    from lipsync_ray.media.frame import Box
    from lipsync_ray.media.index import FrameTable
    from lipsync_ray.media.timeline import Timeline
    from lipsync_ray.neural.settings import ComputeSettings
    from lipsync_ray.speech.driving import Driving
    from lipsync_ray.weights.store import WeightStore


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameContext:
    """Output frames around a frame that an engine needs to draw it.

    Those ``before`` and ``after`` it are decoded with every chunk and shown to ``Engine.look``, so that a
    frame comes out the same wherever the job is cut. ``fade`` is for engines that carry something from frame
    to frame all the same: so many frames are then drawn by both neighbours and cross-faded.
    """

    before: int = 0
    after: int = 0
    fade: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What engines draw with: weight files, the device of networks, how to sharpen and how to join."""

    weights: WeightStore
    compute: ComputeSettings
    enhance: EnhanceSettings
    blend: BlendSettings
    threads: int = 1  # of a worker's arithmetic


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Everything an engine may look at before rendering starts: the whole job, but no picture in memory.

    ``fetch(frames, boxes)`` decodes source frames (any order) and returns their RGB crops,
    ``uint8[h,w,3]`` each, in the order asked for; it is meant for one harvest, not for the whole video.
    """

    table: FrameTable
    timeline: Timeline
    scan: FaceScan
    target: TargetFaces
    crops: Mapping[int, Box]  # union crop by shot, upright source pixels
    speech: Driving  # asked once, with the measured mouth: the wanted mouth at each output frame
    times: np.ndarray  # float64[T] s, time of each output frame
    reference: Reference | None = None  # the target's median face, if it is known already
    fetch: Callable[[np.ndarray, list[Box]], list[np.ndarray]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """What an engine decided for the whole job: ``shared`` for every chunk, ``frames`` by output frame.

    Both must pickle; each array of ``frames`` has one row per output frame and is cut per chunk.
    ``report`` is for people and changes no picture: what JSON can hold, told beside the output. ``views``
    names for some shots the part of the scene's crop that is enough to draw in: it is all that the engine
    is then shown.
    """

    shared: Mapping[str, Any] = field(default_factory=dict)
    frames: Mapping[str, np.ndarray] = field(default_factory=dict)
    report: Mapping[str, Any] = field(default_factory=dict)
    views: Mapping[int, Box] = field(default_factory=dict)  # upright source pixels

    def digest(self) -> str:
        """Hash of all but ``report``: equal preparations render equal pictures."""
        return fingerprint(self.shared, self.frames, self.views)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Landmarks of a stretch of output frames, a margin wider than the batches cut from it.

    ``memo`` is the engine's: what it works out for one batch and needs for the next ones. A window has one
    engine and one preparation.
    """

    start: int  # output frame of row 0
    landmarks: np.ndarray  # float32[M,L,3] px of the crop, raw; NaN = absent
    breaks: np.ndarray  # bool[M], True: nothing may be smoothed between this row and the one before
    memo: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def rows(self, number: np.ndarray) -> np.ndarray:
        """Row of each output frame ``int64[N]``."""
        return number - self.start

    def part(self, start: int, stop: int) -> Window:
        """The rows of output frames ``[start, stop)``, as far as there are any."""
        rows = slice(max(0, start - self.start), max(0, stop - self.start))
        return Window(start=max(start, self.start), landmarks=self.landmarks[rows], breaks=self.breaks[rows])


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """What an engine noted of a stretch of output frames when it looked at them, see ``Engine.look``."""

    start: int  # output frame of row 0
    rows: np.ndarray  # float32[M,K]; NaN: not looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceBatch:
    """Crops of one shot's face on their way through an engine.

    ``output`` and ``mask`` are what counts in the end: where ``mask`` is 0 the source's own pixel stays.
    """

    frames: np.ndarray  # uint8[N,H,W,3] RGB, the shot's union crop or the view of it
    landmarks: np.ndarray  # float32[N,L,3] px of the crop
    time: np.ndarray  # float64[N] s, output time
    number: np.ndarray  # int64[N] output frame numbers, ascending
    window: Window
    cues: Mapping[str, np.ndarray]  # the preparation's rows of these frames
    shared: Mapping[str, Any]  # the preparation's shared part
    origin: tuple[float, float] = (0.0, 0.0)  # px of the upright source picture, where the crop begins
    scale: float = 1.0  # px of the crop for each pixel of the source
    notes: Notes | None = None  # of these frames and the engine's context; None: it asked for no context
    stabilized: Any = None
    generated: Any = None
    enhanced: Any = None
    output: np.ndarray | None = None  # uint8[N,H,W,3]
    mask: np.ndarray | None = None  # uint8[N,H,W], 0 = untouched, 255 = all new

    def __len__(self) -> int:
        return len(self.frames)

    def take(self, rows: np.ndarray) -> FaceBatch:
        """The batch of some rows only (before any stage has run); itself where that is all of them."""
        if np.array_equal(rows, np.arange(len(self))):
            return self
        cues = {name: values[rows] for name, values in self.cues.items()}
        return replace(
            self,
            frames=self.frames[rows],
            landmarks=self.landmarks[rows],
            time=self.time[rows],
            number=self.number[rows],
            cues=cues,
        )


class Engine(Protocol):
    """Turns crops of a speaking face into the same face saying something else.

    Stages run in order on every batch; each returns the batch with its own fields filled.
    Frames whose landmarks are NaN never reach an engine.
    """

    name: str
    context: FrameContext
    landmark_margin: int  # rows of landmarks wanted on each side of a frame, in ``Window``
    weights: Mapping[str, str]  # SHA-256 by name of each weight file in use; empty: no networks

    def prepare(self, scene: Scene) -> Preparation:
        """Decide, on the driver and for the whole job, what every chunk must agree on."""
        ...

    def look(self, batch: FaceBatch) -> np.ndarray:
        """Notes on frames that neighbours will need, ``float32[N,K]``; only asked for if there is context."""
        ...

    def stabilize(self, batch: FaceBatch) -> FaceBatch:
        """Bring the faces to a common pose or expression."""
        ...

    def generate(self, batch: FaceBatch) -> FaceBatch:
        """Make the new mouth."""
        ...

    def enhance(self, batch: FaceBatch) -> FaceBatch:
        """Sharpen what was made."""
        ...

    def blend(self, batch: FaceBatch) -> FaceBatch:
        """Set ``output`` and ``mask``: the new mouth in the frame's own face."""
        ...


@runtime_checkable
class Painter(Protocol):
    """An engine that can also draw on canvases, where a frame's own pixels need not become RGB to be moved.

    It is asked to where its pictures are wanted as they are: at full size, every frame, without a restorer.
    """

    def paint(self, batch: FaceBatch, canvases: Sequence[Canvas]) -> None:
        """Draw each frame of a batch on its canvas; ``frames`` has no channels then, only a size."""
        ...


def look(engine: Engine, batch: FaceBatch) -> dict[int, np.ndarray]:
    """An engine's notes by output frame, of the frames that have landmarks."""
    usable = np.flatnonzero(np.isfinite(batch.landmarks[:, 0, 0]))
    if not len(usable):
        return {}
    rows = engine.look(batch.take(usable))
    return dict(zip(batch.number[usable].tolist(), rows, strict=True))


def paint(engine: Painter, batch: FaceBatch, canvases: Sequence[Canvas]) -> None:
    """Draw a batch on canvases; one of a frame without landmarks stays as it is."""
    usable = np.flatnonzero(np.isfinite(batch.landmarks[:, 0, 0]))
    if len(usable):
        engine.paint(batch.take(usable), [canvases[row] for row in usable.tolist()])


def run_stages(engine: Engine, batch: FaceBatch) -> tuple[np.ndarray, np.ndarray]:
    """Render a batch: RGB ``uint8[N,H,W,3]`` and mask ``uint8[N,H,W]``.

    A frame without landmarks keeps its own pixels and a mask of zeros, whatever the engine does.
    """
    usable = np.flatnonzero(np.isfinite(batch.landmarks[:, 0, 0]))
    if not len(usable):
        return batch.frames, np.zeros(batch.frames.shape[:3], np.uint8)
    done = engine.blend(engine.enhance(engine.generate(engine.stabilize(batch.take(usable)))))
    if done.output is None or done.mask is None:
        raise TypeError(f"engine {engine.name} returned no picture: output and mask must be set by blend")
    if len(usable) == len(batch):
        return done.output, done.mask
    output, mask = batch.frames.copy(), np.zeros(batch.frames.shape[:3], np.uint8)
    output[usable], mask[usable] = done.output, done.mask
    return output, mask
