"""The picture that the coefficient network sees: the face at a fixed size, found by a fit of five points."""

from __future__ import annotations

import numpy as np

from lipsync_ray.engines.video_retalking.resampling import resampling_rows

SIDE = 224  # px, of the network's picture
_FACE = 102.0  # px there of the unit of the 3-D points: Deep3DFaceRecon's size of a face


def five_points(points: np.ndarray) -> np.ndarray:
    """Left eye, right eye, nose, left and right corner of the mouth of ``[...,68,D]``, as ``[...,5,D]``.

    Of pictures and of 3-D landmarks alike. An eye's place is the middle of its corners.
    """
    eyes = [points[..., pair, :].mean(-2) for pair in ([36, 39], [42, 45])]
    return np.stack([*eyes, *(points[..., at, :] for at in (30, 48, 54))], -2)


def upwards(points: np.ndarray, height: int) -> np.ndarray:
    """Points ``[...,2]`` with y counted from the lowest row up, as the 3-D points have it."""
    return np.stack([points[..., 0], height - 1 - points[..., 1]], -1)


def fit_pose(points: np.ndarray, model: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Place ``t float64[...,2]`` px and scale ``s float64[...]`` px per unit of a face of five points.

    Scaled orthography by least squares: x = R1 X + t1, y = R2 X + t2 with free rows R1, R2; s is the mean of
    their lengths.

    Args:
        points: ``[...,5,2]``, y up.
        model: ``[5,3]`` of the average face, in its own unit.
    """
    solve = np.linalg.pinv(np.column_stack([model, np.ones(len(model))]))
    found = solve @ np.asarray(points, np.float64)
    return found[..., 3, :], np.sqrt((found[..., :3, :] ** 2).sum(-2)).mean(-1)


def placements(points: np.ndarray, model: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Where the network's picture lies: width, height, scale, and the face's place, ``float64[...,5]``.

    Args:
        points: 68 landmarks ``[...,68,2]`` px, y down.
        model: ``[5,3]``, see ``fit_pose``.
        size: width and height of the picture that they were found in.
    """
    width, height = size
    place, scale = fit_pose(five_points(upwards(points, height)), model)
    fixed = np.broadcast_to(np.asarray([width, height], np.float64), place.shape)
    return np.concatenate([fixed, _FACE / scale[..., None], place], -1)


def align224(picture: np.ndarray, placement: np.ndarray) -> np.ndarray:
    """The network's picture ``uint8[224,224,3]`` of a picture ``uint8[H,W,3]``; black outside of it.

    As if the whole picture were resized (bicubic) and a window cut out of it; only the window is made.
    """
    width, height, scale, x, y = placement.tolist()
    wide, high = int(width * scale), int(height * scale)
    left = int(wide / 2 - SIDE / 2 + (x - width / 2) * scale)
    top = int(high / 2 - SIDE / 2 + (height / 2 - y) * scale)
    across = resampling_rows(int(width), wide, left, SIDE)
    down = resampling_rows(int(height), high, top, SIDE)
    # In the order and with the rounding between the two passes that the authors' resize has.
    return _rounded(np.tensordot(down, _rounded(across @ picture.astype(np.float32)), (1, 0)))


def move224(points: np.ndarray, placement: np.ndarray) -> np.ndarray:
    """Points ``[...,K,2]`` (y up) of a picture in the network's picture of it, y still up."""
    whole, scale, place = placement[..., None, :2], placement[..., None, 2:3], placement[..., None, 3:]
    resized = np.trunc(whole * scale)
    return (points - place + whole / 2) * scale - (resized / 2 - SIDE / 2)


def face3d_pictures(
    pictures: np.ndarray, points: np.ndarray, model: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Pictures for the network ``uint8[N,224,224,3]``, and where they lie, ``float64[N,5]``.

    Args:
        pictures: ``uint8[N,S,S,3]``, crops of the head.
        points: their 68 landmarks ``[N,68,2]`` px, y down.
        model: ``[5,3]``, see ``fit_pose``.
    """
    placed = placements(points, model, (pictures.shape[2], pictures.shape[1]))
    made = [align224(picture, place) for picture, place in zip(pictures, placed, strict=True)]
    return np.stack(made) if made else np.zeros((0, SIDE, SIDE, 3), np.uint8), placed


def _rounded(values: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(values, 0, 255)).astype(np.uint8)
