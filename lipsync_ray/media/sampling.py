"""RGB of single places in a picture, and of a part seen through a map, without converting the rest."""

from __future__ import annotations

import cv2
import numpy as np

from lipsync_ray.media.colour import rgb_of_yuv
from lipsync_ray.media.frame import Frame, PixelLayout


def warped_rgb(frame: Frame, matrix: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """RGB ``uint8[h,w,3]`` of a picture seen through a map, linear between samples, its edges repeated.

    Each plane is sampled on its own grid: chroma is not brought to luma's first.

    Args:
        frame: the picture.
        matrix: ``float64[2,3]`` from pixels of the result to pixels of the picture.
        size: columns and rows of the result.
    """
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    y, u, v = (
        cv2.warpAffine(plane, on_plane, size, flags=flags, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
        for plane, on_plane in zip(frame.planes, _on_planes(matrix, frame.layout), strict=True)
    )
    return rgb_of_yuv((y, u, v), frame.layout)


def rgb_at(frame: Frame, points: np.ndarray) -> np.ndarray:
    """RGB ``uint8[n,m,3]`` of pixels ``[n,m,2]`` (x, y), chroma linear between its samples."""
    columns, rows = points.reshape(-1, 2).astype(np.float32).T[..., None]
    planes = []
    for plane, own in zip(frame.planes, _on_planes(np.eye(2, 3), frame.layout), strict=True):
        at = (
            columns * np.float32(own[0, 0]) + np.float32(own[0, 2]),
            rows * np.float32(own[1, 1]) + np.float32(own[1, 2]),
        )
        read = cv2.remap(plane, *at, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        planes.append(read.astype(np.float32))
    y, u, v = planes
    return rgb_of_yuv((y, u, v), frame.layout).reshape(*points.shape[:-1], 3)


def _on_planes(matrix: np.ndarray, layout: PixelLayout) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A map to luma's pixels as one to the samples of each plane."""
    chroma = np.array(matrix, np.float64)
    # Luma pixel x sits at (x - siting) / 2 on a halved grid.
    for axis, (shift, siting) in enumerate(
        ((layout.shift_x, layout.siting_x), (layout.shift_y, layout.siting_y))
    ):
        if shift:
            chroma[axis] /= 2
            chroma[axis, 2] -= siting / 2
    return np.asarray(matrix, np.float64), chroma, chroma
