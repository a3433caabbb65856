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
_FINE = 4.0  # px, blurs wider than twice as much are made on a coarser grid
_SUBPIXEL = 8  # binary digits of a pixel's fraction when polygons are drawn


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
    sigma = edge / 2.5  # a blurred edge rises from 10 to 90 % over 2.56 sigma
    # What is blurred widely is blurred small and enlarged: between pixels 4 times finer than the blur,
    # straight lines are right to half a level. On a grid of the whole picture: a mask moves as its face does.
    grain = 1 << int(max(0.0, np.log2(max(sigma, 1e-6) / _FINE)))
    room = int(np.ceil(3 * sigma)) + 2 * grain
    first = np.maximum(np.floor(outline.min(0)).astype(int) - room, 0) // grain
    limit = (shape[1], shape[0])
    last = -(-np.minimum(np.ceil(outline.max(0)).astype(int) + room, limit) // grain)
    mask = np.zeros(shape, np.uint8)
    if (last <= first).any():
        return mask
    small = _filled(outline - grain * first, grain * (last - first)[::-1])
    if grain > 1:
        small = cv2.resize(small, tuple(int(side) for side in last - first), interpolation=cv2.INTER_AREA)
    if sigma >= 0.3:
        small = cv2.GaussianBlur(small, (0, 0), sigma / grain, borderType=cv2.BORDER_REPLICATE)
    if grain > 1:
        small = cv2.resize(small, tuple(int(side) for side in grain * (last - first)))
    part = mask[first[1] * grain : last[1] * grain, first[0] * grain : last[0] * grain]
    part[:] = small[: part.shape[0], : part.shape[1]]
    return mask


def _filled(outline: np.ndarray, shape: np.ndarray) -> np.ndarray:
    mask = np.zeros((int(shape[0]), int(shape[1])), np.uint8)
    fixed = np.rint(outline * (1 << _SUBPIXEL)).astype(np.int32)
    cv2.fillConvexPoly(mask, cv2.convexHull(fixed), 255, cv2.LINE_AA, _SUBPIXEL)  # fillPoly rounds rows
    return mask
