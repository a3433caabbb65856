"""Mouths between drawn frames: those of both sides, moved with the head, flowing into each other."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

# Corners of the eyes, bridge and sides of the nose, temples: they move with the head, not with the mouth.
STEADY = np.array([33, 133, 362, 263, 168, 6, 197, 195, 98, 327, 127, 356, 234, 454])
_MARGIN = 8  # px around the mask in which the flow is looked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A frame that an engine drew."""

    number: int  # output frame
    time: float  # s
    landmarks: np.ndarray  # float32[468,3] px of the source's face
    picture: np.ndarray  # uint8[H,W,3]
    mask: np.ndarray  # uint8[H,W]


def interpolate(
    source: np.ndarray, landmarks: np.ndarray, time: float, before: Drawn, after: Drawn
) -> tuple[np.ndarray, np.ndarray]:
    """The mouth of a frame that was not drawn: picture ``uint8[H,W,3]`` and mask ``uint8[H,W]``.

    Both neighbours are moved by the similarity of the steady points, then each is warped along the optical
    flow between them, and mixed by time.

    Args:
        source: the frame's own picture.
        landmarks: its face; all NaN leaves the picture as it is.
        time: when it is shown, s, between those of the neighbours.
        before: the drawn frame before it.
        after: the one after it.
    """
    mask = np.zeros(source.shape[:2], np.uint8)
    if not np.isfinite(landmarks[STEADY]).all():
        return source, mask
    share = float(np.clip((time - before.time) / max(after.time - before.time, 1e-9), 0, 1))
    ways = [similarity(drawn.landmarks[STEADY, :2], landmarks[STEADY, :2]) for drawn in (before, after)]
    height, width = source.shape[:2]
    size = (width, height)
    masks = [cv2.warpAffine(drawn.mask, way, size) for drawn, way in zip((before, after), ways, strict=True)]
    mask = cv2.addWeighted(masks[0], 1 - share, masks[1], share, 0)
    x, y, width, height = _around(mask)
    if not width:
        return source, mask
    view = (slice(y, y + height), slice(x, x + width))
    one, two = (
        _moved(drawn.picture, way, (x, y, width, height))
        for drawn, way in zip((before, after), ways, strict=True)
    )
    weight = (mask[view] / np.float32(255))[..., None]
    mixed = source[view] * (1 - weight) + _flowed(one, two, share) * weight
    out = source.copy()
    out[view] = np.where(weight > 0, np.rint(mixed), source[view])
    return out, mask


def _moved(picture: np.ndarray, way: np.ndarray, part: tuple[int, int, int, int]) -> np.ndarray:
    """A rectangle (x, y, width, height) of a drawn picture moved to where the head of another frame is."""
    x, y, width, height = part
    shifted = way - np.array([[0, 0, x], [0, 0, y]])
    flags, border = cv2.INTER_CUBIC, cv2.BORDER_REPLICATE
    return cv2.warpAffine(picture, shifted, (width, height), flags=flags, borderMode=border)


def similarity(points: np.ndarray, onto: np.ndarray) -> np.ndarray:
    """Turn, scale and shift ``float64[2,3]`` that bring points ``[n,2]`` closest to others: least squares."""
    here, there = points.mean(0), onto.mean(0)
    x, y = (points - here).astype(np.float64).T
    u, v = (onto - there).astype(np.float64).T
    size = max(float(x @ x + y @ y), 1e-12)
    cosine, sine = (x @ u + y @ v) / size, (x @ v - y @ u) / size
    linear = np.array([[cosine, -sine], [sine, cosine]])
    return np.column_stack([linear, there - linear @ here])


def _around(mask: np.ndarray) -> tuple[int, int, int, int]:
    """Bounding box of a mask with a margin: x, y, width, height; width 0 where it is empty."""
    x, y, width, height = cv2.boundingRect(mask)
    if not width:
        return 0, 0, 0, 0
    left, top = max(0, x - _MARGIN), max(0, y - _MARGIN)
    right, bottom = min(mask.shape[1], x + width + _MARGIN), min(mask.shape[0], y + height + _MARGIN)
    return left, top, right - left, bottom - top


def _flowed(one: np.ndarray, two: np.ndarray, share: float) -> np.ndarray:
    """The picture ``share`` of the way from one to the other, ``float32[h,w,3]``."""
    height, width = one.shape[:2]
    if min(height, width) < 16:  # too small for the flow's coarsest patches
        return one * np.float32(1 - share) + two * np.float32(share)
    dense = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    grey = [cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in (one, two)]
    flow = dense.calc(grey[0], grey[1], None)  # type: ignore[call-overload]  # None: no first guess
    back = _along(one, flow, -share)
    ahead = _along(two, flow, 1 - share)
    return back * np.float32(1 - share) + ahead * np.float32(share)


def _along(picture: np.ndarray, flow: np.ndarray, steps: float) -> np.ndarray:
    """The picture as seen ``steps`` along a flow ``float32[h,w,2]``."""
    height, width = picture.shape[:2]
    x = np.arange(width, dtype=np.float32) + np.float32(steps) * flow[..., 0]
    y = np.arange(height, dtype=np.float32)[:, None] + np.float32(steps) * flow[..., 1]
    return cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
