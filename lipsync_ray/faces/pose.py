"""Which way a face looks, from a rigid fit of its landmarks to an average face."""

from __future__ import annotations

import numpy as np

# Landmarks that hardly move with the mouth, and where they lie on an average of four mirrored faces:
# x to the screen's right, y down, z away from the camera, outer eye corners 1 apart.
_POINTS = {
    33: (-0.500, 0.000, 0.000),
    133: (-0.194, 0.016, -0.063),
    362: (0.194, 0.016, -0.063),
    263: (0.500, 0.000, 0.000),
    168: (0.000, -0.081, -0.235),
    6: (0.000, 0.002, -0.295),
    197: (0.000, 0.074, -0.362),
    195: (0.000, 0.139, -0.434),
    5: (0.000, 0.208, -0.508),
    10: (0.000, -0.614, -0.114),
    151: (0.000, -0.448, -0.175),
    9: (0.000, -0.274, -0.225),
    8: (0.000, -0.174, -0.226),
    127: (-0.777, 0.108, 0.540),
    356: (0.777, 0.108, 0.540),
    234: (-0.770, 0.274, 0.566),
    454: (0.770, 0.274, 0.566),
    70: (-0.631, -0.184, 0.035),
    300: (0.631, -0.184, 0.035),
    108: (-0.185, -0.450, -0.158),
    337: (0.185, -0.450, -0.158),
    1: (0.000, 0.374, -0.532),
    2: (0.000, 0.461, -0.372),
    98: (-0.199, 0.442, -0.279),
    327: (0.199, 0.442, -0.279),
}
_IDS = np.array(list(_POINTS))
_SHAPE = np.array(list(_POINTS.values()))
_CENTRED = _SHAPE - _SHAPE.mean(0)


def head_angles(landmarks: np.ndarray) -> tuple[float, float, float]:
    """Yaw, pitch, roll in degrees of landmarks ``[468,3]``.

    Yaw is positive when the nose points to the screen's right, pitch when it points down, roll when the
    head leans clockwise on the screen. The rotation is the one of a least-squares similarity
    (Umeyama 1991).
    """
    points = landmarks[_IDS].astype(np.float64)
    left, _, right = np.linalg.svd((points - points.mean(0)).T @ _CENTRED)
    sign = np.sign(np.linalg.det(left @ right))
    rotation = left @ np.diag([1.0, 1.0, sign]) @ right
    nose = -rotation[:, 2]
    yaw = np.arctan2(nose[0], -nose[2])
    pitch = np.arctan2(nose[1], np.hypot(nose[0], nose[2]))
    roll = np.arctan2(rotation[1, 0], rotation[0, 0])
    return tuple(np.degrees([yaw, pitch, roll]).tolist())
