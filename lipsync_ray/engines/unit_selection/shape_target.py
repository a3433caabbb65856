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
class Posed:
    """Faces of some frames, each with its pose taken out."""

    shapes: np.ndarray  # float64[N,468,3] canonical, smoothed over time
    poses: Poses  # of each frame alone, not smoothed: smoothing would lag behind the picture
    points: np.ndarray  # float64[N,468,2] px of the crop
    descriptors: np.ndarray  # float64[N,6]

    def __len__(self) -> int:
        return len(self.shapes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A unit that is shown in a frame."""

    row: int  # of the faces
    weight: float  # those of a frame sum to 1
    shape: np.ndarray  # float64[468,3] canonical
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

    def at(self, rows: np.ndarray) -> Posed:
        """Faces of some present rows ``int64[N]``."""
        poses, shapes = self._poses.take(rows), self._shapes[rows]
        return Posed(
            shapes=shapes,
            poses=poses,
            points=to_pixels(shapes, poses)[:, :, :2],
            descriptors=describe(shapes, self._person.nose_y),
        )


def trust(wanted: np.ndarray, units: np.ndarray, slopes: np.ndarray, widening: float = 1.0) -> np.ndarray:
    """The descriptors nearest to ``wanted[N,6]`` that the pictures of ``units[N,6]`` can still show.

    Aperture and width saturate as L tanh(d / L), closing excepted; the rest follows them by the person's
    ``slopes[2,4]`` and saturates about that.
    """
    change = wanted - units
    limit = widening * TRUST_OWN
    own = limit * np.tanh(change[:, :2] / limit)
    closes = change[:, A] < 0.0
    own[closes, 0] = np.maximum(change[closes, A], -widening * CLOSING)
    follow = own[:, :1] * slopes[0] + own[:, 1:] * slopes[1]
    limit = widening * TRUST_REST
    rest = follow + limit * np.tanh((change[:, 2:] - follow) / limit)
    return units + np.concatenate([own, rest], axis=1)


def blend_shapes(
    faces: Posed, shown: list[Shown], wanted: np.ndarray, person: Person
) -> tuple[np.ndarray, np.ndarray]:
    """Canonical target shape of each frame and its descriptor; no frame depends on the others.

    Args:
        faces: the frames' own.
        shown: the units, at least one of each frame.
        wanted: descriptors ``[N,6]``.
        person: whose faces they are.

    Returns:
        ``float64[N,468,3]`` and ``float64[N,6]`` (what the trusted regions of the units leave of ``wanted``).
    """
    widening = LAYERED_TRUST if person.layered else 1.0
    units = np.stack([unit.descriptor for unit in shown])
    trusted = trust(wanted[[unit.row for unit in shown]], units, person.slopes, widening)
    reached = np.zeros_like(wanted)
    for unit, descriptor in zip(shown, trusted, strict=True):
        reached[unit.row] += unit.weight * descriptor
    shapes = np.concatenate([faces.shapes, np.stack([unit.shape for unit in shown])])
    delta = np.concatenate([reached - faces.descriptors, trusted - units])
    moved = move(shapes, delta, person.basis, person.nose_y)
    result, lips = moved[: len(faces)], list(sets.LIPS)
    result[:, lips] *= 1.0 - UNIT_SHARE
    for unit, shape in zip(shown, moved[len(faces) :], strict=True):
        result[unit.row, lips] += UNIT_SHARE * unit.weight * shape[lips]
    return result, reached


def press_lips(shapes: np.ndarray, firmness: np.ndarray) -> np.ndarray:
    """Shapes ``[N,468,3]`` with inner lips together: where they nearly touch, or by ``firmness [N]``."""
    result = shapes.copy()
    upper, lower = list(sets.UPPER_INNER), list(sets.LOWER_INNER)
    middle = 0.5 * (result[:, upper] + result[:, lower])
    gap = result[:, lower, 1] - result[:, upper, 1]
    together = np.where(gap < TOUCHING, 1.0, firmness[:, None])[..., None]
    result[:, upper] += together * (middle - result[:, upper])
    result[:, lower] += together * (middle - result[:, lower])
    return result
