"""Faces cut out of pictures for a network, and put back: at fractions of a pixel, so that nothing shakes."""

from __future__ import annotations

import cv2
import numpy as np

_FINEST = 8  # samples per side of a pixel at most, when a large face is shrunk


def cut_faces(frames: np.ndarray, boxes: np.ndarray, side: int) -> np.ndarray:
    """Square pictures ``uint8[N,side,side,3]`` of boxes ``float64[N,4]`` (x0 y0 x1 y1 in pixels' edges).

    A box that is no square is stretched to one; what lies outside a frame repeats its border.
    """
    return np.stack([cut_face(frame, box, side) for frame, box in zip(frames, boxes, strict=True)])


def cut_face(frame: np.ndarray, box: np.ndarray, side: int) -> np.ndarray:
    """One of ``cut_faces``."""
    scale = (box[2:] - box[:2]) / side
    finer = int(np.clip(np.ceil(scale.max() - 0.25), 1, _FINEST))
    matrix = _from_box(box, side * finer)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (side * finer, side * finer)
    face = cv2.warpAffine(frame, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return face if finer == 1 else cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA)


def put_face(frame: np.ndarray, face: np.ndarray, box: np.ndarray) -> np.ndarray:
    """A copy of a frame with a picture ``uint8[h,w,3]`` stretched over a box; whole pixels inside change."""
    out = frame.copy()
    x0, y0 = np.maximum(np.ceil(box[:2]), 0).astype(int)
    x1, y1 = np.minimum(np.floor(box[2:]), [frame.shape[1], frame.shape[0]]).astype(int)
    if x1 <= x0 or y1 <= y0:
        return out
    width, height = box[2:] - box[:2]
    fitted = _not_larger(face, width, height)
    matrix = np.array(
        [
            [fitted.shape[1] / width, 0, (x0 + 0.5 - box[0]) * fitted.shape[1] / width - 0.5],
            [0, fitted.shape[0] / height, (y0 + 0.5 - box[1]) * fitted.shape[0] / height - 0.5],
        ]
    )
    out[y0:y1, x0:x1] = cv2.warpAffine(
        fitted,
        matrix,
        (int(x1 - x0), int(y1 - y0)),
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return out


def _from_box(box: np.ndarray, side: int) -> np.ndarray:
    """Map from pixels of the square to pixels of the frame, both known by their centres."""
    sx, sy = (box[2:] - box[:2]) / side
    return np.array([[sx, 0, box[0] + sx / 2 - 0.5], [0, sy, box[1] + sy / 2 - 0.5]])


def _not_larger(face: np.ndarray, width: float, height: float) -> np.ndarray:
    """A face that is to be shrunk, shrunk first by averaging: sampling alone would flicker."""
    size = (min(face.shape[1], max(1, round(width))), min(face.shape[0], max(1, round(height))))
    if size == (face.shape[1], face.shape[0]):
        return face
    return cv2.resize(face, size, interpolation=cv2.INTER_AREA)
