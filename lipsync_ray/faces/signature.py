"""A frame in 160 bytes, enough to tell whether two frames show the same scene."""

from __future__ import annotations

import cv2
import numpy as np

from lipsync_ray.media.frame import Frame

LUMA_BINS, CHROMA_BINS = 32, 16
THUMB = (12, 8)
HISTOGRAM = LUMA_BINS + 2 * CHROMA_BINS
BYTES = HISTOGRAM + THUMB[0] * THUMB[1]
SAMPLES = 120  # rows looked at, at least; more tell nothing new


def signature(frame: Frame) -> np.ndarray:
    """``uint8[160]``: square roots of the histograms of Y, U, V (times 255), then a 12 x 8 luma picture."""
    out = np.empty(BYTES, np.uint8)
    step = max(1, min(frame.height, frame.width) // SAMPLES)
    planes = []
    for number, plane in enumerate(frame.planes):
        scale = max(1, step >> frame.layout.shift_y) if number else step
        samples, deeper = plane[::scale, ::scale], frame.layout.depth - 8
        planes.append(np.ascontiguousarray(samples >> deeper if deeper else samples, np.uint8))
    at = 0
    for plane, bins in zip(planes, (LUMA_BINS, CHROMA_BINS, CHROMA_BINS), strict=True):
        counts = cv2.calcHist([plane], [0], None, [bins], [0, 256]).ravel().astype(np.float64)
        out[at : at + bins] = np.rint(255 * np.sqrt(counts / plane.size))
        at += bins
    out[at:] = cv2.resize(planes[0], THUMB, interpolation=cv2.INTER_AREA).ravel()
    return out


def distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """How different scenes are, 0..1, ``float32[n]`` for signatures ``uint8[n,160]`` each.

    Half from colours (Hellinger distance of the histograms), half from layout (one minus the correlation
    of the small pictures): a new camera angle keeps the colours, a flash keeps the layout.
    """
    colours = np.zeros(len(a), np.float32)
    for start, stop, weight in _PARTS:
        p, q = (part[:, start:stop].astype(np.float32) / 255 for part in (a, b))
        norm = np.maximum(np.sqrt((p * p).sum(1)) * np.sqrt((q * q).sum(1)), 1e-6)
        colours += weight * np.sqrt(np.minimum(np.maximum(1 - (p * q).sum(1) / norm, 0), 1))
    return 0.5 * colours + 0.5 * layout_distance(a, b)


_PARTS = (
    (0, LUMA_BINS, 0.5),
    (LUMA_BINS, LUMA_BINS + CHROMA_BINS, 0.25),
    (LUMA_BINS + CHROMA_BINS, HISTOGRAM, 0.25),
)


def layout_distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """One minus the correlation of the small pictures, 0..1, ``float32[n]``."""
    p, q = thumbs(a), thumbs(b)
    p, q = p - p.mean(1, keepdims=True), q - q.mean(1, keepdims=True)
    # 16 grey levels squared: where both pictures are nearly flat there is no layout to compare.
    strength = (p * p).mean(1), (q * q).mean(1)
    flat = (strength[0] < 16) & (strength[1] < 16)
    correlation = (p * q).mean(1) / np.sqrt(np.maximum(strength[0] * strength[1], 16.0))
    return np.where(flat, 0.0, np.clip(1 - correlation, 0, 1)).astype(np.float32)


def thumbs(signatures: np.ndarray) -> np.ndarray:
    """The small luma pictures, ``float32[n,96]``."""
    return signatures[:, HISTOGRAM:].astype(np.float32)
