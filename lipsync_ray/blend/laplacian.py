"""Two pictures joined band by band: coarse colours over a wide border, fine detail over a narrow one.

Burt and Adelson, A multiresolution spline with application to image mosaics, 1983.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

USUAL_SIDE = 128.0  # px: the levels that a user asks for are meant for a mask as large as such a square


def laplacian_blend(new: np.ndarray, old: np.ndarray, mask: np.ndarray, levels: int) -> np.ndarray:
    """Blend two pictures as VideoReTalking does; ``float32[H,W,3]``, not clipped.

    The pictures' Gaussian pyramids are of whole numbers, rounded at every level; the mask's is not.

    Args:
        new: ``uint8[H,W,3]``, taken where the mask is 1.
        old: ``uint8[H,W,3]``, taken where it is 0.
        mask: ``float32[H,W]`` in 0..1.
        levels: of the pyramid, the picture itself among them; 1 is plain mixing.
    """
    weights = [weight[..., None] for weight in _reduced(mask, levels)]
    bands = zip(_bands(new, levels), _bands(old, levels), weights, strict=True)
    return _collapsed([a * m + b * (1 - m) for a, b, m in bands])


def spread_change(change: np.ndarray, mask: np.ndarray, levels: float) -> np.ndarray:
    """What a Laplacian blend adds to the old picture, ``float32[H,W,3]``.

    Pyramids are linear, so blending two pictures is adding the bands of their difference, each weighted by
    its level of the mask: half the work, and nothing is rounded on the way.

    Args:
        change: new picture minus old one, ``float32[H,W,3]``.
        mask: ``float32[H,W]`` in 0..1.
        levels: of the pyramid, the picture itself among them; 1 is plain mixing. A fraction lies between
            two whole numbers: the border of a face that comes nearer must not jump.
    """
    count = int(np.ceil(levels))
    bands, weights = _bands(change, count), [cv2.merge([weight] * 3) for weight in _reduced(mask, count)]
    mixed = [cv2.multiply(band, weight) for band, weight in zip(bands, weights, strict=True)]
    rest = np.float32(count - levels)
    if rest:  # the share of the pyramid with one level less, which ends where its last band is whole
        last, end = mixed.pop(), bands[-1]
        between = (1 - rest) * _enlarged(last, mixed[-1]) + rest * _enlarged(end, mixed[-1]) * weights[-2]
        mixed[-1] += between
    return _collapsed(mixed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What of a picture can play a part when it is blended around a mask."""

    rows: slice
    columns: slice
    weight: np.ndarray  # float32[h,w] 0..1, the mask there
    levels: float  # of the pyramid, see :func:`spread_change`

    @property
    def part(self) -> tuple[slice, slice]:
        """Cuts it out of pictures ``[H,W,...]``."""
        return self.rows, self.columns


def reach_of(mask: np.ndarray, levels: float) -> Reach | None:
    """How far a blend around a mask looks and draws; None of an empty mask.

    Args:
        mask: ``uint8[H,W]`` 0..255 or ``float32[H,W]`` 0..1.
        levels: for a mask as large as a square of ``USUAL_SIDE``, see :func:`levels_for`.
    """
    x, y, width, height = cv2.boundingRect((mask > 0).view(np.uint8))
    if not width:
        return None
    weight = mask[y : y + height, x : x + width].astype(np.float32)
    weight = weight / 255 if mask.dtype == np.uint8 else weight
    depth = levels_for(levels, weight)
    step = 1 << int(np.ceil(depth)) - 1  # px of the picture for one of the last level
    # A pixel of the mask reaches 2 + 4 + ... px on the way down the pyramid and as much on the way up. In
    # whole steps, so that all levels lie as in the whole picture.
    margin = 4 * (step - 1)
    top, left = ((max(start - margin, 0) // step) * step for start in (y, x))
    bottom, right = min(y + height + margin, mask.shape[0]), min(x + width + margin, mask.shape[1])
    around = np.zeros((bottom - top, right - left), np.float32)
    around[y - top : y - top + height, x - left : x - left + width] = weight
    return Reach(rows=slice(top, bottom), columns=slice(left, right), weight=around, levels=depth)


def blend_part(new: np.ndarray, old: np.ndarray, reach: Reach) -> np.ndarray:
    """Blend the parts ``uint8[h,w,3]`` of two pictures that lie in the reach of a mask; ``uint8[h,w,3]``."""
    change = cv2.subtract(new, old, dtype=cv2.CV_32F)
    return cv2.add(old, spread_change(change, reach.weight, reach.levels), dtype=cv2.CV_8U)  # rounds


def blend_crop(new: np.ndarray, old: np.ndarray, mask: np.ndarray, levels: float) -> np.ndarray:
    """Blend two pictures around a mask and nowhere else; ``uint8[H,W,3]``, a new array.

    Only as much of the pictures is looked at as can play a part, so the result is that of the whole picture
    for less work; where the mask has no influence on any level, ``old`` stays as it is, bit by bit.

    Args:
        new: ``uint8[H,W,3]``.
        old: ``uint8[H,W,3]``.
        mask: ``uint8[H,W]`` 0..255 or ``float32[H,W]`` 0..1.
        levels: for a mask as large as a square of ``USUAL_SIDE``, see :func:`levels_for`.
    """
    out, reach = old.copy(), reach_of(mask, levels)
    if reach is not None:
        out[reach.part] = blend_part(new[reach.part], old[reach.part], reach)
    return out


def levels_for(levels: float, weight: np.ndarray) -> float:
    """Levels for a mask ``float32[H,W]`` of any size, from those for a usual one.

    One more whenever the mask's sides double, so that the border keeps its width in the face; never so many
    that a pixel of the last level is more than a quarter of the mask, nor less than 1.
    """
    side = max(float(weight.sum()) ** 0.5, 1.0)
    return float(np.clip(levels + np.log2(side / USUAL_SIDE), 1, max(np.log2(side) - 1, 1)))


def _reduced(picture: np.ndarray, levels: int) -> list[np.ndarray]:
    """A Gaussian pyramid, in the picture's own type."""
    pyramid = [picture]
    while len(pyramid) < levels:
        pyramid.append(cv2.pyrDown(pyramid[-1]))
    return pyramid


def _bands(picture: np.ndarray, levels: int) -> list[np.ndarray]:
    """A Laplacian pyramid ``float32``; its last level is the Gaussian one's."""
    pyramid = [level.astype(np.float32, copy=False) for level in _reduced(picture, levels)]
    return [cv2.subtract(fine, _enlarged(coarse, fine)) for fine, coarse in pairwise(pyramid)] + pyramid[-1:]


def _collapsed(bands: list[np.ndarray]) -> np.ndarray:
    """The picture of a Laplacian pyramid."""
    out = bands[-1]
    for band in bands[-2::-1]:
        out = cv2.add(_enlarged(out, band), band)
    return out


def _enlarged(coarse: np.ndarray, fine: np.ndarray) -> np.ndarray:
    return cv2.pyrUp(coarse, dstsize=(fine.shape[1], fine.shape[0]))
