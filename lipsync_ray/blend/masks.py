"""Soft masks of a mouth and of its surroundings, from the 468 landmarks of the face mesh."""

from __future__ import annotations

import cv2
import numpy as np

from lipsync_ray.blend.settings import BlendSettings

# Vertices of the mesh; left and right are those of the picture, for a face seen upright.
JAW = (132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361)  # left to right
UNDER_NOSE = (436, 391, 164, 165, 216)  # between the nose and the upper lip, right to left
LIPS = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)
CORNERS, CHIN, FOREHEAD = (61, 291), 152, 10
OVAL = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)

_SIDES = 0.9  # of the way from the mouth to the jaw's sides: what lies there is ears, hair, background
_AROUND_LIPS = 0.05  # of the face's height, around the lips
_BELOW_LIPS = 0.08  # more of it below them: new words may open the mouth further
_TURNS = np.arange(16) * (np.pi / 8)
_CIRCLE = np.stack([np.cos(_TURNS), np.sin(_TURNS)], 1)  # of radius 1
_SUBPIXEL = 4  # binary digits of a pixel's fraction when polygons are drawn


def face_height(landmarks: np.ndarray) -> float:
    """From the forehead to the chin, px; it stays when a head turns to the side."""
    return float(np.linalg.norm(landmarks[FOREHEAD, :2] - landmarks[CHIN, :2]))


def mouth_mask(landmarks: np.ndarray, shape: tuple[int, int], settings: BlendSettings) -> np.ndarray:
    """Mouth and jaw, from under the nose to a little below the chin: ``uint8[H,W]``, soft at the border.

    Args:
        landmarks: ``float32[468,3]`` px.
        shape: height and width of the picture.
        settings: how soft it is, and how far it reaches below the chin.
    """
    points, size = landmarks[:, :2].astype(np.float64), face_height(landmarks)
    mouth = points[list(CORNERS)].mean(0)
    down = points[CHIN] - mouth
    jaw = points[list(JAW)] - mouth
    lowness = np.clip(jaw @ down / (down @ down), 0, 1)[:, None]
    jaw = jaw * (_SIDES + (1 - _SIDES) * lowness) + settings.grow * size * lowness * down / np.linalg.norm(
        down
    )
    return _soft(np.concatenate([mouth + jaw, points[list(UNDER_NOSE)]]), shape, settings.feather * size)


def lips_mask(landmarks: np.ndarray, shape: tuple[int, int], settings: BlendSettings) -> np.ndarray:
    """The lips, what is between them, and room for them to open: ``uint8[H,W]``; see ``mouth_mask``."""
    points, size = landmarks[:, :2].astype(np.float64), face_height(landmarks)
    lips, middle = points[list(LIPS)], points[list(CORNERS)].mean(0)
    away = lips - middle
    away /= np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-6)
    down = (points[CHIN] - middle) / np.linalg.norm(points[CHIN] - middle)
    lower = np.clip(away @ down, 0, 1)[:, None]
    opened = lips + _BELOW_LIPS * size * lower * down
    grown = (opened[:, None] + _AROUND_LIPS * size * _CIRCLE).reshape(-1, 2)
    return _soft(grown, shape, settings.feather * size / 2)


def face_mask(landmarks: np.ndarray, shape: tuple[int, int], settings: BlendSettings) -> np.ndarray:
    """The whole face inside its contour: ``uint8[H,W]``; see ``mouth_mask``."""
    return _soft(landmarks[list(OVAL), :2], shape, settings.feather * face_height(landmarks))


def _soft(outline: np.ndarray, shape: tuple[int, int], edge: float) -> np.ndarray:
    """A filled polygon ``[K,2]`` whose border rises over about ``edge`` px."""
    mask = np.zeros(shape, np.uint8)
    fixed = np.rint(outline * (1 << _SUBPIXEL)).astype(np.int32)
    cv2.fillConvexPoly(mask, cv2.convexHull(fixed), 255, cv2.LINE_AA, _SUBPIXEL)  # fillPoly rounds rows
    sigma = edge / 2.5  # a blurred edge rises from 10 to 90 % over 2.56 sigma
    if sigma < 0.3:
        return mask
    x, y, width, height = cv2.boundingRect(mask)
    if not width:
        return mask
    room = int(np.ceil(3 * sigma)) + 1
    top, left = max(0, y - room), max(0, x - room)
    part = np.s_[top : y + height + room, left : x + width + room]
    mask[part] = cv2.GaussianBlur(mask[part], (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    return mask
