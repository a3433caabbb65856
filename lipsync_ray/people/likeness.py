"""How a face is described, and how alike two descriptions are."""

from __future__ import annotations

import cv2
import numpy as np

from lipsync_ray.people.network import SIDE, FaceNetwork
from lipsync_ray.weights.store import WeightStore

WEIGHTS = "face_identity"  # name in the weights registry
SAME = 0.5  # likeness of two faces that are taken for one person; see docs/likeness.md
_APART = 1.2  # distance of descriptions at which nothing is alike: 0.6 is where the network draws its line
# Where the network was taught to expect the corners of the eyes and the base of the nose, of the face's own
# square; that square is 1 / 1.5 of the picture, in its middle.
_PLACES = {
    33: (0.121, 0.214),
    133: (0.334, 0.229),
    362: (0.646, 0.229),
    263: (0.860, 0.213),
    2: (0.490, 0.628),
}
_MARGIN = 0.25


class Describer:
    """Describes faces; of one process and one thread."""

    def __init__(self, store: WeightStore) -> None:
        """Fetches the network if it is absent; raises as :meth:`WeightStore.path`."""
        self._network = FaceNetwork(store.path(WEIGHTS))

    def describe(self, rgb: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
        """The face with landmarks ``[468,2+]`` in pixels of ``uint8[h,w,3]``: ``float32[128]``.

        The mean of the face and its mirror image: a face seen from the left and one from the right then
        differ less.
        """
        face = aligned_face(rgb, landmarks)
        return (self._network(face) + self._network(np.ascontiguousarray(face[:, ::-1]))) / 2


def aligned_face(rgb: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """The face as the network expects it, level and of one size: ``uint8[150,150,3]``."""
    points = landmarks[list(_PLACES), :2].astype(np.float64)
    places = (np.array(list(_PLACES.values())) + _MARGIN) / (1 + 2 * _MARGIN) * SIDE
    matrix = _similarity(points, places)
    scale = float(np.hypot(*matrix[:, 0]))
    if scale < 0.5:  # averaged first: a plain warp would pick single pixels of a large face
        step = int(0.75 / scale) + 1
        rgb = cv2.resize(
            rgb, (max(1, rgb.shape[1] // step), max(1, rgb.shape[0] // step)), interpolation=cv2.INTER_AREA
        )
        matrix = _similarity((points + 0.5) / step - 0.5, places)
    return cv2.warpAffine(rgb, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def likeness(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """How alike faces are, 1 the same picture .. 0 nothing in common; ``[128]`` or ``[n,128]`` each.

    Falls in a line with the distance of the descriptions; ``SAME`` is the distance that the network was
    trained for.
    """
    return np.clip(1 - np.linalg.norm(one - other, axis=-1) / _APART, 0, 1)


def _similarity(points: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Turn, scale and shift ``float64[2,3]`` that bring ``points`` nearest to ``places`` (least squares)."""
    from_, to = points - points.mean(0), places - places.mean(0)
    a = (from_ * to).sum()
    b = (from_[:, 0] * to[:, 1] - from_[:, 1] * to[:, 0]).sum()
    linear = np.array([[a, -b], [b, a]]) / max(float((from_**2).sum()), 1e-9)
    return np.column_stack([linear, places.mean(0) - linear @ points.mean(0)])
