"""Where a mouth is drawn: the frame's own face, moved towards the wanted mouth as far as its unit allows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lipsync_ray.engines.unit_selection import landmarks_sets as sets
from lipsync_ray.engines.unit_selection.basis import move
from lipsync_ray.engines.unit_selection.canonical import Poses, fit_poses, smooth, to_canonical, to_pixels
from lipsync_ray.engines.unit_selection.descriptor import A, describe
from lipsync_ray.engines.unit_selection.person import Person

# Descriptor changes a unit's picture stands before lips smear, in IO: (a, w) and (up, lo, jaw, pr).
TRUST_OWN = np.array([0.05, 0.045])
TRUST_REST = np.array([0.012, 0.015, 0.02, 0.012])
CLOSING = 0.08  # IO: closing an open unit is trusted linearly this far
LAYERED_TRUST = 3.2  # a drawn interior stands more
UNIT_SHARE = 0.9  # of the lips' shape that comes from the unit, the rest from the frame
TOUCHING = 0.004  # IO: inner lips nearer than this touch

SMOOTHING_REACH = 4  # rows on each side after which `canonical.smooth` no longer depends on what follows


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """One frame's face without its pose."""

    shape: np.ndarray  # float64[468,3] canonical, smoothed over time
    pose: Poses  # of this frame alone, one row, not smoothed: smoothing would lag behind the picture
    points: np.ndarray  # float64[468,2] px of the crop
    descriptor: np.ndarray  # float64[6]


class Faces:
    """The faces of a window of landmarks, worked out once for all batches that are cut from it.

    A face depends on its own row and on ``SMOOTHING_REACH`` rows on each side, to the last bit: every row is
    treated alike, however many lie beside it.

    Args:
        landmarks: ``float32[M,468,3]`` px, raw; NaN = absent.
        breaks: ``bool[M]``, no smoothing across the step to such a row.
        person: whose face it is.
    """

    def __init__(self, landmarks: np.ndarray, breaks: np.ndarray, person: Person) -> None:
        self._poses = fit_poses(landmarks, person.reference)
        self._shapes = smooth(to_canonical(landmarks, self._poses), breaks)
        self._person = person

    def at(self, rows: np.ndarray) -> list[Face]:
        """Faces of some present rows ``int64[N]``."""
        poses, shapes = self._poses.take(rows), self._shapes[rows]
        points = to_pixels(shapes, poses)[:, :, :2]
        descriptors = describe(shapes, self._person.nose_y)
        return [
            Face(shape=shapes[k], pose=poses.take(np.array([k])), points=points[k], descriptor=descriptors[k])
            for k in range(len(rows))
        ]


def trust(wanted: np.ndarray, unit: np.ndarray, slopes: np.ndarray, widening: float = 1.0) -> np.ndarray:
    """The descriptor nearest to ``wanted[6]`` that a unit's picture can still show.

    Aperture and width saturate as L tanh(d / L), closing excepted; the rest follows them by the person's
    ``slopes[2,4]`` and saturates about that.
    """
    change = wanted - unit
    limit = widening * TRUST_OWN
    own = limit * np.tanh(change[:2] / limit)
    if change[A] < 0.0:
        own[0] = max(change[A], -widening * CLOSING)
    follow = own @ slopes
    limit = widening * TRUST_REST
    rest = follow + limit * np.tanh((change[2:] - follow) / limit)
    return unit + np.concatenate([own, rest])


def blend_shapes(
    face: Face, units: list[tuple[float, np.ndarray, np.ndarray]], wanted: np.ndarray, person: Person
) -> tuple[np.ndarray, np.ndarray]:
    """Canonical target shape of a frame and its descriptor.

    Args:
        face: the frame's own face.
        units: weight, canonical shape ``[468,3]`` and descriptor ``[6]`` of each unit shown.
        wanted: descriptor ``[6]``.
        person: whose face it is.

    Returns:
        ``float64[468,3]`` and ``float64[6]`` (what the trusted regions of the units leave of ``wanted``).
    """
    widening = LAYERED_TRUST if person.layered else 1.0
    reached = sum(w * trust(wanted, own, person.slopes, widening) for w, _, own in units)
    result = move(face.shape[None], (reached - face.descriptor)[None], person.basis, person.nose_y)[0]
    lips = list(sets.LIPS)
    result[lips] *= 1.0 - UNIT_SHARE
    for weight, shape, own in units:
        step = (trust(wanted, own, person.slopes, widening) - own)[None]
        moved = move(shape[None], step, person.basis, person.nose_y)[0]
        result[lips] += UNIT_SHARE * weight * moved[lips]
    return result, np.asarray(reached)


def press_lips(shape: np.ndarray, firmness: float) -> np.ndarray:
    """Shape ``[468,3]`` with its inner lips together: where they nearly touch, or by ``firmness`` 0..1."""
    result = shape.copy()
    upper, lower = list(sets.UPPER_INNER), list(sets.LOWER_INNER)
    middle = 0.5 * (result[upper] + result[lower])
    gap = result[lower, 1] - result[upper, 1]
    together = np.where(gap < TOUCHING, 1.0, firmness)[:, None]
    result[upper] += together * (middle - result[upper])
    result[lower] += together * (middle - result[lower])
    return result
