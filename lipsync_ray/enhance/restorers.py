"""GFPGAN and GPEN as restorers: pictures in, pictures out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from torch import Tensor

from lipsync_ray.enhance.align import GFPGAN_TEMPLATE, GPEN_TEMPLATE
from lipsync_ray.enhance.base import Part
from lipsync_ray.enhance.gfpgan_decoder import NOISES
from lipsync_ray.enhance.gfpgan_net import load_gfpgan
from lipsync_ray.enhance.gpen_net import load_gpen
from lipsync_ray.neural.batching import Batches
from lipsync_ray.neural.noise import frame_noise
from lipsync_ray.neural.runtime import Runtime

_GPU_BATCH = 8


class Gfpgan:
    """GFPGAN 1.2 to 1.4.

    Args:
        path: the file.
        runtime: how it computes.
        seed: of fresh noise in every frame; None: the noise of the file, the same in all.
    """

    template = GFPGAN_TEMPLATE

    def __init__(self, path: Path, runtime: Runtime, seed: int | None) -> None:
        self._runtime, self._seed = runtime, seed
        self._net = runtime.place(load_gfpgan(path))
        self._batches = Batches(runtime.batch_size(cpu=1, gpu=_GPU_BATCH))

    def restore(self, faces: np.ndarray, numbers: np.ndarray, part: Part) -> np.ndarray:
        """A part of the restored faces; clamped and rounded, as GFPGAN's own helper does."""
        runtime = self._runtime
        drawn = [] if self._seed is None else frame_noise(self._seed, numbers, NOISES)
        noise = [runtime.send(maps) for maps in drawn]

        def run(face: Tensor, *maps: Tensor) -> Tensor:
            return self._net(face, list(maps) or None, part)

        with runtime.inference():
            made = runtime.fetch(self._batches.run(run, runtime.send(_given(faces)), *noise))
        return np.rint(_levels(made)).astype(np.uint8)


class Gpen:
    """GPEN-BFR-512.

    Args:
        path: the file.
        runtime: how it computes.
    """

    template = GPEN_TEMPLATE

    def __init__(self, path: Path, runtime: Runtime) -> None:
        self._runtime = runtime
        self._net = runtime.place(load_gpen(path))
        self._batches = Batches(runtime.batch_size(cpu=1, gpu=_GPU_BATCH))

    def restore(self, faces: np.ndarray, numbers: np.ndarray, part: Part) -> np.ndarray:
        """A part of the restored faces; clipped and truncated, as GPEN's own code does."""
        runtime = self._runtime

        def run(face: Tensor) -> Tensor:
            return self._net(face, part)

        with runtime.inference():
            made = runtime.fetch(self._batches.run(run, runtime.send(_given(faces))))
        return _levels(made).astype(np.uint8)


def _given(faces: np.ndarray) -> np.ndarray:
    """Pictures as both networks see them, ``float32[N,3,512,512]`` in -1..1."""
    return faces.transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1


def _levels(made: np.ndarray) -> np.ndarray:
    """What they make, as levels ``float32[N,h,w,3]`` 0..255."""
    return ((np.clip(made, -1, 1) + 1) * 127.5).transpose(0, 2, 3, 1)
