"""Faces in the position that restorers were trained on: five points, a similarity, a square of 512 pixels."""

from __future__ import annotations

import cv2
import numpy as np

SIDE = 512  # px of an aligned face
# Rows of the five points: eye on the left of the picture, eye on the right, tip of the nose, corners of the
# mouth. Template of GFPGAN (facexlib), px of the aligned face.
GFPGAN_TEMPLATE = np.array(
    [
        (192.98138, 239.94708),
        (318.90277, 240.1936),
        (256.63416, 314.01935),
        (201.26117, 371.41043),
        (313.08905, 371.15118),
    ]
)
# ArcFace's points of a picture 96 px wide and 112 px high; GPEN makes it square (8 px on each side), puts a
# border of 28 px around and enlarges it from 168 px.
_ARCFACE = np.array(
    [
        (30.29459953, 51.69630051),
        (65.53179932, 51.50139999),
        (48.02519989, 71.73660278),
        (33.54930115, 92.36550140),
        (62.72990036, 92.20410156),
    ]
)
GPEN_TEMPLATE = (_ARCFACE + np.array([8.0, 0.0]) + 28.0) * (SIDE / 168)
GREY = (132, 133, 135)  # RGB that GFPGAN is shown outside the picture (facexlib)

# Points of the 468-point mesh. Eyes by their corners alone: a blink would move the mean of a whole eye.
LEFT_EYE, RIGHT_EYE = (33, 133), (362, 263)
NOSE_TIP, LEFT_CORNER, RIGHT_CORNER = 1, 61, 291

_FINEST = 8  # samples per side of a pixel at most, when a large face is made small


def five_points(landmarks: np.ndarray) -> np.ndarray:
    """Five points ``float64[5,2]`` px of a face mesh ``[468,2+]``, in the templates' order."""
    points = landmarks[:, :2].astype(np.float64)
    eyes = [points[list(corners)].mean(0) for corners in (LEFT_EYE, RIGHT_EYE)]
    return np.stack([*eyes, points[NOSE_TIP], points[LEFT_CORNER], points[RIGHT_CORNER]])


def fit_similarity(
    points: np.ndarray, template: np.ndarray, scale: float | None = None
) -> tuple[np.ndarray, float]:
    """The similarity from points ``[5,2]`` to a template by least squares, and its scale.

    Umeyama 1991, in single precision as GPEN has it; ``float32[2,3]``. Every point has its say, so the
    result moves as smoothly as the points do.

    Args:
        points: px of the picture.
        template: px of the aligned face.
        scale: kept if given; only turn and shift are fitted.
    """
    source, target = points.astype(np.float32), template.astype(np.float32)
    centred, wanted = source - source.mean(0), target - target.mean(0)
    left, spread, right = np.linalg.svd(wanted.T @ centred / len(source))
    mirror = np.array([1, np.sign(np.linalg.det(left) * np.linalg.det(right))], np.float32)
    rotation = (left * mirror) @ right
    own = (spread * mirror).sum() / centred.var(0).sum() if scale is None else np.float32(scale)
    linear = own * rotation
    return np.column_stack([linear, target.mean(0) - linear @ source.mean(0)]), float(own)


def fit_most(points: np.ndarray, template: np.ndarray) -> np.ndarray:
    """The similarity from points to a template by the least median of squares; ``float64[2,3]``.

    As GFPGAN's helper (facexlib) has it: a point that is far off has no say, so the result can jump from
    frame to frame.
    """
    matrix, _ = cv2.estimateAffinePartial2D(points, template, method=cv2.LMEDS)
    return matrix


def inverse(matrix: np.ndarray) -> np.ndarray:
    """The way back of a map ``[2,3]``, ``float64[2,3]``."""
    return np.asarray(cv2.invertAffineTransform(matrix.astype(np.float64)))


def cut_aligned(picture: np.ndarray, matrix: np.ndarray, border: tuple[int, int, int] = GREY) -> np.ndarray:
    """The aligned face ``uint8[512,512,3]`` of a picture, sampled linearly.

    Args:
        picture: ``uint8[H,W,3]``.
        matrix: from the picture to the aligned face.
        border: colour of what lies outside the picture.
    """
    return cv2.warpAffine(picture, matrix, (SIDE, SIDE), borderMode=cv2.BORDER_CONSTANT, borderValue=border)


def cut_smoothly(picture: np.ndarray, matrix: np.ndarray, scale: float) -> np.ndarray:
    """As :func:`cut_aligned`, but large faces are averaged down: single samples would flicker.

    ``scale`` is the matrix's: pixels of the aligned face for one of the picture.
    """
    finer = int(np.clip(np.ceil(1 / scale - 0.25), 1, _FINEST))
    if finer == 1:
        return cut_aligned(picture, matrix)
    fine = finer * matrix.astype(np.float64)
    fine[:, 2] += (finer - 1) / 2  # pixels are known by their centres
    side = (finer * SIDE, finer * SIDE)
    large = cv2.warpAffine(picture, fine, side, borderMode=cv2.BORDER_CONSTANT, borderValue=GREY)
    return cv2.resize(large, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
