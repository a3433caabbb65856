"""The authors' own ways where this project has others: for parity with their script."""

from __future__ import annotations

import numpy as np

from lipsync_ray.engines.video_retalking.crop import fixed_rectangles


def first_frame_crop(points: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The crop of the whole video by one frame's points ``[68,2]``: see ``crop.fixed_rectangles``.

    The points are rounded first. Both limits of the inner rectangle are the picture's **width**: where a
    picture is higher than wide, that cuts the chin off.
    """
    return fixed_rectangles(np.rint(points), size, (size[0], size[0]))


def quad_crop(picture: np.ndarray, quad: np.ndarray, side: int) -> np.ndarray:
    """A turned square of a picture, upright, ``uint8[side,side,3]``; black outside the picture.

    Args:
        picture: ``uint8[H,W,3]``.
        quad: corners ``[4,2]`` top left, bottom left, bottom right, top right, in pixels' edges.
        side: px.
    """
    down, across = np.meshgrid(*[(np.arange(side) + 0.5) / side] * 2, indexing="ij")
    top = quad[0] * (1 - across)[..., None] + quad[3] * across[..., None]
    bottom = quad[1] * (1 - across)[..., None] + quad[2] * across[..., None]
    at = top * (1 - down)[..., None] + bottom * down[..., None]
    sampled, inside = _sample(picture, at)
    sampled[~inside] = 0
    return sampled


def perspective_coefficients(quad: np.ndarray, side: int) -> np.ndarray:
    """Coefficients ``float64[8]`` that take a picture's points to a crop's: where ``quad_crop`` put them.

    (u, v) = ((a x + b y + c) / w, (d x + e y + f) / w) with w = g x + h y + 1; corners go to (0, 0),
    (0, side), (side, side), (side, 0).
    """
    square = np.array([[0, 0], [0, side], [side, side], [side, 0]], np.float64)
    source = np.column_stack([quad, np.ones(4)])
    nothing = np.zeros((4, 3))
    left = np.block([[source, nothing], [nothing, source]])
    right = -square.T.reshape(-1, 1) * np.tile(quad, (2, 1))
    return np.linalg.solve(np.hstack([left, right]), square.T.ravel())


def paste_quad(picture: np.ndarray, crop: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
    """A copy of a picture with a crop put back where it was; nothing is blended.

    Args:
        picture: ``uint8[H,W,3]``.
        crop: ``uint8[S,S,3]``.
        coefficients: ``[8]`` of ``perspective_coefficients``.
    """
    y, x = np.indices(picture.shape[:2]) + 0.5
    matrix = np.append(coefficients, 1.0).reshape(3, 3)
    u, v, w = np.moveaxis(np.stack([x, y, np.ones_like(x)], -1) @ matrix.T, -1, 0)
    sampled, inside = _sample(crop, np.stack([u / w, v / w], -1))
    return np.where(inside[..., None], sampled, picture)


def _sample(picture: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bilinear samples at points ``[h,w,2]`` in pixels' edges, and which of them lie in the picture.

    In full precision and truncated at the end, as the authors' imaging library does it: to the last bit.
    OpenCV's remap rounds places to 1/32 px, and results.
    """
    last = np.array([picture.shape[1] - 1, picture.shape[0] - 1])
    centre = np.clip(at - 0.5, 0, last)
    low = np.minimum(centre.astype(int), np.maximum(last - 1, 0))
    x, y = np.moveaxis(low, -1, 0)
    fx, fy = np.moveaxis(centre - low, -1, 0)[..., None]
    right, below = np.minimum(x + 1, last[0]), np.minimum(y + 1, last[1])
    upper = picture[y, x] * (1 - fx) + picture[y, right] * fx
    lower = picture[below, x] * (1 - fx) + picture[below, right] * fx
    inside = np.asarray(((at >= 0) & (at < last + 1)).all(-1))
    return (upper * (1 - fy) + lower * fy).astype(np.uint8), inside
