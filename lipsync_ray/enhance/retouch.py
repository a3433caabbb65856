"""Sharpening the mouths of frames that carry new ones: aligned, restored, joined inside the mouth alone."""

from __future__ import annotations

import cv2
import numpy as np

from lipsync_ray.blend.laplacian import blend_crop
from lipsync_ray.blend.masks import face_height, face_mask, lips_mask
from lipsync_ray.blend.settings import BlendSettings
from lipsync_ray.enhance.align import SIDE, cut_smoothly, fit_similarity, five_points
from lipsync_ray.enhance.base import Part, Restorer
from lipsync_ray.enhance.restorers import Gfpgan, Gpen
from lipsync_ray.enhance.settings import EnhanceSettings
from lipsync_ray.enhance.tiles import restore_tiles
from lipsync_ray.neural.runtime import Runtime
from lipsync_ray.weights.store import WeightStore

# Rows and columns of an aligned face in which a mouth lies, however it opens. Always the same part: what is
# computed for a frame must not depend on the frames beside it.
MOUTH: Part = (296, 488, 144, 368)
FACE: Part = (0, SIDE, 0, SIDE)
LARGE = 1.5  # pixels of a frame for one of the aligned face from which tiles add detail


class Enhancer:
    """Restorers, and how their faces are put into frames.

    Args:
        restorers: run one after the other.
        settings: strength, region, tiles.
        blend: how the restored mouth is joined.
    """

    def __init__(self, restorers: list[Restorer], settings: EnhanceSettings, blend: BlendSettings) -> None:
        self._restorers, self._settings, self._blend = restorers, settings, blend

    def retouch(
        self, frames: np.ndarray, landmarks: np.ndarray, numbers: np.ndarray, region: np.ndarray
    ) -> np.ndarray:
        """Sharpened frames ``uint8[N,H,W,3]``; pixels where ``region`` is 0 stay as they are.

        Args:
            frames: RGB ``uint8[N,H,W,3]`` with the new mouths.
            landmarks: ``float32[N,468,3]`` px.
            numbers: output frames ``int64[N]``.
            region: ``uint8[N,H,W]``, where anything may change.
        """
        # A face much smaller than the restorers' would be drawn at 512 px and shrunk again: nothing is left
        # of it, so small faces skip alignment and network.
        large = [row for row, face in enumerate(landmarks) if face_height(face) >= self._settings.min_face]
        out = frames.copy()
        if not large or self._settings.strength == 0:
            return out
        for restorer in self._restorers:
            out[large] = self._pass(restorer, out[large], landmarks[large], numbers[large], region[large])
        return out

    def _pass(
        self,
        restorer: Restorer,
        frames: np.ndarray,
        landmarks: np.ndarray,
        numbers: np.ndarray,
        region: np.ndarray,
    ) -> np.ndarray:
        fits = [fit_similarity(five_points(face), restorer.template) for face in landmarks]
        faces = np.stack(
            [cut_smoothly(f, matrix, scale) for f, (matrix, scale) in zip(frames, fits, strict=True)]
        )
        part = FACE if self._settings.region == "face" else MOUTH
        restored = restorer.restore(faces, numbers, part)
        out = frames.copy()
        for row, (matrix, scale) in enumerate(fits):
            mask = np.minimum(self._mask(landmarks[row], frames.shape[1:3]), region[row])
            put = _put(frames[row], restored[row], matrix, part)
            if self._settings.tiles == "auto" and scale * LARGE < 1:
                put = restore_tiles(restorer, frames[row], put, mask, int(numbers[row]), 1 / scale)
            out[row] = self._joined(put, frames[row], mask)
        return out

    def _mask(self, face: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        kind = face_mask if self._settings.region == "face" else lips_mask
        return kind(face, (shape[0], shape[1]), self._blend)

    def _joined(self, new: np.ndarray, old: np.ndarray, mask: np.ndarray) -> np.ndarray:
        weight = mask * np.float32(self._settings.strength / 255)
        return np.where(mask[..., None] > 0, blend_crop(new, old, weight, self._blend.levels), old)


def _put(frame: np.ndarray, restored: np.ndarray, matrix: np.ndarray, part: Part) -> np.ndarray:
    """The frame with a part of an aligned face back in its place."""
    top, bottom, left, right = part
    shifted = matrix.astype(np.float64)
    shifted[:, 2] -= (left, top)
    size = (frame.shape[1], frame.shape[0])
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    # A frame larger than the face magnifies it, a smaller one averages it down first.
    shrink = max(1.0, float(np.linalg.norm(shifted[:, 0])))
    smaller = restored
    if shrink > 1.25:
        wanted = (round((right - left) / shrink), round((bottom - top) / shrink))
        smaller = cv2.resize(restored, wanted, interpolation=cv2.INTER_AREA)
    ratio = np.array([smaller.shape[1] / (right - left), smaller.shape[0] / (bottom - top)])
    shifted = shifted * ratio[:, None]
    shifted[:, 2] += ratio / 2 - 0.5  # pixels are known by their centres
    placed = cv2.warpAffine(smaller, shifted, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    inside = cv2.warpAffine(
        np.full(smaller.shape[:2], 255, np.uint8),
        shifted,
        size,
        flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
    )
    return np.where(inside[..., None] > 0, placed, frame)


def load_enhancer(
    settings: EnhanceSettings, blend: BlendSettings, chosen: str, weights: WeightStore, runtime: Runtime
) -> Enhancer:
    """Load restorers.

    Args:
        settings: of the job.
        blend: of the job.
        chosen: ``gfpgan``, ``gpen``, or ``both``: one after the other, as VideoReTalking has it.
        weights: where the files are.
        runtime: how networks compute.

    Raises:
        WeightsMissing, WeightsCorrupt, LicenseRefused.
    """
    made: list[Restorer] = []
    if chosen in ("gfpgan", "both"):
        made.append(Gfpgan(weights.path(f"gfpgan_v{settings.version}"), runtime, settings.seed))
    if chosen in ("gpen", "both"):
        made.append(Gpen(weights.path("gpen"), runtime))
    return Enhancer(made, settings, blend)
