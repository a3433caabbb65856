"""Any engine with a restorer of faces behind it."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from lipsync_ray.engines.base import Engine, FaceBatch, Preparation, Resources, Scene
from lipsync_ray.errors import DependencyMissing

if TYPE_CHECKING:
    from lipsync_ray.enhance.retouch import Enhancer


class Enhanced:
    """An engine whose mouths are sharpened after they were joined; all else is the engine's own.

    Args:
        inner: the engine.
        restorer: ``gfpgan``, ``gpen`` or ``both``.
        resources: where the restorer's weights are, and how it is used.
    """

    def __init__(self, inner: Engine, restorer: str, resources: Resources) -> None:
        from lipsync_ray.enhance.settings import weights_of

        if importlib.util.find_spec("torch") is None:  # told now, not by the first worker that draws
            raise DependencyMissing(f"enhance.name={restorer} needs torch: pip install 'lipsync-ray[neural]'")
        self.inner = inner
        self.name = inner.name
        self.context = inner.context
        self.landmark_margin = inner.landmark_margin
        self._restorer, self._resources = restorer, resources
        files = weights_of(restorer, resources.enhance)
        for file in files:
            resources.weights.path(file)
        digests = {file: resources.weights.digest(file) for file in files}
        self.weights: Mapping[str, str] = {**inner.weights, **digests}

    @cached_property
    def _enhancer(self) -> Enhancer:
        from lipsync_ray.enhance.retouch import load_enhancer
        from lipsync_ray.neural.runtime import Runtime

        resources = self._resources
        runtime = Runtime(resources.compute, resources.threads)
        return load_enhancer(resources.enhance, resources.blend, self._restorer, resources.weights, runtime)

    def prepare(self, scene: Scene) -> Preparation:
        """The engine's own, but shown the whole crop: restorers were trained on whole heads."""
        return replace(self.inner.prepare(scene), views={})

    def look(self, batch: FaceBatch) -> np.ndarray:
        """The engine's own."""
        return self.inner.look(batch)

    def stabilize(self, batch: FaceBatch) -> FaceBatch:
        """The engine's own."""
        return self.inner.stabilize(batch)

    def generate(self, batch: FaceBatch) -> FaceBatch:
        """The engine's own."""
        return self.inner.generate(batch)

    def enhance(self, batch: FaceBatch) -> FaceBatch:
        """The engine's own; the restorer needs the joined face and comes last."""
        return self.inner.enhance(batch)

    def blend(self, batch: FaceBatch) -> FaceBatch:
        """The engine's own joint, then the restorer: inside its mask, or in all of the face.

        ``enhance.region`` tells which; the mask grows by what the restorer changed outside it.
        """
        joined = self.inner.blend(batch)
        if joined.output is None or joined.mask is None:
            return joined
        wide = self._resources.enhance.region == "face"
        region = np.full_like(joined.mask, 255) if wide else joined.mask
        output = self._enhancer.retouch(joined.output, batch.landmarks, batch.number, region)
        changed = (output != joined.output).any(3).view(np.uint8) * 255
        return replace(joined, output=output, mask=np.maximum(joined.mask, changed))
