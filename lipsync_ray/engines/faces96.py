"""Engines whose network draws a face of 96 px in a box: Wav2Lip and LipGAN; what they do alike."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from lipsync_ray.engines.base import FaceBatch, FrameContext, Preparation, Resources, Scene
from lipsync_ray.engines.boxed import Boxed
from lipsync_ray.engines.facebox_settings import FaceBoxSettings
from lipsync_ray.engines.facecut import cut_faces
from lipsync_ray.engines.listening import heard, listen
from lipsync_ray.engines.pictures import network_faces, to_pictures
from lipsync_ray.neural.batching import Batches
from lipsync_ray.neural.runtime import Runtime

SIDE = 96  # px, of the network's faces


class Faces96(ABC):
    """Implements `engines.base.Engine`; a subclass names its network.

    A frame's picture depends on its own pixels, its sound and the landmarks of the frames over which the
    face's box is smoothed.

    Args:
        settings: where the box is.
        file: weight name of the network.
        resources: what engines draw with.
        hard: join whole rectangles, as the authors' scripts do.
    """

    name: str
    columns: int  # of the mel spectrogram, from the frame on: what the network hears
    context = FrameContext()

    def __init__(
        self, settings: FaceBoxSettings, file: str, resources: Resources, *, hard: bool = False
    ) -> None:
        self._resources = resources
        self._boxed = Boxed(settings, resources, hard=hard)
        self.landmark_margin = self._boxed.reach
        self._path = resources.weights.path(file)
        own = {file: resources.weights.digest(file)}
        self.weights: Mapping[str, str] = {**own, **self._boxed.weights}

    @abstractmethod
    def _load(self, path: Path) -> Any:
        """The network, called with sound ``[B,1,80,columns]`` and faces ``[B,6,96,96]``."""

    def _given(self, faces: np.ndarray) -> np.ndarray:
        """Faces ``uint8[N,96,96,3]`` as the network takes them, ``float32[N,6,96,96]``."""
        return network_faces(faces)

    @cached_property
    def _net(self) -> tuple[Runtime, Any, Batches]:
        runtime = Runtime(self._resources.compute, self._resources.threads)
        return runtime, runtime.place(self._load(self._path)), Batches(runtime.batch_size(cpu=8, gpu=128))

    def prepare(self, scene: Scene) -> Preparation:
        """The sound as the network hears it, and how little of the pictures it is enough to look at."""
        return replace(listen(scene), views=self._boxed.views(scene))

    def look(self, batch: FaceBatch) -> np.ndarray:
        """Nothing: landmarks tell all that is needed of neighbours."""
        return np.zeros((len(batch), 0), np.float32)

    def stabilize(self, batch: FaceBatch) -> FaceBatch:
        """The box of each face; these networks change no expression."""
        return replace(batch, stabilized=self._boxed.boxes(batch))

    def generate(self, batch: FaceBatch) -> FaceBatch:
        """Faces with the new mouth, ``uint8[N,96,96,3]`` RGB."""
        runtime, net, batches = self._net
        faces = self._given(cut_faces(batch.frames, batch.stabilized, SIDE))
        mel = heard(batch.shared["mel"], batch.cues["column"], self.columns)
        with runtime.inference():
            drawn = runtime.fetch(batches.run(net, runtime.send(mel), runtime.send(faces)))
        return replace(batch, generated=to_pictures(drawn))

    def enhance(self, batch: FaceBatch) -> FaceBatch:
        """Nothing: a restorer, if the job wants one, works on the joined face."""
        return batch

    def blend(self, batch: FaceBatch) -> FaceBatch:
        """Joins the mouth; sets ``output`` and ``mask``."""
        return self._boxed.join(batch, batch.generated, batch.stabilized)
