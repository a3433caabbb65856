"""Faces free of pose: one person's reference shape and the similarity that carries it into each frame.

Canonical axes: origin midway between the outer eye corners, unit of length their distance (IO, about
90 mm), x towards landmark 263, y down the face, z into the picture (right-handed). Landmarks are those
of the 468-point face mesh, in pixels, with z in pixels too. A row that holds NaN is an absent face and
stays NaN in everything computed from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

# Landmarks that speech hardly moves, and the trust in each (eye corners most, brow and cheek bones least).
RIGID: tuple[int, ...] = (
    *(33, 133, 362, 263, 168, 6, 197, 195, 5, 10, 151, 9, 8),
    *(127, 356, 234, 454, 70, 300, 108, 337, 1, 2, 98, 327),
)
RIGID_WEIGHTS: tuple[float, ...] = (
    *(3, 3, 3, 3, 4, 4, 3, 2, 2, 1, 1, 2, 2),
    *(1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 1, 1),
)
EYES = (33, 263)
CHIN, NASION = 152, 168

_WEIGHTS = np.asarray(RIGID_WEIGHTS) / np.sum(RIGID_WEIGHTS)
_WINDOW = 5
_TOGETHER = 117  # landmarks whose median is taken at once
# Least-squares parabola through five points: row i gives its value at point i (Savitzky and Golay 1964).
_PARABOLA = np.vander(np.arange(_WINDOW) - 2.0, 3)
SAVITZKY_GOLAY = _PARABOLA @ np.linalg.pinv(_PARABOLA)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A person's median face in canonical axes."""

    shape: np.ndarray  # float64[468,3], IO = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Poses:
    """Similarities from canonical axes to frames: ``px = scale * rotation @ X + translation``."""

    scale: np.ndarray  # float64[N] px per IO
    rotation: np.ndarray  # float64[N,3,3]
    translation: np.ndarray  # float64[N,3] px

    def __len__(self) -> int:
        return len(self.scale)

    def take(self, rows: np.ndarray) -> Poses:
        """The poses of some rows."""
        return Poses(scale=self.scale[rows], rotation=self.rotation[rows], translation=self.translation[rows])


def present(landmarks: np.ndarray) -> np.ndarray:
    """Rows ``[N,...]`` that hold a whole face (or vector): ``bool[N]``, no NaN anywhere."""
    return np.asarray(np.isfinite(landmarks.reshape(len(landmarks), -1)).all(axis=1))


