"""One pass over a scan: what the mouth does in every source frame, a few numbers each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lipsync_ray.engines.unit_selection.basis import BasisFit
from lipsync_ray.engines.unit_selection.canonical import (
    Reference,
    angles,
    build_reference,
    fit_poses,
    present,
    smooth,
    to_canonical,
)
from lipsync_ray.engines.unit_selection.descriptor import JAW, LO, NOSE, UP, describe
from lipsync_ray.engines.unit_selection.shots import ShotFaces
from lipsync_ray.engines.unit_selection.sight import reach_of

# Landmarks of source frames, float32[m,468,3] px, NaN where there is no face.
Load = Callable[[np.ndarray], np.ndarray]

# A median over more faces changes nothing visible; landmarks are held for so many frames at a time.
REFERENCE_FRAMES, BLOCK = 1000, 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """Mouth and pose of the speaker by source frame; NaN where there is none."""

    raw: np.ndarray  # float64[n,6] descriptor of the frame's own landmarks
    steady: np.ndarray  # float64[n,6] the same smoothed over time inside shots
    yaw: np.ndarray  # float64[n] degrees
    pitch: np.ndarray  # float64[n] degrees
    scale: np.ndarray  # float64[n] px per IO
    reach: np.ndarray  # float32[n,4] px, what drawing may touch, see `sight`
    usable: np.ndarray  # bool[n] frames fit to measure and to cut units from
    nose_y: float
    reference: Reference
    fit: BasisFit
    faces: ShotFaces


def find_reference(load: Load, usable: np.ndarray) -> Reference:
    """The median face of the frames that are ``usable bool[n]``.

    Raises:
        ValueError: none is.
    """
    return build_reference(load(evenly(np.flatnonzero(usable), REFERENCE_FRAMES)))


def measure(
    load: Load,
    face_present: np.ndarray,
    usable: np.ndarray,
    shots: np.ndarray,
    reference: Reference | None = None,
) -> Measures:
    """Measure every frame of ``face_present bool[n]``; statistics come from ``usable bool[n]`` alone.

    Landmarks are loaded block by block, so memory does not grow with the video. ``shots int32[n]``
    bounds the smoothing. ``reference``: the median face, if it is known.

    Raises:
        ValueError: no frame is usable.
    """
    if not usable.any():
        raise ValueError("no usable face in the video: nothing to measure a mouth on")
    reference = reference or find_reference(load, usable)
    n, fit, nose = len(usable), BasisFit(), 0.0
    faces = ShotFaces(int(shots.max()) + 1)
    raw, pose = np.full((n, 6), np.nan), np.full((n, 3), np.nan)
    reach = np.full((n, 4), np.nan, np.float32)

    def take(block: np.ndarray, landmarks: np.ndarray) -> float:
        """Measure some frames; the heights of their noses, added up. Nothing of them is held afterwards."""
        poses = fit_poses(landmarks, reference)
        shapes = to_canonical(landmarks, poses)
        raw[block], reach[block] = describe(shapes, 0.0), reach_of(landmarks)
        yaw, pitch, _ = angles(poses)
        pose[block] = np.stack([yaw, pitch, poses.scale], axis=1)
        good = usable[block] & present(shapes)
        heights = shapes[good, NOSE, 1].sum()
        shapes = shapes[good]
        fit.add(shapes, raw[block][good])
        faces.add(shapes, shots[block][good])
        return float(heights)

    frames = np.flatnonzero(face_present)
    for start in range(0, len(frames), BLOCK):
        block = frames[start : start + BLOCK]
        nose += take(block, load(block))
    nose_y = nose / max(fit.count, 1)
    raw[:, [UP, LO, JAW]] -= nose_y
    breaks = np.diff(shots, prepend=shots[:1]) != 0
    return Measures(
        raw=raw,
        steady=smooth(raw, breaks),
        yaw=pose[:, 0],
        pitch=pose[:, 1],
        scale=pose[:, 2],
        reach=reach,
        usable=usable & present(raw),
        nose_y=float(nose_y),
        reference=reference,
        fit=fit,
        faces=faces,
    )


def evenly(values: np.ndarray, count: int) -> np.ndarray:
    """At most ``count`` of ``values``, evenly spread and in order."""
    if len(values) <= count:
        return values
    return values[np.linspace(0, len(values) - 1, count).round().astype(np.int64)]
