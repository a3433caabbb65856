"""Another expression of the upper face, by GANimation: only its change is added to the source."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from torch import Tensor

from lipsync_ray.engines.base import FaceBatch, Resources
from lipsync_ray.engines.facecut import cut_faces
from lipsync_ray.engines.video_retalking.ganimation import ACTION_UNITS, GANimation, load_ganimation
from lipsync_ray.neural.batching import Batches
from lipsync_ray.neural.runtime import Runtime

SIDE = 128  # px, of the network's faces
LOWEST = 0.5  # of the box's height: below it the mouth begins
EDGE = 0.12  # of the box's side, over which the change fades in


class UpperFace:
    """Edits brows and eyes towards a named expression.

    Args:
        expression: ``sad``, ``angry`` or ``surprise``.
        path: GANimation's weights.
        resources: how networks compute.
    """

    def __init__(self, expression: str, path: Path, resources: Resources) -> None:
        self._units = np.array(ACTION_UNITS[expression], np.float32)
        self._path, self._resources = path, resources
        self._mask = _upper_mask()

    @cached_property
    def _net(self) -> tuple[Runtime, GANimation, Batches]:
        runtime = Runtime(self._resources.compute, self._resources.threads)
        return runtime, runtime.place(load_ganimation(self._path)), Batches(runtime.batch_size(cpu=1, gpu=16))

    def edit(self, batch: FaceBatch, boxes: np.ndarray) -> FaceBatch:
        """Add the edited upper faces to ``output`` and ``mask``; ``boxes`` are ``float64[N,4]``."""
        assert batch.output is not None
        assert batch.mask is not None
        faces = cut_faces(batch.frames, boxes, SIDE)
        changes = self._changes(faces) * self._mask[..., None]
        output, mask = batch.output.copy(), batch.mask.copy()
        for row, (change, box) in enumerate(zip(changes, boxes, strict=True)):
            wide = _spread(change * batch.cues["strength"][row], box, output.shape[1:3])
            changed = np.abs(wide).max(2) >= 0.5
            new = np.clip(np.rint(output[row] + wide), 0, 255).astype(np.uint8)
            output[row] = np.where(changed[..., None], new, output[row])
            mask[row] = np.maximum(mask[row], changed.view(np.uint8) * 255)
        return replace(batch, output=output, mask=mask)

    def _changes(self, faces: np.ndarray) -> np.ndarray:
        """Edited minus own faces, ``float32[N,128,128,3]`` RGB levels."""
        runtime, net, batches = self._net
        # The authors feed BGR in -1..1, as everywhere behind their reader.
        own = faces[..., ::-1].transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1
        units = np.tile(self._units, (len(faces), 1))

        def run(face: Tensor, wanted: Tensor) -> Tensor:
            return net.edit(face, wanted)

        with runtime.inference():
            made = runtime.fetch(batches.run(run, runtime.send(own), runtime.send(units)))
        return ((made - own) * 127.5)[:, ::-1].transpose(0, 2, 3, 1)


def _upper_mask() -> np.ndarray:
    """Weight ``float32[128,128]``: 1 around eyes and brows, 0 at the box's edges and from the mouth on."""
    at = (np.arange(SIDE) + 0.5) / SIDE
    across = np.clip(np.minimum(at, 1 - at) / EDGE, 0, 1)
    down = np.clip(np.minimum(at, LOWEST - at) / EDGE, 0, 1)
    return np.outer(down, across).astype(np.float32)


def _spread(change: np.ndarray, box: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """A change of the box's picture as one of the whole crop, ``float32[H,W,3]``."""
    scale = SIDE / (box[2:] - box[:2])
    shift = (0.5 - box[:2]) * scale - 0.5
    matrix = np.array([[scale[0], 0, shift[0]], [0, scale[1], shift[1]]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(np.ascontiguousarray(change), matrix, (shape[1], shape[0]), flags=flags)
