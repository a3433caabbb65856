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
from lipsync_ray.quality.steady import lips_area, mouth_centre, to_picture

SIDE, SPAN = 96, 1.0  # px and IO of the square around the mouth


def mouth_pictures(
    table: FrameTable, frames: np.ndarray, poses: Poses, person: Person, side: int = SIDE
) -> np.ndarray:
    """Mouth squares ``uint8[m,side,side,3]`` of some frames, each turned and scaled by its head's pose."""
    out = np.empty((len(frames), side, side, 3), np.uint8)
    whole = Box(x0=0, y0=0, x1=table.video.width, y1=table.video.height)
    centre, flags = mouth_centre(person.reference), cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    with open_reader(table) as reader:
        for row, frame in enumerate(reader.frames(frames)):
            matrix = to_picture(poses, row, centre, side, SPAN)
            out[row] = cv2.warpAffine(crop_rgb(frame, whole), matrix, (side, side), flags=flags)
    return out


def flicker_ratio(before: np.ndarray, after: np.ndarray, person: Person) -> tuple[float, float]:
    """Flicker of the dubbed mouth pictures over that of the source's own: on the lips, and around them."""
    lips = lips_area(person.reference, SIDE, SPAN)
    ratios = [measures.flicker(after, area) / measures.flicker(before, area) for area in (lips, 1 - lips)]
    return ratios[0], ratios[1]
