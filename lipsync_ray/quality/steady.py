"""Squares of the lower face with the head's movement taken out: what changes in them is the face's own."""

from __future__ import annotations

import cv2
import numpy as np

from lipsync_ray.engines.unit_selection.canonical import Poses, Reference
from lipsync_ray.faces.picture import clipped
from lipsync_ray.media.affine import affine
from lipsync_ray.media.frame import Frame

SIDE = 128  # px of a square
SPAN = 1.8  # IO that it shows, from the nose to below the chin
LIPS = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)  # outline


def mouth_centre(reference: Reference) -> np.ndarray:
    """Middle of the mouth in canonical axes, ``float64[3]`` IO."""
    return reference.shape[list(LIPS)].mean(axis=0)


def lips_area(reference: Reference, side: int = SIDE, span: float = SPAN) -> np.ndarray:
    """Where the lips of the median face lie in a square, ``float64[side,side]`` of 0 and 1."""
    points = (reference.shape[list(LIPS)] - mouth_centre(reference))[:, :2] * (side / span)
    area = np.zeros((side, side), np.uint8)
    cv2.fillConvexPoly(area, cv2.convexHull(np.round(points + (side - 1) / 2).astype(np.int32)), 1)
    return cv2.dilate(area, np.ones((5, 5), np.uint8)).astype(np.float64)


def skin_area(reference: Reference) -> np.ndarray:
    """All of a square but the lips and what is near them, ``float32[128,128]`` of 0 and 1."""
    return cv2.erode(1 - lips_area(reference), np.ones((9, 9), np.uint8)).astype(np.float32)


def to_picture(
    poses: Poses, row: int, centre: np.ndarray, side: int = SIDE, span: float = SPAN
) -> np.ndarray:
    """Affine map ``float64[2,3]`` from the square around a mouth to the picture, for one head pose."""
    turn = poses.scale[row] * poses.rotation[row][:2, :2] * (span / side)
    middle = poses.scale[row] * poses.rotation[row] @ centre + poses.translation[row]
    return affine(turn, middle[:2] - turn @ np.array([(side - 1) / 2, (side - 1) / 2]))


def luma_square(frame: Frame, matrix: np.ndarray) -> np.ndarray:
    """Luma of the square that ``matrix`` maps to the picture, ``float32[128,128]`` in 8-bit levels."""
    corners = matrix[:, :2] @ np.array([[0, SIDE, 0, SIDE], [0, 0, SIDE, SIDE]]) + matrix[:, 2:]
    (x0, y0), (x1, y1) = corners.min(axis=1), corners.max(axis=1)
    box = clipped((x0 - 2, y0 - 2, x1 + 2, y1 + 2), frame)
    if box is None:
        return np.zeros((SIDE, SIDE), np.float32)
    part = frame.planes[0][box.y0 : box.y1, box.x0 : box.x1]
    # Large faces are averaged down first: a warp alone would pick single pixels.
    step = max(1, int(max(x1 - x0, y1 - y0) // (2 * SIDE)))
    if step > 1:
        size = (max(1, part.shape[1] // step), max(1, part.shape[0] // step))
        part = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
    linear = matrix[:, :2] / step
    shift = (matrix[:, 2] - (box.x0, box.y0) + 0.5) / step - 0.5
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    square = cv2.warpAffine(
        part.astype(np.float32),
        affine(linear, shift),
        (SIDE, SIDE),
        flags=flags,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return square / np.float32(1 << (frame.layout.depth - 8))
