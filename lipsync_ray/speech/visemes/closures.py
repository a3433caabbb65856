"""Moments at which the lips must touch."""

from __future__ import annotations

import numpy as np

from lipsync_ray.speech.activity import runs

# The lips close where bilabials are likelier than the mouth is open by the table. The probability alone is
# shy (a threshold of .5 finds one in ten), and faces also close between words and on w and f.
THRESHOLD = -0.15
# Faces do close in passing on a short u or w; but a long one is not spoken through sealed lips.
PURSED, UNLIKELY, SHUT = 0.4, 0.1, -0.2
LONG = 15  # frames
HOLD = 6  # frames: a closure's samples span 50 ms, two frames of video at 24 per second (MouthTrack.at)
APART = 4  # frames; a shorter opening between two closures would be a single frame of video


def closures(
    bilabial: np.ndarray, aperture: np.ndarray, rounding: np.ndarray, speech: np.ndarray
) -> np.ndarray:
    """Frames in which the lips touch, ``bool[n]``, at least ``HOLD`` in a row.

    Args:
        bilabial: probability of p, b or m, smoothed by 10 ms.
        aperture: opening in the table's units, smoothed, neither clipped nor stretched.
        rounding: 0 flat, 1 pursed, by the table, smoothed.
        speech: 0 silent, 1 talking; nothing closes in silence, where the mouth is at rest.
    """
    excess = np.where(speech > 0, bilabial - aperture, -np.inf)
    pursed = (rounding > PURSED) & (bilabial < UNLIKELY) & (aperture > SHUT) & (excess > THRESHOLD)
    for start, stop in runs(pursed):
        if stop - start >= LONG:
            excess[start:stop] = -np.inf
    touching = np.zeros(len(excess), bool)
    for start, stop in runs(excess > THRESHOLD):
        missing = max(0, HOLD - (stop - start))
        peak = start + int(np.argmax(excess[start:stop]))
        first = int(np.clip(peak - HOLD // 2, stop - HOLD, start)) if missing else start
        first = max(0, first)
        touching[first : first + max(HOLD, stop - start)] = True
    for start, stop in runs(~touching):
        if 0 < start and stop < len(touching) and stop - start < APART:
            touching[start:stop] = True
    return touching
