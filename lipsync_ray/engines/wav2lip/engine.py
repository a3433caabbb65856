"""Wav2Lip in this pipeline: boxes from the landmarks, one batch after the other, only the mouth is joined."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from lipsync_ray.engines.base import FaceBatch, FrameContext, Preparation, Resources, Scene
from lipsync_ray.engines.boxed import Boxed
from lipsync_ray.engines.facecut import cut_faces
from lipsync_ray.engines.listening import heard, listen
from lipsync_ray.engines.pictures import network_faces, to_pictures
from lipsync_ray.engines.wav2lip.settings import Wav2LipSettings
from lipsync_ray.neural.batching import Batches
from lipsync_ray.neural.runtime import Runtime

SIDE = 96  # px, of the network's faces
COLUMNS = 16  # of the mel spectrogram: 0.2 s from the frame on


class Wav2Lip:
    """Implements `engines.base.Engine` with the published generator.

    A frame's picture depends on its own pixels, its sound and the landmarks of the frames over which the
    face's box is smoothed.
    """

    name = "wav2lip"
    context = FrameContext()

    def __init__(self, settings: Wav2LipSettings, resources: Resources) -> None:
        self._resources = resources
        self._boxed = Boxed(settings, resources, hard=settings.upstream_exact)
        self.landmark_margin = self._boxed.reach
        self._file = settings.checkpoint
        self._path = resources.weights.path(self._file)
        own = {self._file: resources.weights.digest(self._file)}
        self.weights: Mapping[str, str] = {**own, **self._boxed.weights}

    @cached_property
    def _net(self) -> tuple[Runtime, Any, Batches]:
        from lipsync_ray.engines.wav2lip.generator import load_generator

        runtime = Runtime(self._resources.compute, self._resources.threads)
        net = runtime.place(load_generator(self._path))
        return runtime, net, Batches(runtime.batch_size(cpu=8, gpu=128))

    def prepare(self, scene: Scene) -> Preparation:
        """The sound as the network hears it."""
        return listen(scene)

    def look(self, batch: FaceBatch) -> np.ndarray:
        """Nothing: landmarks tell all that is needed of neighbours."""
        return np.zeros((len(batch), 0), np.float32)

    def stabilize(self, batch: FaceBatch) -> FaceBatch:
        """The box of each face; Wav2Lip changes no expression."""
        return replace(batch, stabilized=self._boxed.boxes(batch))

    def generate(self, batch: FaceBatch) -> FaceBatch:
        """Faces with the new mouth, ``uint8[N,96,96,3]`` RGB."""
        runtime, net, batches = self._net
        faces = cut_faces(batch.frames, batch.stabilized, SIDE)
        mel = heard(batch.shared["mel"], batch.cues["column"], COLUMNS)
        with runtime.inference():
            made = batches.run(net, runtime.send(mel), runtime.send(network_faces(faces)))
            drawn = runtime.fetch(made)
        return replace(batch, generated=to_pictures(drawn))

    def enhance(self, batch: FaceBatch) -> FaceBatch:
        """Nothing: a restorer, if the job wants one, works on the joined face."""
        return batch

    def blend(self, batch: FaceBatch) -> FaceBatch:
        """Joins the mouth; sets ``output`` and ``mask``."""
        return self._boxed.join(batch, batch.generated, batch.stabilized)
