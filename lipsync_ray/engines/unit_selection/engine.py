"""The default engine: a person's own mouth pictures, chosen, warped and joined into their own footage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from lipsync_ray.engines.base import FaceBatch, FrameContext, Preparation, Resources, Scene
from lipsync_ray.engines.canvas import Canvas, RgbCanvas
from lipsync_ray.engines.unit_selection.basis import move
from lipsync_ray.engines.unit_selection.descriptor import A, describe
from lipsync_ray.engines.unit_selection.patch import OPENED, Mesh, triangulate
from lipsync_ray.engines.unit_selection.person import Person
from lipsync_ray.engines.unit_selection.settings import UnitSelectionSettings
from lipsync_ray.engines.unit_selection.shape_target import SMOOTHING_REACH
from lipsync_ray.engines.unit_selection.stages import Layers, draw_layers, join, plan_frames


def mesh_of(person: Person) -> Mesh:
    """Triangles about a person's mouth, made on their median face with the mouth open."""
    shape = person.reference.shape[None]
    delta = np.zeros((1, 6))
    delta[0, A] = OPENED - describe(shape, person.nose_y)[0, A]
    return triangulate(move(shape, delta, person.basis, person.nose_y)[0])


class UnitSelection:
    """Implements `engines.base.Painter` without a neural network: see the modules beside this one.

    A frame's picture depends on its own pixels, its cues and the landmarks of four rows on each side, so
    chunks need no overlap.
    """

    name = "unit_selection"
    context = FrameContext()
    landmark_margin = SMOOTHING_REACH
    weights: ClassVar[Mapping[str, str]] = MappingProxyType({})

    def __init__(
        self, settings: UnitSelectionSettings | None = None, resources: Resources | None = None
    ) -> None:
        self.settings = settings or UnitSelectionSettings()

    def prepare(self, scene: Scene) -> Preparation:
        """Person, units and the path through them; adds the triangles that all workers share."""
        from lipsync_ray.engines.unit_selection.prepare import prepare

        made = prepare(scene, self.settings)
        return replace(made, shared={**made.shared, "mesh": mesh_of(made.shared["person"])})

    def look(self, batch: FaceBatch) -> np.ndarray:
        """Nothing: landmarks tell all that is needed of neighbours."""
        return np.zeros((len(batch), 0), np.float32)

    def stabilize(self, batch: FaceBatch) -> FaceBatch:
        """Canonical shapes and target landmarks."""
        return replace(batch, stabilized=plan_frames(batch, batch.shared["person"], batch.shared["units"]))

    def generate(self, batch: FaceBatch) -> FaceBatch:
        """Warped base and mouth of each frame."""
        canvases = [RgbCanvas(frame) for frame in batch.frames]
        return replace(batch, generated=(canvases, _layers(batch, canvases)))

    def enhance(self, batch: FaceBatch) -> FaceBatch:
        """Nothing to sharpen: the pixels are the person's own."""
        return batch

    def blend(self, batch: FaceBatch) -> FaceBatch:
        """Mask, colour and contact line; sets ``output`` and ``mask``."""
        canvases, layers = batch.generated
        _join(batch, canvases, layers)
        output, mask = (np.stack([getattr(each, name) for each in canvases]) for name in ("picture", "mask"))
        return replace(batch, output=output, mask=mask)

    def paint(self, batch: FaceBatch, canvases: Sequence[Canvas]) -> None:
        """All stages, on canvases: see `engines.base.Painter`."""
        batch = self.stabilize(batch)
        _join(batch, canvases, _layers(batch, canvases))


def _layers(batch: FaceBatch, canvases: Sequence[Canvas]) -> list[Layers | None]:
    person, units, mesh = (batch.shared[name] for name in ("person", "units", "mesh"))
    return [
        None if plan is None else draw_layers(canvas, plan, person, units, mesh)
        for canvas, plan in zip(canvases, batch.stabilized, strict=True)
    ]


def _join(batch: FaceBatch, canvases: Sequence[Canvas], layers: Sequence[Layers | None]) -> None:
    for canvas, plan, parts in zip(canvases, batch.stabilized, layers, strict=True):
        if plan is not None and parts is not None:
            join(canvas, plan, parts)
