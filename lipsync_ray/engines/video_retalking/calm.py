"""Faces with another expression and the same pose: D-Net, told what a window of frames looks like in 3-D."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np
from torch import Tensor

from lipsync_ray.engines.base import FaceBatch, Resources
from lipsync_ray.engines.facecut import cut_faces, put_face
from lipsync_ray.engines.video_retalking.coefficients import frame_rows, motion_rows, windows
from lipsync_ray.engines.video_retalking.crop import face_rectangles, into_square
from lipsync_ray.engines.video_retalking.dnet import DNet, load_dnet
from lipsync_ray.engines.video_retalking.exact import ExactFinish
from lipsync_ray.engines.video_retalking.face3d import Face3dNet, load_face3d
from lipsync_ray.engines.video_retalking.fit3dmm import face3d_pictures
from lipsync_ray.engines.video_retalking.matfiles import read_model_points
from lipsync_ray.engines.video_retalking.points68 import points68
from lipsync_ray.enhance.retouch import Enhancer, load_enhancer
from lipsync_ray.neural.batching import Batches
from lipsync_ray.neural.runtime import Runtime

SIDE = 256  # px, of D-Net's pictures


class Calmer:
    """Gives the faces of a batch the expression of a template.

    Args:
        paths: weight files by name.
        resources: how networks compute.
        restore: sharpen the calm faces, as the authors do; their lips are drawn over, so it shows little.
        exact: what does it exactly as they do, faults and all; None: as this pipeline sharpens mouths.
    """

    reach = 12  # frames on each side over which the square around the head is held steady

    def __init__(
        self,
        paths: Mapping[str, Path],
        resources: Resources,
        *,
        restore: bool = False,
        exact: ExactFinish | None = None,
    ) -> None:
        self._paths, self._resources, self._restore = paths, resources, restore
        self._exact = exact

    @cached_property
    def _runtime(self) -> Runtime:
        return Runtime(self._resources.compute, self._resources.threads)

    @cached_property
    def _model(self) -> np.ndarray:
        return read_model_points(self._paths["vrt_bfm"])

    @cached_property
    def _measuring(self) -> tuple[Face3dNet, Batches]:
        net = self._runtime.place(load_face3d(self._paths["vrt_face3d"]))
        return net, Batches(self._runtime.batch_size(cpu=4, gpu=32))

    @cached_property
    def _drawing(self) -> tuple[DNet, Batches]:
        net = self._runtime.place(load_dnet(self._paths["vrt_dnet"]))
        return net, Batches(self._runtime.batch_size(cpu=1, gpu=16))

    @cached_property
    def _enhancer(self) -> Enhancer:
        settings = replace(self._resources.enhance, region="face", strength=1.0)
        resources = self._resources
        return load_enhancer(settings, resources.blend, "gpen", resources.weights, self._runtime)

    def coefficients(self, batch: FaceBatch) -> np.ndarray:
        """What D-Net is told of each frame, ``float32[N,73]``."""
        rectangles = self._rectangles(batch)
        heads = cut_faces(batch.frames, rectangles, SIDE)
        return self.measure(heads, into_square(points68(batch.landmarks), rectangles, SIDE))

    def measure(self, heads: np.ndarray, points: np.ndarray) -> np.ndarray:
        """The same of heads ``uint8[N,256,256,3]`` RGB with their 68 landmarks ``[N,68,2]``."""
        net, batches = self._measuring
        pictures, placed = face3d_pictures(heads, points, self._model)
        with self._runtime.inference():
            given = self._runtime.send(pictures.transpose(0, 3, 1, 2).astype(np.float32) / 255)
            found = self._runtime.fetch(batches.run(net, given))
        return motion_rows(frame_rows(found, placed))

    def calm(self, batch: FaceBatch) -> np.ndarray:
        """The frames with calm faces in them, ``uint8[N,H,W,3]``."""
        rectangles = self._rectangles(batch)
        heads = self._drawn(cut_faces(batch.frames, rectangles, SIDE), self._windows(batch))
        if self._exact is not None:
            placed = into_square(batch.landmarks[..., :2], rectangles, SIDE)
            heads = self._exact.references(heads, placed, batch.number)
        calm = np.stack([put_face(*each) for each in zip(batch.frames, heads, rectangles, strict=True)])
        if self._exact is not None or not self._restore:
            return calm
        everywhere = np.full(calm.shape[:3], 255, np.uint8)
        return self._enhancer.retouch(calm, batch.landmarks, batch.number, everywhere)

    def _rectangles(self, batch: FaceBatch) -> np.ndarray:
        window = batch.window
        found = face_rectangles(window.landmarks, window.breaks, self.reach)
        return found[window.rows(batch.number)]

    def _windows(self, batch: FaceBatch) -> np.ndarray:
        """Windows ``float32[N,73,26]``; all notes are of one run, which ends where nothing was noted."""
        assert batch.notes is not None
        known = np.flatnonzero(np.isfinite(batch.notes.rows[:, 0]))
        first, last = int(known[0]), int(known[-1])
        rows = batch.notes.rows[first : last + 1]
        at = batch.number - batch.notes.start - first
        made = windows(
            rows,
            np.zeros(len(rows), bool),
            int(at[0]),
            int(at[-1] - at[0]) + 1,
            expression=batch.shared["expression"],
        )
        return made[at - at[0]]

    def _drawn(self, heads: np.ndarray, told: np.ndarray) -> np.ndarray:
        net, batches = self._drawing

        def run(head: Tensor, window: Tensor) -> Tensor:
            return net(head, window).fake_image

        given = heads.transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1
        with self._runtime.inference():
            made = self._runtime.fetch(batches.run(run, self._runtime.send(given), self._runtime.send(told)))
        return ((np.clip(made, -1, 1) + 1) / 2 * 255).astype(np.uint8).transpose(0, 2, 3, 1)
