"""Sharpening the mouths of frames that carry new ones: aligned, restored, joined inside the mouth alone."""

from __future__ import annotations

import cv2
import numpy as np

from lipsync_ray.blend.laplacian import blend_crop
from lipsync_ray.blend.masks import face_height, face_mask, lips_mask
from lipsync_ray.blend.settings import BlendSettings
from lipsync_ray.enhance.align import SIDE, cut_smoothly, fit_similarity, five_points, inverse
from lipsync_ray.enhance.base import Part, Restorer
from lipsync_ray.enhance.restorers import Gfpgan, Gpen
from lipsync_ray.enhance.settings import EnhanceSettings
from lipsync_ray.enhance.tiles import LARGE, restore_tiles
from lipsync_ray.neural.runtime import Runtime
from lipsync_ray.weights.store import WeightStore

# Rows and columns of an aligned face in which a mouth lies, however it opens. Always the same part: what is
# computed for a frame must not depend on the frames beside it.
MOUTH: Part = (296, 488, 144, 368)
FACE: Part = (0, SIDE, 0, SIDE)
_FADE = 12  # px of an aligned face over which a part ends
_SHRUNK = 1.25  # times smaller than the aligned face: from here on it is averaged down


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
        large = [
            row
            for row, face in enumerate(landmarks)
            if face_height(face) >= self._settings.min_face and region[row].any()
        ]
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
        given = faces[:, part[0] : part[1], part[2] : part[3]]
        change = (restored.astype(np.float32) - given) * _taper(restored.shape[1:])
        out = frames.copy()
        for row, (matrix, scale) in enumerate(fits):
            mask = np.minimum(self._mask(landmarks[row], frames.shape[1:3]), region[row])
            put = _put(frames[row], change[row], matrix, part)
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


def _put(frame: np.ndarray, change: np.ndarray, matrix: np.ndarray, part: Part) -> np.ndarray:
    """The frame with a change ``float32[h,w,3]`` of a part of its aligned face.

    What a restorer changed is carried over, not what it made: a face that it leaves alone keeps every pixel,
    and detail of the frame that 512 px cannot hold outlives the way there and back.
    """
    # A frame larger than the face magnifies the change, a smaller one averages it down first.
    shrink = max(1.0, float(np.hypot(*matrix[:, 0])))
    height, width = change.shape[:2]
    if shrink > _SHRUNK:
        size = (max(1, round(width / shrink)), max(1, round(height / shrink)))
        change = cv2.resize(change, size, interpolation=cv2.INTER_AREA)
    ratio = np.array([change.shape[1] / width, change.shape[0] / height])
    onto = matrix.astype(np.float64)
    onto[:, 2] -= (part[2], part[0])
    onto *= ratio[:, None]
    onto[:, 2] += ratio / 2 - 0.5  # pixels are known by their centres
    y0, y1, x0, x1 = _bounds(onto, change.shape[:2], frame.shape[:2])
    onto[:, 2] += onto[:, :2] @ (x0, y0)
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    placed = cv2.warpAffine(change, onto, (x1 - x0, y1 - y0), flags=flags, borderMode=cv2.BORDER_CONSTANT)
    out = frame.copy()
    inside = out[y0:y1, x0:x1]
    inside[:] = np.clip(np.rint(inside + placed), 0, 255).astype(np.uint8)
    return out


def _bounds(onto: np.ndarray, shape: tuple[int, ...], frame: tuple[int, ...]) -> Part:
    """Rows and columns of a frame on which a picture of ``shape`` falls, by the map that leads to it."""
    back = inverse(onto)
    corners = np.array([(x, y) for x in (-1, shape[1]) for y in (-1, shape[0])]) @ back[:, :2].T + back[:, 2]
    limit = (frame[1], frame[0])
    first = np.clip(np.floor(corners.min(0)), 0, limit).astype(int)
    last = np.clip(np.ceil(corners.max(0)) + 1, first + 1, np.maximum(limit, first + 1)).astype(int)
    return int(first[1]), int(last[1]), int(first[0]), int(last[0])


def _taper(shape: tuple[int, ...]) -> np.ndarray:
    """Weight ``float32[h,w,1]`` of a part: 1 inside, down to 0 at its border, where few mouths reach."""
    rows, columns = (
        np.clip((np.minimum(np.arange(side), np.arange(side)[::-1]) + 0.5) / _FADE, 0, 1)
        for side in shape[:2]
    )
    return np.outer(rows, columns).astype(np.float32)[..., None]


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
