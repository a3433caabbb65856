"""A sheet of moments: of each the face before and after, and below them both mouths, enlarged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from lipsync_ray.blend.masks import CORNERS
from lipsync_ray.preview.labels import PAPER, line_height, write
from lipsync_ray.preview.overlay import Overlay

TEXT = 0.55
LABEL = line_height(TEXT)  # px above each tile
GAP = 6
FACE = 280, 420  # px, least and greatest side of the face pictures; as wide as the mouths in between


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pair:
    """One moment before and after."""

    before: np.ndarray  # uint8[H,W,3] RGB
    after: np.ndarray
    titles: tuple[str, str]  # above each of them
    face: np.ndarray  # float32[468,2 or 3] px, landmarks around which both are cut
    overlay: Overlay | None = None  # drawn over the picture after


def mouth_size(faces: Sequence[np.ndarray]) -> tuple[int, int]:
    """Width and height of a cut that holds the mouth of all these faces, px."""
    mouth = float(np.median([np.ptp(face[list(CORNERS), :2], axis=0).max() for face in faces]))
    return max(2, round(1.7 * mouth)), max(2, round(1.3 * mouth))


def draw_sheet(pairs: Iterable[Pair], mouth: tuple[int, int], zoom: float, columns: int) -> np.ndarray:
    """The sheet, ``uint8[h,w,3]`` RGB; pairs are taken one by one.

    Args:
        pairs: at least one.
        mouth: see ``mouth_size``.
        zoom: of the mouths.
        columns: tiles side by side, at most.
    """
    tiles = [draw_tile(pair, mouth, zoom) for pair in pairs]
    columns = min(columns, len(tiles))
    height, width = tiles[0].shape[:2]
    rows = -(-len(tiles) // columns)
    sheet = np.full((rows * (height + GAP), columns * (width + GAP), 3), PAPER, np.uint8)
    for place, tile in enumerate(tiles):
        y, x = place // columns * (height + GAP), place % columns * (width + GAP)
        sheet[y : y + height, x : x + width] = tile
    return sheet


def draw_tile(pair: Pair, mouth: tuple[int, int], zoom: float) -> np.ndarray:
    """Faces above, mouths below: before left, after right. The size is the same for every pair."""
    points = pair.face[:, :2]
    middle = points[list(CORNERS)].mean(axis=0)
    low, high = points.min(axis=0), points.max(axis=0)
    side = 1.35 * float((high - low).max())
    near = round(mouth[0] * zoom), round(mouth[1] * zoom)
    shown = int(np.clip(near[0], *FACE))
    width = max(shown, near[0])
    tile = np.zeros((LABEL + shown + GAP + near[1], 2 * width + GAP, 3), np.uint8)
    for column, picture in enumerate((pair.before, pair.after)):
        lines = pair.overlay if column else None
        left = column * (width + GAP)
        write(tile, pair.titles[column], (left, 0), width, TEXT)
        face = cut(picture, (low + high) / 2, (side, side), shown / side, lines)
        _paste(tile, face, LABEL, left + (width - shown) // 2)
        lips = cut(picture, middle, mouth, zoom, lines)
        _paste(tile, lips, LABEL + shown + GAP, left + (width - near[0]) // 2)
    return tile


def cut(
    rgb: np.ndarray,
    centre: np.ndarray,
    size: tuple[float, float],
    zoom: float,
    overlay: Overlay | None = None,
) -> np.ndarray:
    """A rectangle of ``size`` px around a point, ``zoom`` times as large; black outside the picture."""
    shape = round(size[0] * zoom), round(size[1] * zoom)
    step = 1.0 / zoom
    corner = np.asarray(centre, np.float64) - step * (np.array(shape) - 1) / 2
    matrix = np.array([[step, 0.0, corner[0]], [0.0, step, corner[1]]])
    flags = cv2.WARP_INVERSE_MAP | (cv2.INTER_CUBIC if zoom > 1 else cv2.INTER_AREA)
    if zoom < 1:  # warpAffine does not average: shrink first
        rgb = cv2.resize(rgb, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
        matrix = np.array([[1.0, 0.0, corner[0] * zoom], [0.0, 1.0, corner[1] * zoom]])
        flags = cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR
    part = cv2.warpAffine(rgb, matrix, shape, flags=flags)
    return part if overlay is None else overlay.draw(part, (float(corner[0]), float(corner[1])), zoom)


def _paste(into: np.ndarray, picture: np.ndarray, y: int, x: int) -> None:
    into[y : y + picture.shape[0], x : x + picture.shape[1]] = picture
