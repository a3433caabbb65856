"""Mouth pictures with the head's movement taken out, and how much they flicker."""

from __future__ import annotations

import cv2
import measures
import numpy as np

from lipsync_ray.engines.unit_selection.canonical import Poses
from lipsync_ray.engines.unit_selection.person import Person
from lipsync_ray.media.colour import crop_rgb
from lipsync_ray.media.frame import Box
from lipsync_ray.media.index import FrameTable
from lipsync_ray.media.reader import open_reader

SIDE, SPAN = 96, 1.0  # px and IO of the square around the mouth
OUTLINE = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)


def mouth_pictures(
    table: FrameTable, frames: np.ndarray, poses: Poses, person: Person, side: int = SIDE
) -> np.ndarray:
    """Mouth squares ``uint8[m,side,side,3]`` of some frames, each turned and scaled by its head's pose."""
    out = np.empty((len(frames), side, side, 3), np.uint8)
    whole = Box(x0=0, y0=0, x1=table.video.width, y1=table.video.height)
    with open_reader(table) as reader:
        for row, frame in enumerate(reader.frames(frames)):
            turn = poses.scale[row] * poses.rotation[row][:2, :2] * (SPAN / side)
            middle = poses.scale[row] * poses.rotation[row] @ centre(person) + poses.translation[row]
            shift = middle[:2] - turn @ np.full(2, (side - 1) / 2)
            flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
            out[row] = cv2.warpAffine(
                crop_rgb(frame, whole), np.column_stack([turn, shift]), (side, side), flags=flags
            )
    return out


def centre(person: Person) -> np.ndarray:
    """Middle of the mouth in canonical axes, ``float64[3]``."""
    return person.reference.shape[list(OUTLINE)].mean(axis=0)


def lips_area(person: Person, side: int = SIDE) -> np.ndarray:
    """Where the lips of the median face lie in such a picture, ``float64[side,side]`` of 0 and 1."""
    points = (person.reference.shape[list(OUTLINE)] - centre(person))[:, :2] * (side / SPAN)
    area = np.zeros((side, side), np.uint8)
    cv2.fillConvexPoly(area, cv2.convexHull(np.round(points + (side - 1) / 2).astype(np.int32)), 1)
    return cv2.dilate(area, np.ones((5, 5), np.uint8)).astype(np.float64)


def flicker_ratio(before: np.ndarray, after: np.ndarray, person: Person) -> tuple[float, float]:
    """Flicker of the dubbed mouth pictures over that of the source's own: on the lips, and around them."""
    lips = lips_area(person)
    ratios = [measures.flicker(after, area) / measures.flicker(before, area) for area in (lips, 1 - lips)]
    return ratios[0], ratios[1]
