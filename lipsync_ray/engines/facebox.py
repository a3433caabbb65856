"""The box that a face detector would give, from landmarks: what Wav2Lip and its kin were trained on."""

from __future__ import annotations

import numpy as np

from lipsync_ray.engines.steady import steady

REACH = 2  # rows of landmarks needed on each side of a frame: the authors average over five as well
# The networks learnt from boxes of S3FD, which learnt from WIDER FACE, where a box tightly holds forehead,
# chin and cheeks. The mesh's own bounds end at the same chin and cheeks, and at the top of the forehead's
# skin (vertex 10), a little below the hairline. On real clips two detectors that learnt from WIDER FACE,
# CenterFace and MTCNN, begin 0.08 and 0.10 of the mesh's height higher, and stay within 0.02 on the other
# sides. (face-alignment moves a box's centre up by 0.12 of its height for boxes of detector and landmarks
# alike: that is about its own crop and tells nothing of where a detector's box lies.)
FOREHEAD = 0.09  # of the mesh's height, added above it

AHEAD = 5  # rows of landmarks needed on each side of a frame for ``ahead_boxes``

_WINDOW = 5  # boxes that the authors' scripts average
_CENTRE = 0.5  # landmarks count from the centres of pixels, boxes from their edges


def face_boxes(
    landmarks: np.ndarray,
    breaks: np.ndarray,
    pads: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0),
    *,
    smooth: bool = True,
) -> np.ndarray:
    """Box of each frame's face, ``float64[M,4]``: x0 y0 x1 y1 in pixels' edges; NaN where there is none.

    Boxes may reach outside the picture.

    Args:
        landmarks: ``float32[M,468,3]`` px; NaN = absent.
        breaks: ``bool[M]``, True: nothing may be smoothed between this row and the one before.
        pads: top, bottom, left, right, px; added to the box.
        smooth: hold it steady over ``REACH`` frames on each side (the authors' ``--nosmooth`` does not).
    """
    points = np.asarray(landmarks, np.float64)[..., :2]
    low, high = points.min(1), points.max(1)
    low[:, 1] -= FOREHEAD * (high[:, 1] - low[:, 1])
    top, bottom, left, right = pads
    outer = np.array([-left, -top, right, bottom]) + _CENTRE
    boxes = np.concatenate([low, high], 1) + outer
    return steady(boxes, breaks, REACH) if smooth else boxes


def ahead_boxes(boxes: np.ndarray, breaks: np.ndarray) -> np.ndarray:
    """Whole-pixel boxes ``float64[M,4]``, each run smoothed as ``smooth_boxes_upstream`` does it.

    A row depends on no more than ``AHEAD`` rows on each side, so it is the same in every stretch of a run
    that holds these.

    Args:
        boxes: ``float64[M,4]``; NaN where there is none: a run ends there, and it stays.
        breaks: ``bool[M]``, True: a run begins here.
    """
    out = np.trunc(boxes)
    there = np.asarray(np.isfinite(boxes).all(1))
    starts = np.flatnonzero(breaks | (there != np.concatenate([there[:1], there[:-1]])))
    for rows in np.split(np.arange(len(out)), starts):
        if len(rows) and there[rows[0]]:
            out[rows] = smooth_boxes_upstream(out[rows])
    return out


def smooth_boxes_upstream(boxes: np.ndarray) -> np.ndarray:
    """Boxes ``int64[N,4]`` smoothed as the scripts of Wav2Lip and VideoReTalking do it.

    The mean of each box and the four **after** it, truncated to integers; the last ones take the mean of the
    final five, some of them smoothed already. With fewer than five boxes the final five are counted from the
    end of a list that is too short, and only the last few are averaged.
    """
    out = np.array(boxes, np.int64)
    for row in range(len(out)):
        first = row if row + _WINDOW <= len(out) else len(out) - _WINDOW
        out[row] = out[first : row + _WINDOW].mean(0)
    return out
