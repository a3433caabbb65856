"""What a mouth looks like, in a few numbers: redness, sharpness, a thumbnail."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from lipsync_ray.faces.medians import median
from lipsync_ray.media.affine import affine
from lipsync_ray.media.frame import Frame
from lipsync_ray.media.sampling import rgb_at, warped_rgb

UPPER_LIP = np.array([0, 37, 267, 39, 269, 11, 12, 72, 302])
LOWER_LIP = np.array([17, 84, 314, 181, 405, 16, 15, 85, 315])
SKIN = np.array([50, 280, 205, 425, 187, 411, 200, 164])
BROW = np.array([8, 9, 151, 108, 337])  # above what a mask covers
_PARTS = (UPPER_LIP, LOWER_LIP, SKIN, BROW)
_TINTED = np.concatenate(_PARTS)
_ENDS = (0, *np.cumsum([len(part) for part in _PARTS]).tolist())
_SPREAD = np.stack(np.meshgrid(*[np.linspace(-1, 1, 5)] * 2), -1).reshape(-1, 2)
PALER = 0.05  # skin around a mouth may be this much less red than the brow: beards, light
LEFT_CORNER, RIGHT_CORNER = 61, 291
EYES = (33, 263)
THUMB = (32, 20)  # px, width and height
THUMB_MOUTH = 0.8  # of the width lies between the corners
DETAIL = (96, 76)  # px
DETAIL_MOUTH = 0.6
_P80 = 4 * (DETAIL[0] * DETAIL[1] - 1) // 5  # where the 80th percentile of its pixels stands in order


@dataclass(frozen=True, slots=True, kw_only=True)
class MouthLook:
    """Appearance of one mouth in one frame."""

    redness: tuple[float, float]  # upper and lower lip: how much redder than the skin around
    sharpness: float  # log(p80 of |Laplacian| + 0.3) of the mouth at 96 x 76 px
    thumb: np.ndarray  # uint8[20,32,3] RGB, corners level and 80 % of the width apart


def look_at_mouth(frame: Frame, landmarks: np.ndarray) -> MouthLook:
    """Measure the mouth in a picture with landmarks ``[468,2+]`` in its pixels."""
    points = landmarks[:, :2].astype(np.float64)
    # Drawn four times larger and averaged down: a plain warp would pick single pixels.
    fine = aligned(frame, points, (THUMB[0] * 4, THUMB[1] * 4), THUMB_MOUTH)
    detail = cv2.cvtColor(aligned(frame, points, DETAIL, DETAIL_MOUTH), cv2.COLOR_RGB2GRAY)
    edges = np.abs(cv2.Laplacian(detail, cv2.CV_32F)).ravel()
    return MouthLook(
        redness=lip_redness(frame, points),
        sharpness=float(np.log(np.partition(edges, _P80)[_P80] + 0.3)),
        thumb=cv2.resize(fine, THUMB, interpolation=cv2.INTER_AREA),
    )


def aligned(frame: Frame, points: np.ndarray, size: tuple[int, int], share: float) -> np.ndarray:
    """RGB of the mouth turned level, its corners ``share`` of the width apart, centred."""
    left, right = points[LEFT_CORNER], points[RIGHT_CORNER]
    line = right - left
    # A profile can bring the corners together: never zoom in without limit.
    length = max(float(np.hypot(*line)), 0.2 * float(np.hypot(*(points[EYES[1]] - points[EYES[0]]))), 1.0)
    turn = np.array([[line[0], -line[1]], [line[1], line[0]]]) / max(float(np.hypot(*line)), 1e-6)
    linear = turn * (length / (share * size[0]))
    middle = (left + right) / 2
    centre = linear @ ((np.array(size) - 1) / 2)
    return warped_rgb(frame, affine(linear, middle - centre), size)


def lip_redness(frame: Frame, points: np.ndarray) -> tuple[float, float]:
    """Median of (R - G) / (R + G + B) on each lip, minus that of the skin around the mouth.

    A mask covers that skin too: the brow, less ``PALER``, stands for it where it is redder. Every point is
    the mean of 5 x 5 samples spread over 3 % of the eye distance. Outside the picture the nearest pixel
    counts.
    """
    spread = 0.015 * float(np.hypot(*(points[EYES[1]] - points[EYES[0]])))
    at = np.rint(points[_TINTED, None] + spread * _SPREAD)
    at = np.minimum(np.maximum(at, 0), (frame.width - 1, frame.height - 1))
    colour = rgb_at(frame, at).mean(1, dtype=np.float64)
    tint = (colour[:, 0] - colour[:, 1]) / np.maximum(colour.sum(1), 1.0)
    upper, lower, around, brow = (float(median(tint[start:stop])) for start, stop in pairwise(_ENDS))
    skin = max(around, brow - PALER)
    return upper - skin, lower - skin