def build_reference(landmarks: np.ndarray, rounds: int = 4) -> Reference:
    """Median shape of the faces ``[M,468,3]`` px after their poses are taken out.

    Starts from the middle present face and alternates pose and median ``rounds`` times.

    Raises:
        ValueError: no row holds a face.
    """
    landmarks = landmarks[present(landmarks)]
    if not len(landmarks):
        raise ValueError("no face to build a reference from: every row of the landmarks is absent")
    reference = Reference(shape=_upright(np.asarray(landmarks[len(landmarks) // 2], np.float64)))
    for _ in range(rounds):
        reference = Reference(shape=_upright(_median_shape(landmarks, reference)))
    return reference


def _median_shape(landmarks: np.ndarray, reference: Reference) -> np.ndarray:
    """``float64[468,3]`` IO of present faces; a quarter of their shapes is held at a time."""
    poses = fit_poses(landmarks, reference)
    parts = (landmarks[:, first : first + _TOGETHER] for first in range(0, landmarks.shape[1], _TOGETHER))
    medians = [np.median(to_canonical(part, poses), axis=0, overwrite_input=True) for part in parts]
    return np.concatenate(medians)


def _upright(shape: np.ndarray) -> np.ndarray:
    left, right = shape[EYES[0]], shape[EYES[1]]
    x = right - left
    io = np.linalg.norm(x)
    x = x / io
    y = shape[CHIN] - shape[NASION]
    y = y - (y @ x) * x
    y /= np.linalg.norm(y)
    axes = np.stack([x, y, np.cross(x, y)])
    return (shape - (left + right) / 2) @ axes.T / io


def fit_poses(landmarks: np.ndarray, reference: Reference) -> Poses:
    """Weighted least-squares similarity from the reference to each face ``[N,468,3]`` px.

    Umeyama (1991), batched, over the landmarks of ``RIGID``; absent rows get NaN poses.
    """
    rows = present(landmarks)
    target = np.asarray(landmarks[:, RIGID], np.float64)[rows]
    source = reference.shape[list(RIGID)]
    source_mean = _WEIGHTS @ source
    target_mean = np.einsum("k,nkd->nd", _WEIGHTS, target)
    centred = source - source_mean
    covariance = np.einsum("k,nkd,ke->nde", _WEIGHTS, target - target_mean[:, None], centred)
    u, spread, vt = np.linalg.svd(covariance)
    mirror = np.ones_like(spread)
    mirror[:, 2] = np.sign(np.linalg.det(u) * np.linalg.det(vt))
    rotation = (u * mirror[:, None, :]) @ vt
    scale = (spread * mirror).sum(axis=1) / (_WEIGHTS @ (centred**2).sum(axis=1))
    translation = target_mean - scale[:, None] * (rotation @ source_mean)
    poses = Poses(
        scale=np.full(len(rows), np.nan),
        rotation=np.full((len(rows), 3, 3), np.nan),
        translation=np.full((len(rows), 3), np.nan),
    )
    poses.scale[rows], poses.rotation[rows], poses.translation[rows] = scale, rotation, translation
    return poses


def to_canonical(landmarks: np.ndarray, poses: Poses) -> np.ndarray:
    """Faces ``[N,468,3]`` px in canonical axes, ``float64[N,468,3]`` IO."""
    centred = np.subtract(landmarks, poses.translation[:, None], dtype=np.float64)
    shapes = centred @ poses.rotation
    shapes /= poses.scale[:, None, None]
    return shapes


def to_pixels(shapes: np.ndarray, poses: Poses) -> np.ndarray:
    """Canonical shapes ``[N,468,3]`` IO put back into their frames, ``float64[N,468,3]`` px."""
    turned = np.asarray(shapes, np.float64) @ poses.rotation.transpose(0, 2, 1)
    return turned * poses.scale[:, None, None] + poses.translation[:, None]


def smooth(shapes: np.ndarray, breaks: np.ndarray) -> np.ndarray:
    """Each coordinate of ``[N,...]`` smoothed over time by a parabola through five rows.

    Only inside runs: stretches of present rows where ``breaks bool[N]`` (True: not continuous with the
    row before) stays False. The first and last two rows of a run take the value of the outermost
    parabola; a run shorter than five rows is left as it is. So a row with four rows on each side in what
    was passed in (or the true end of its run) has the same value however the stretch was cut.
    """
    out = np.array(shapes, np.float64)
    flat = out.reshape(len(out), -1)
    for start, stop in runs(present(shapes), breaks):
        if stop - start < _WINDOW:
            continue
        raw = flat[start:stop].copy()
        inner = sum(SAVITZKY_GOLAY[2, k] * raw[k : len(raw) - 4 + k] for k in range(_WINDOW))
        flat[start + 2 : stop - 2] = inner
        flat[start : start + 2] = SAVITZKY_GOLAY[:2] @ raw[:_WINDOW]
        flat[stop - 2 : stop] = SAVITZKY_GOLAY[3:] @ raw[-_WINDOW:]
    return out


def runs(rows: np.ndarray, breaks: np.ndarray) -> list[tuple[int, int]]:
    """Half-open stretches of True in ``rows bool[N]``, cut also before every row where ``breaks`` is True."""
    edges = np.flatnonzero(np.diff(rows.astype(np.int8), prepend=0, append=0))
    out: list[tuple[int, int]] = []
    for start, stop in edges.reshape(-1, 2):
        cuts = start + 1 + np.flatnonzero(breaks[start + 1 : stop])
        bounds = [int(start), *cuts.tolist(), int(stop)]
        out.extend(pairwise(bounds))
    return out


def angles(poses: Poses) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Yaw (positive: to the picture's right), pitch (down), roll (clockwise), in degrees ``[N]``."""
    forward = -poses.rotation[:, :, 2]
    across = poses.rotation[:, :, 0]
    yaw = np.degrees(np.arctan2(forward[:, 0], -forward[:, 2]))
    pitch = np.degrees(np.arctan2(forward[:, 1], np.hypot(forward[:, 0], forward[:, 2])))
    roll = np.degrees(np.arctan2(across[:, 1], across[:, 0]))
    return yaw, pitch, roll
