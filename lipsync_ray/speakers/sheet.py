"""A picture of everybody in a video: a thumbnail of each person, with name, faces and how long they talk."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from lipsync_ray.faces.track import LightFaces
from lipsync_ray.layout import duration
from lipsync_ray.media.frame import Box
from lipsync_ray.speakers.meeting import Person

TILE, CAPTION, COLUMNS, MOST = 220, 40, 5, 60
PAPER, INK, DIM = (24, 24, 24), (235, 235, 235), (160, 160, 160)  # RGB
_MARGIN = 0.4  # of the face's longer side, around it
_FONT = cv2.FONT_HERSHEY_SIMPLEX

# Crops of frames in any order, in that order: RGB ``uint8[h,w,3]`` of each box.
Fetch = Callable[[np.ndarray, list[Box]], list[np.ndarray]]


def make_sheet(
    people: Sequence[Person], light: LightFaces, size: tuple[int, int], fetch: Fetch
) -> np.ndarray:
    """A tile for each of the first ``MOST`` people, RGB ``uint8[H,W,3]``.

    Args:
        people: at least one.
        light: all faces of the video.
        size: width and height of its pictures.
        fetch: gets crops of its frames.

    Raises:
        MediaError: a frame cannot be decoded.
    """
    shown = list(people[:MOST])
    boxes = [_box(person, light, size) for person in shown]
    crops = fetch(np.array([person.shown for person in shown]), boxes)
    tiles = [_tile(crop, person) for crop, person in zip(crops, shown, strict=True)]
    wide = min(COLUMNS, len(tiles))
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % wide)
    return np.vstack([np.hstack(tiles[start : start + wide]) for start in range(0, len(tiles), wide)])


def _box(person: Person, light: LightFaces, size: tuple[int, int]) -> Box:
    rows = np.arange(*np.searchsorted(light.frame, [person.shown, person.shown + 1]))
    row = next(row for row in rows if light.face[row] in person.faces)
    return around(light.box[row], size)


def around(face: np.ndarray, size: tuple[int, int]) -> Box:
    """The crop that shows a face ``[x0,y0,x1,y1]`` with room around it, in a picture of this size."""
    low, high = face[:2], face[2:]
    room = _MARGIN * float((high - low).max())
    x0, y0 = (int(max(0, edge)) // 2 * 2 for edge in low - room)
    x1, y1 = (int(min(most, edge)) // 2 * 2 for most, edge in zip(size, high + room, strict=True))
    return Box(x0=min(x0, size[0] - 2), y0=min(y0, size[1] - 2), x1=max(x1, x0 + 2), y1=max(y1, y0 + 2))


def _tile(crop: np.ndarray, person: Person) -> np.ndarray:
    scale = TILE / max(crop.shape[:2])
    wide, high = (max(1, round(side * scale)) for side in (crop.shape[1], crop.shape[0]))
    small = cv2.resize(crop, (wide, high), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    out = np.full((TILE + CAPTION, TILE, 3), PAPER, np.uint8)
    y, x = (TILE - high) // 2, (TILE - wide) // 2
    out[y : y + high, x : x + wide] = small
    talk = f"talks {duration(person.talks_s)}" if person.talks_s else "is not heard"
    _write(out, f"{person.name}: {talk}", TILE + 16, INK)
    faces = ", ".join(f"#{number}" for number in person.faces)
    _write(out, faces if len(faces) < 30 else f"{faces[:26]} ...", TILE + 33, DIM)
    return out


def _write(picture: np.ndarray, text: str, y: int, colour: tuple[int, int, int]) -> None:
    cv2.putText(picture, text, (5, y), _FONT, 0.45, colour, 1, cv2.LINE_AA)
