"""A picture of all shots of a video: who is seen, and whose mouth is dubbed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

import cv2
import numpy as np

from lipsync_ray.analysis import Analysis
from lipsync_ray.faces.track import LightFaces
from lipsync_ray.media.colour import rgb_of
from lipsync_ray.media.reader import open_reader
from lipsync_ray.media.table import FrameTable
from lipsync_ray.triage.shots import ShotFacts

TILE = 240  # px, longer side of a thumbnail
CAPTION = 22  # px, below it
COLUMNS = 5
MOST = 100  # shots that are shown
SPEAKER, OTHER, PAPER, INK = (40, 200, 60), (150, 150, 150), (24, 24, 24), (230, 230, 230)  # RGB
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def make_strip(table: FrameTable, analysis: Analysis, shots: Sequence[ShotFacts]) -> np.ndarray:
    """One thumbnail a shot, of the first ``MOST``: RGB ``uint8[H,W,3]``.

    Speakers have a green frame, other faces have grey ones, each with its number.

    Raises:
        MediaError: a frame cannot be decoded.
    """
    shown = list(islice(shots, MOST))
    numbers = [(shot.start + shot.stop) // 2 if shot.shown is None else shot.shown for shot in shown]
    with open_reader(table) as reader:
        pictures = (rgb_of(frame) for frame in reader.frames(numbers))
        tiles = [
            _tile(picture, analysis.scan.light(), shot, number)
            for picture, shot, number in zip(pictures, shown, numbers, strict=True)
        ]
    return _sheet(tiles)


def _tile(picture: np.ndarray, light: LightFaces, shot: ShotFacts, number: int) -> np.ndarray:
    scale = TILE / max(picture.shape[:2])
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    rows = range(*np.searchsorted(light.frame, [number, number + 1]))
    for row in sorted(rows, key=lambda row: light.face[row] in shot.speakers):  # the speakers' are on top
        _mark(small, light.box[row] * scale, int(light.face[row]), chosen=light.face[row] in shot.speakers)
    caption = f"{shot.number}: {shot.start_s:.1f}-{shot.stop_s:.1f} s"
    what = f"{shot.dubbed:.0%}" if shot.speakers else "nobody"
    return _with_caption(small, caption, what)


def _mark(picture: np.ndarray, box: np.ndarray, face: int, *, chosen: bool) -> None:
    x0, y0, x1, y1 = (round(float(value)) for value in box)
    colour = SPEAKER if chosen else OTHER
    cv2.rectangle(picture, (x0, y0), (x1, y1), colour, 2 if chosen else 1)
    _write(picture, f"#{face}", (x0 + 2, max(11, y0 - 3)), colour)


def _with_caption(picture: np.ndarray, left: str, right: str) -> np.ndarray:
    height, width = picture.shape[:2]
    out = np.full((TILE + CAPTION, TILE, 3), PAPER, np.uint8)
    y, x = (TILE - height) // 2, (TILE - width) // 2
    out[y : y + height, x : x + width] = picture
    _write(out, left, (4, TILE + 15), INK)
    wide = cv2.getTextSize(right, _FONT, 0.42, 1)[0][0]
    _write(out, right, (TILE - 4 - wide, TILE + 15), INK)
    return out


def _write(picture: np.ndarray, text: str, place: tuple[int, int], colour: tuple[int, int, int]) -> None:
    cv2.putText(picture, text, place, _FONT, 0.42, colour, 1, cv2.LINE_AA)


def _sheet(tiles: Iterable[np.ndarray]) -> np.ndarray:
    tiles = list(tiles)
    wide = min(COLUMNS, len(tiles))
    blank = np.full_like(tiles[0], 0)
    tiles += [blank] * (-len(tiles) % wide)
    return np.vstack([np.hstack(tiles[start : start + wide]) for start in range(0, len(tiles), wide)])
