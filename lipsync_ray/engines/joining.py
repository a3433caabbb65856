"""A drawn face into its frame: only the mouth, softly, and nothing else."""

from __future__ import annotations

import cv2
import numpy as np

from lipsync_ray.blend.laplacian import blend_part, reach_of
from lipsync_ray.blend.masks import mouth_mask
from lipsync_ray.blend.settings import BlendSettings
from lipsync_ray.engines.facecut import put_face


def join_mouth(
    frame: np.ndarray,
    face: np.ndarray,
    landmarks: np.ndarray,
    box: np.ndarray,
    strength: float,
    settings: BlendSettings,
    own: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Blend the mouth of a drawn face into the frame: picture ``uint8[H,W,3]``, mask ``uint8[H,W]``.

    Only as much of the face is brought to the frame's size as the mouth's border can reach.

    Args:
        frame: the source's own picture.
        face: the drawn face, ``uint8[h,w,3]``.
        landmarks: ``float32[468,3]`` px.
        box: where the drawn face lies, ``float64[4]``: outside it there is nothing to take.
        strength: 0 leaves the frame as it is, 1 takes the drawn mouth.
        settings: how it is joined.
        own: ``uint8[H,W]``, where the face's own skin and lips are; None: not known.
    """
    output, mask = frame.copy(), _mouth_in_box(landmarks, box, frame.shape[:2], settings)
    mask = mask if own is None else np.minimum(mask, own)
    if strength < 1:
        mask = np.rint(mask * np.float32(max(strength, 0))).astype(np.uint8)
    reach = reach_of(mask, settings.levels)
    if reach is None:
        return output, mask
    old, corner = frame[reach.part], (reach.columns.start, reach.rows.start)
    output[reach.part] = blend_part(put_face(old, face, box - np.tile(corner, 2)), old, reach)
    within = mask[reach.part]
    np.maximum(within, _changed(output[reach.part], old), out=within)
    return output, mask


def _mouth_in_box(
    landmarks: np.ndarray, box: np.ndarray, shape: tuple[int, int], settings: BlendSettings
) -> np.ndarray:
    """The mouth's mask ``uint8[H,W]``, softly ended at the edges of a box."""
    mask = mouth_mask(landmarks, shape, settings)
    x, y, width, height = cv2.boundingRect(mask)
    edge = max(1.0, settings.feather * float(box[2] - box[0]))
    rows, columns = np.arange(y, y + height) + 0.5, np.arange(x, x + width) + 0.5
    across = np.clip(np.minimum(columns - box[0], box[2] - columns) / edge, 0, 1)
    down = np.clip(np.minimum(rows - box[1], box[3] - rows) / edge, 0, 1)
    inside = mask[y : y + height, x : x + width]
    np.minimum(inside, np.rint(255 * np.outer(down, across)).astype(np.uint8), out=inside)
    return mask


def _changed(new: np.ndarray, old: np.ndarray) -> np.ndarray:
    """1 where two pictures ``uint8[h,w,3]`` differ, else 0: ``uint8[h,w]``."""
    red, green, blue = cv2.split(cv2.absdiff(new, old))
    return (cv2.max(cv2.max(red, green), blue) > 0).view(np.uint8)


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
