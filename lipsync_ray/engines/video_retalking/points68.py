"""The 68 landmarks of iBUG's 300-W scheme from the 468 of the face mesh."""

from __future__ import annotations

import numpy as np

# Vertices of MediaPipe's face mesh that stand for the points of iBUG 300-W (Sagonas et al. 2013), found by
# the names of both schemes and compared with another landmark model on real clips: 3 % of the eyes' distance
# apart at eyes, nose and lips, 6 % along the jaw, where the schemes differ in what they call a jaw. Left and
# right are those of the picture.
JAW = (
    127,
    234,
    93,
    132,
    58,
    136,
    150,
    176,
    152,
    400,
    379,
    365,
    288,
    361,
    323,
    454,
    356,
)  # 0-16, left to right
LEFT_BROW = (70, 63, 105, 66, 107)  # 17-21, upper edge, outwards in
RIGHT_BROW = (336, 296, 334, 293, 300)  # 22-26, inwards out
BRIDGE = (168, 197, 5, 4)  # 27-30, from between the eyes to the tip
NOSTRILS = (240, 97, 2, 326, 460)  # 31-35, left to right
LEFT_EYE = (33, 160, 158, 133, 153, 144)  # 36-41, clockwise from the outer corner
RIGHT_EYE = (362, 385, 387, 263, 373, 380)  # 42-47, clockwise from the inner corner
OUTER_LIPS = (61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181)  # 48-59, clockwise from the left corner
INNER_LIPS = (78, 82, 13, 312, 308, 317, 14, 87)  # 60-67, the same
VERTICES = np.array(
    [
        *(*JAW, *LEFT_BROW, *RIGHT_BROW, *BRIDGE, *NOSTRILS),
        *(*LEFT_EYE, *RIGHT_EYE, *OUTER_LIPS, *INNER_LIPS),
    ]
)


def points68(landmarks: np.ndarray) -> np.ndarray:
    """Landmarks ``float32[N,468,3]`` as ``float32[N,68,2]``, in the same pixels; NaN stays NaN.

    Along the jaw the points lie on the head's edge in space, also where a turned head hides it; landmark
    models for pictures put them on the visible outline instead.
    """
    return np.ascontiguousarray(landmarks[..., VERTICES, :2], np.float32)
