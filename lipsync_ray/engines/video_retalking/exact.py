"""The last steps of the authors' script, for ``engine.upstream_exact``: restored and joined their way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from torch import Tensor

from lipsync_ray.blend.laplacian import laplacian_blend
from lipsync_ray.blend.parsenet import ParseNet, load_parsenet
from lipsync_ray.engines.base import FaceBatch, Resources
from lipsync_ray.enhance.align import GFPGAN_TEMPLATE, SIDE, cut_aligned, fit_most, five_points, inverse
from lipsync_ray.enhance.restorers import Gfpgan, Gpen
from lipsync_ray.enhance.upstream import FoundFace, paste_square, put_back, put_target, restore
from lipsync_ray.neural.batching import Batches
from lipsync_ray.neural.runtime import Runtime

GFPGAN, GPEN, PARSER = "gfpgan_v1.3", "gpen", "parsenet"  # in the weights registry
FEATURES = (1, 2, 3, 4, 5, 6, 7, 10, 11, 12)  # ParseNet's classes from skin to brows, and the mouth
MOUTH = (10, 11, 12)

_LEVELS = 10  # of the pyramid at 512 px: its last level is a single pixel
_WHOLE = (0, SIDE, 0, SIDE)


class ExactFinish:
    """Restores references and drawn faces the authors' way.

    What differs from their script: a batch's crop stands for the whole frame, so the ways through 512 px
    blur a crop less than they blur a frame, and only the crop; and the landmarks of the source's face stand
    for what three detectors find in the pictures drawn from it. A frame's picture depends on it alone.

    Args:
        paths: weight files by name.
        resources: how networks compute.
        seed: of the noise in GFPGAN, fresh in every frame as in the script.
    """

    def __init__(self, paths: Mapping[str, Path], resources: Resources, seed: int) -> None:
        self._paths, self._resources, self._seed = paths, resources, seed

    @cached_property
    def _runtime(self) -> Runtime:
        return Runtime(self._resources.compute, self._resources.threads)

    @cached_property
    def _gfpgan(self) -> Gfpgan:
        return Gfpgan(self._paths[GFPGAN], self._runtime, self._seed)

    @cached_property
    def _gpen(self) -> Gpen:
        return Gpen(self._paths[GPEN], self._runtime)

    @cached_property
    def _parser(self) -> tuple[ParseNet, Batches]:
        return self._runtime.place(load_parsenet(self._paths[PARSER])), Batches(1)

    def references(self, heads: np.ndarray, landmarks: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        """Calm heads ``uint8[N,S,S,3]`` restored by GPEN, before they are cut for the lips.

        Args:
            heads: RGB.
            landmarks: ``[N,468,2]`` px of the heads.
            numbers: output frames ``int64[N]``.
        """
        made = []
        for head, face, number in zip(heads, landmarks, numbers, strict=True):

            def generate(aligned: np.ndarray, number: int = number) -> np.ndarray:
                return self._gpen.restore(aligned[None], np.array([number]), _WHOLE)[0]

            made.append(put_back(head, head, restore(head, [_found(face)], self._features, generate)))
        return np.stack(made)

    def finish(self, batch: FaceBatch, boxes: np.ndarray) -> FaceBatch:
        """Restore the pasted faces in ``output``, and join them; sets ``output`` and ``mask``.

        Args:
            batch: with whole drawn faces pasted over ``boxes``.
            boxes: ``[N,4]`` x0 y0 x1 y1, whole pixels.
        """
        assert batch.output is not None
        sharp = self._restored(batch.output, batch.landmarks, batch.number)
        rows = zip(batch.frames, batch.output, sharp, batch.landmarks, boxes, strict=True)
        output = np.stack([self._joined(*row) for row in rows])
        changed = (output != batch.frames).any(3)
        return replace(batch, output=output, mask=np.where(changed, 255, 0).astype(np.uint8))

    def _restored(self, pasted: np.ndarray, landmarks: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        """Whole pictures with GFPGAN's faces, through facexlib's soft square."""
        fits = [fit_most(five_points(face), GFPGAN_TEMPLATE) for face in landmarks]
        aligned = np.stack([cut_aligned(*each) for each in zip(pasted, fits, strict=True)])
        faces = self._gfpgan.restore(aligned, numbers, _WHOLE)
        rows = zip(pasted, faces, fits, strict=True)
        return np.stack([paste_square(picture, face, inverse(fit)) for picture, face, fit in rows])

    def _joined(
        self, frame: np.ndarray, pasted: np.ndarray, sharp: np.ndarray, face: np.ndarray, box: np.ndarray
    ) -> np.ndarray:
        top, bottom, left, right = inside = _clipped(box, frame.shape)
        if bottom <= top or right <= left:
            return pasted
        mouth = np.zeros(frame.shape[:2], np.float32)
        mouth[top:bottom, left:right] = self._mouth(sharp[top:bottom, left:right])
        mixed = blend_whole(sharp, pasted, mouth)
        return put_target(frame, restore(mixed, [_found(face)], self._features, None), inside)

    def _mouth(self, part: np.ndarray) -> np.ndarray:
        """A hard mask ``uint8[h,w]``, 0 or 1: of the mask that was enlarged, only what stayed full counts."""
        seen = _where(self._classes(cv2.resize(part, (SIDE, SIDE))), MOUTH)
        return cv2.resize(seen, (part.shape[1], part.shape[0])) // 255

    def _features(self, face: np.ndarray) -> np.ndarray:
        return _where(self._classes(face), FEATURES)

    def _classes(self, face: np.ndarray) -> np.ndarray:
        """ParseNet's class of each pixel of a face ``uint8[512,512,3]``."""
        net, batches = self._parser
        given = face[None].transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1

        def best(faces: Tensor) -> Tensor:
            return net(faces).argmax(1)

        with self._runtime.inference():
            return self._runtime.fetch(batches.run(best, self._runtime.send(given)))[0]


def blend_whole(new: np.ndarray, old: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Two pictures ``uint8[H,W,3]`` joined by a pyramid at 512 px: both go through that size, old pixels too.

    ``mask`` is ``float32[H,W]`` in 0..1, 1 where the new one is taken.
    """
    ours, theirs, weight = (cv2.resize(each, (SIDE, SIDE)) for each in (new, old, mask))
    blended = np.clip(laplacian_blend(ours, theirs, weight, _LEVELS), 0, 255)
    return cv2.resize(blended, (old.shape[1], old.shape[0])).astype(np.uint8)


def _found(landmarks: np.ndarray) -> FoundFace:
    points = landmarks[:, :2].astype(np.float64)
    return FoundFace(box=np.concatenate([points.min(0), points.max(0)]), landmarks=five_points(landmarks))


def _where(classes: np.ndarray, wanted: tuple[int, ...]) -> np.ndarray:
    return np.where(np.isin(classes, wanted), 255, 0).astype(np.uint8)


def _clipped(box: np.ndarray, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """A box (x0 y0 x1 y1) inside the picture, as top, bottom, left, right."""
    x0, y0, x1, y1 = (int(edge) for edge in box)
    return max(y0, 0), min(y1, shape[0]), max(x0, 0), min(x1, shape[1])
