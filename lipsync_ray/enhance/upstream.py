"""How VideoReTalking's script puts restored faces back, faults and all: for parity with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

SIDE = 512  # px of a face
# Eyes, nose, corners of the mouth in the face: ArcFace's points of a picture 112 px high and 96 wide, made
# square (8 px on each side), with a border of 28 px, enlarged from 168 px.
_ARCFACE = np.array(
    [
        (30.29459953, 51.69630051),
        (65.53179932, 51.50139999),
        (48.02519989, 71.73660278),
        (33.54930115, 92.36550140),
        (62.72990036, 92.20410156),
    ]
)
TEMPLATE = (_ARCFACE + np.array([8.0, 0.0]) + 28.0) * (SIDE / 168)

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
    blended = np.clip(pyramid_blend(faces, base, weight, _LEVELS), 0, 255)
    return cv2.resize(blended, (original.shape[1], original.shape[0])).astype(np.uint8)


def pyramid_blend(edited: np.ndarray, original: np.ndarray, mask: np.ndarray, levels: int) -> np.ndarray:
    """Laplacian blend ``float32[H,W,3]``, not clipped (Burt and Adelson 1983).

    The pictures' Gaussian pyramids are of integers, rounded on every level; the mask's is not.

    Args:
        edited: ``uint8[H,W,3]``.
        original: ``uint8[H,W,3]``.
        mask: ``float32[H,W]`` 0..1, 1 = edited.
        levels: of the pyramid, the picture itself among them.
    """
    bands = [_bands(picture, levels) for picture in (edited, original)]
    weights = [weight[..., None] for weight in _reduced(mask, levels)]
    mixed = [a * m + b * (1 - m) for a, b, m in zip(*bands, weights, strict=True)]
    out = mixed[-1]
    for band in mixed[-2::-1]:
        out = cv2.pyrUp(out, dstsize=(band.shape[1], band.shape[0])) + band
    return out


def fit_face(landmarks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Maps ``float32[2,3]`` from the picture to the 512 px face and back, of five points ``[5,2]``.

    Least-squares similarities (Umeyama 1991), in single precision. The way back is a fit of its own, but for
    its scale.
    """
    points, template = landmarks.astype(np.float32), TEMPLATE.astype(np.float32)
    forward, scale = _similarity(points, template)
    back, _ = _similarity(template, points, 1 / scale)
    return forward, back


def _similarity(
    source: np.ndarray, target: np.ndarray, scale: np.float32 | None = None
) -> tuple[np.ndarray, np.float32]:
    centred, wanted = source - source.mean(0), target - target.mean(0)
    left, spread, right = np.linalg.svd(wanted.T @ centred / len(source))
    mirror = np.array([1, np.sign(np.linalg.det(left) * np.linalg.det(right))], np.float32)
    rotation = (left * mirror) @ right
    own = np.float32((spread * mirror).sum() / (centred**2).mean(0).sum()) if scale is None else scale
    linear = own * rotation
    return np.column_stack([linear, target.mean(0) - linear @ source.mean(0)]), own


def soft_mask(mask: np.ndarray) -> np.ndarray:
    """A mask ``[512,512]`` with a cleared border, blurred twice, ``float32`` in the mask's unit."""
    out = np.zeros(mask.shape, np.float32)
    out[_EDGE:-_EDGE, _EDGE:-_EDGE] = mask[_EDGE:-_EDGE, _EDGE:-_EDGE]
    for _ in range(2):
        out = cv2.GaussianBlur(out, (_BLUR, _BLUR), _SIGMA)
    return out


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


def _reduced(picture: np.ndarray, levels: int) -> list[np.ndarray]:
    out = [picture]
    while len(out) < levels:
        out.append(cv2.pyrDown(out[-1]))
    return out


def _bands(picture: np.ndarray, levels: int) -> list[np.ndarray]:
    """Differences between neighbouring levels of a pyramid, and its last level."""
    rough = [level.astype(np.float32) for level in _reduced(picture, levels)]
    return [
        fine - cv2.pyrUp(coarse, dstsize=(fine.shape[1], fine.shape[0])) for fine, coarse in pairwise(rough)
    ] + rough[-1:]
