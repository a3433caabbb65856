"""A face that is known and a picture around it, for what is measured on pixels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lipsync_ray.engines.unit_selection.canonical import Poses, Reference, fit_poses
from lipsync_ray.media.frame import Frame, PixelLayout
from tests.engines.unit_selection.talker import neutral

SIZE, IO = 240, 60.0  # px of the picture, and of the distance between the eyes in it


def reference() -> Reference:
    """The median face."""
    return Reference(shape=neutral()[0])


def landmarks() -> np.ndarray:
    """It looks straight ahead from the middle of the picture, ``float32[468,3]`` px."""
    return (neutral()[0] * IO + np.array([SIZE / 2, SIZE / 3, 0])).astype(np.float32)


def poses(count: int, *absent: int) -> Poses:
    """So many frames of it, of which some have no face."""
    faces = np.tile(landmarks(), (count, 1, 1))
    faces[list(absent)] = np.nan
    return fit_poses(faces, reference())


def textured(seed: int = 0, depth: int = 8, size: int = SIZE) -> Frame:
    """A picture of noise around the middle of the range."""
    unit = 1 << (depth - 8)
    layout = PixelLayout(depth=depth)
    luma = np.random.default_rng(seed).integers(80 * unit, 160 * unit, (size, size)).astype(layout.dtype)
    chroma = np.full((size // 2, size // 2), layout.neutral, layout.dtype)
    return Frame(index=0, planes=(luma, chroma, chroma.copy()), layout=layout)


def lighter(frame: Frame, by: int) -> Frame:
    """The same picture with so many levels of its own more."""
    luma, u, v = frame.planes
    return replace(frame, planes=((luma + by).astype(luma.dtype), u, v))
