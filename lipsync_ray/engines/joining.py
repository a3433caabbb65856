"""A drawn face into its frame: only the mouth, softly, and nothing else."""

from __future__ import annotations

import cv2
import numpy as np

from lipsync_ray.blend.laplacian import blend_crop
from lipsync_ray.blend.masks import mouth_mask
from lipsync_ray.blend.settings import BlendSettings


def join_mouth(
    frame: np.ndarray,
    pasted: np.ndarray,
    landmarks: np.ndarray,
    box: np.ndarray,
    strength: float,
    settings: BlendSettings,
    own: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Blend the mouth of a pasted face into the frame: picture ``uint8[H,W,3]``, mask ``uint8[H,W]``.

    Args:
        frame: the source's own picture.
        pasted: the same with the drawn face in it.
        landmarks: ``float32[468,3]`` px.
        box: where the drawn face lies, ``float64[4]``: outside it there is nothing to take.
        strength: 0 leaves the frame as it is, 1 takes the drawn mouth.
        settings: how it is joined.
        own: ``uint8[H,W]``, where the face's own skin and lips are; None: not known.
    """
    mask = mouth_mask(landmarks, frame.shape[:2], settings)
    mask = np.minimum(mask, _inside(box, frame.shape[:2], settings.feather))
    mask = mask if own is None else np.minimum(mask, own)
    mask = np.rint(mask * np.float32(np.clip(strength, 0, 1))).astype(np.uint8)
    if not mask.any():
        return frame.copy(), mask
    output = blend_crop(pasted, frame, mask, settings.levels)
    changed = (output != frame).any(2)
    return output, np.maximum(mask, changed.view(np.uint8))


def _inside(box: np.ndarray, shape: tuple[int, int], feather: float) -> np.ndarray:
    """Soft mask ``uint8[H,W]`` that ends at the edges of a box."""
    edge = max(1.0, feather * float(box[2] - box[0]))
    rows, columns = np.arange(shape[0]) + 0.5, np.arange(shape[1]) + 0.5
    across = np.clip(np.minimum(columns - box[0], box[2] - columns) / edge, 0, 1)
    down = np.clip(np.minimum(rows - box[1], box[3] - rows) / edge, 0, 1)
    return np.rint(255 * np.outer(down, across)).astype(np.uint8)


def paste_hard(frame: np.ndarray, face: np.ndarray, box: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The authors' way: a rectangle of whole pixels, nothing blended; picture and mask."""
    left, top, right, bottom = (int(edge) for edge in box)
    output, mask = frame.copy(), np.zeros(frame.shape[:2], np.uint8)
    x0, y0, x1, y1 = max(left, 0), max(top, 0), min(right, frame.shape[1]), min(bottom, frame.shape[0])
    if x1 > x0 and y1 > y0:
        whole = cv2.resize(face, (right - left, bottom - top))
        output[y0:y1, x0:x1] = whole[y0 - top : y1 - top, x0 - left : x1 - left]
        mask[y0:y1, x0:x1] = 255
    return output, mask
