"""How VideoReTalking's script puts restored faces back, faults and all: for parity with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from lipsync_ray.blend.laplacian import laplacian_blend
from lipsync_ray.enhance.align import GPEN_TEMPLATE, SIDE, fit_similarity

_EDGES = 20  # widths of the soft square's border in the square
_EDGE = 20  # px of a mask that are cleared at the face's border
_BLUR, _SIGMA = 101, 11.0
_SMALL = 100.0  # px: faces below are smoothed
_LEVELS = 6
_SPARED = 5  # rows at the bottom of the target's box that stay the original's

Net = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFace:
    """A detected face."""

    box: np.ndarray  # float[4] px x0 y0 x1 y1
    landmarks: np.ndarray  # float[5,2] px: left eye, right eye, nose, corners of the mouth


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """All faces of a picture, back in their places."""

    faces: np.ndarray  # uint8[H,W,3], black where no face is
    soft: np.ndarray  # float32[H,W] 0..1, of all faces
    sharp: np.ndarray  # float32[H,W] 0..1, of the last face alone


def restore(picture: np.ndarray, found: Sequence[FoundFace], parse: Net, generate: Net | None) -> Restored:
    """Restore every face of a picture ``uint8[H,W,3]``; where two meet, the larger soft mask wins.

    Args:
        picture: the picture.
        found: its faces, at least one.
        parse: from a face ``uint8[512,512,3]`` to its mask ``[512,512]``, 0 or 255.
        generate: from a face to its better self; None: the face stays as it is.
    """
    size = (picture.shape[1], picture.shape[0])
    faces, soft = np.zeros_like(picture), np.zeros(picture.shape[:2], np.float32)
    sharp = soft
    for each in found:
        forward, back = fit_face(each.landmarks)
        cut = cv2.warpAffine(picture, forward, (SIDE, SIDE))
        made = cut if generate is None else generate(cut)
        mask = np.asarray(parse(made), np.float32) / 255
        sharp = cv2.warpAffine(mask, back, size)
        own = cv2.warpAffine(soft_mask(mask), back, size)
        placed = cv2.warpAffine(_calmer(made, each.box), back, size)
        larger = own > soft
        soft = np.where(larger, own, soft)
        faces = np.where(larger[..., None], placed, faces)
    return Restored(faces=faces, soft=soft, sharp=sharp)


def put_back(picture: np.ndarray, original: np.ndarray, restored: Restored) -> np.ndarray:
    """Faces over their picture by the soft mask, and that over the original by the last face's sharp mask."""
    over = _mixed(restored.faces, picture, restored.soft)
    return _mixed(over, original, _border(restored.sharp))


def put_target(original: np.ndarray, restored: Restored, box: tuple[int, int, int, int]) -> np.ndarray:
    """The faces in a box over the original, by a pyramid at 512 px: the whole picture goes through that size.

    Only the last face's mask counts: if the target is another one, the original comes out.

    Args:
        original: ``uint8[H,W,3]``.
        restored: faces of a picture of the same size.
        box: of the target, px: top, bottom, left, right.
    """
    top, bottom, left, right = box
    mask = np.zeros_like(restored.sharp)
    inside = np.s_[top : bottom - _SPARED, left:right]
    mask[inside] = _border(restored.sharp)[inside]
    faces, base, weight = (cv2.resize(each, (SIDE, SIDE)) for each in (restored.faces, original, mask))
    blended = np.clip(laplacian_blend(faces, base, weight, _LEVELS), 0, 255)
    return cv2.resize(blended, (original.shape[1], original.shape[0])).astype(np.uint8)


def fit_face(landmarks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Maps ``float32[2,3]`` from the picture to the 512 px face and back, of five points ``[5,2]``.

    Least-squares similarities (Umeyama 1991), in single precision. The way back is a fit of its own, but for
    its scale.
    """
    forward, scale = fit_similarity(landmarks, GPEN_TEMPLATE)
    back, _ = fit_similarity(GPEN_TEMPLATE, landmarks, 1 / scale)
    return forward, back


def soft_mask(mask: np.ndarray) -> np.ndarray:
    """A mask ``[512,512]`` with a cleared border, blurred twice, ``float32`` in the mask's unit."""
    out = np.zeros(mask.shape, np.float32)
    out[_EDGE:-_EDGE, _EDGE:-_EDGE] = mask[_EDGE:-_EDGE, _EDGE:-_EDGE]
    for _ in range(2):
        out = cv2.GaussianBlur(out, (_BLUR, _BLUR), _SIGMA)
    return out


def paste_square(picture: np.ndarray, face: np.ndarray, back: np.ndarray) -> np.ndarray:
    """An aligned face over its picture through a soft square, as GFPGAN's helper (facexlib) does; uint8.

    Args:
        picture: ``uint8[H,W,3]``.
        face: ``uint8[512,512,3]``.
        back: map ``[2,3]`` from the face to the picture.
    """
    size = (picture.shape[1], picture.shape[0])
    square = cv2.warpAffine(np.ones((SIDE, SIDE), np.float32), back, size)
    square = cv2.erode(square, np.ones((2, 2), np.uint8))
    edge = int(float(square.sum()) ** 0.5) // _EDGES
    soft = cv2.erode(square, np.ones((2 * edge, 2 * edge), np.uint8))
    soft = cv2.GaussianBlur(soft, (2 * edge + 1, 2 * edge + 1), 0)[..., None]
    placed = square[..., None] * cv2.warpAffine(face, back, size)
    return (soft * placed + (1 - soft) * picture).astype(np.uint8)


def _calmer(face: np.ndarray, box: np.ndarray) -> np.ndarray:
    """A face whose box is small, smoothed a little."""
    if min(box[2] - box[0], box[3] - box[1]) >= _SMALL:
        return face
    binomial = np.array([1, 2, 1]) / 4
    return cv2.sepFilter2D(face, -1, binomial, binomial)


def _border(mask: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(mask, (0, 0), 1)


def _mixed(over: np.ndarray, under: np.ndarray, mask: np.ndarray) -> np.ndarray:
    weight = mask[..., None]
    return np.rint(np.clip(under * (1 - weight) + over * weight, 0, 255)).astype(np.uint8)
