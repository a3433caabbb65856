"""Source and output side by side, for the eye.

    python benchmarks/contact_sheet.py SOURCE OUTPUT SHEET.png [--frames 12] [--zoom 4] [--start S --stop S]

One tile per frame: the face of the source and of the output, and below them both mouths, enlarged, cut from
the same place. Each tile says the output's time and, if it is another, the time of the source frame beside
it. Frames are matched by time: an output frame stands beside the source frame that is shown at its moment
(in sync.mode=loop, bounce or remap that need not be the one it was made from).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from lipsync_ray.errors import FaceNotFound, LipsyncError, OutputUnwritable
from lipsync_ray.faces.models import load_models
from lipsync_ray.faces.roi import roi_from_detection, roi_from_landmarks
from lipsync_ray.media.colour import crop_rgb
from lipsync_ray.media.frame import Box
from lipsync_ray.media.index import build_table
from lipsync_ray.media.reader import open_reader
from lipsync_ray.media.table import FrameTable
from lipsync_ray.weights.store import WeightStore, default_folder

LABEL = 26  # px above each tile
GAP = 6
CORNERS = (61, 291)
FACE = 280, 420  # px, least and greatest side of the face pictures; as wide as the mouths in between


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """An output frame and the source frame beside it."""

    source: np.ndarray  # uint8[H,W,3] RGB
    output: np.ndarray
    source_time: float  # s
    output_time: float


def main(words: Sequence[str]) -> int:
    """Write the sheet."""
    options = _parser().parse_args(words)
    pairs = read_pairs(options.source, options.output, options.frames, options.start, options.stop)
    faces = find_faces([pair.source for pair in pairs])
    sheet = draw_sheet(pairs, faces, options.zoom, options.columns)
    if not cv2.imwrite(options.sheet, sheet[..., ::-1]):
        raise OutputUnwritable(f"cannot write {options.sheet}: is its folder there, and does it end in .png?")
    print(f"{options.sheet}: {len(pairs)} frames, {sheet.shape[1]} x {sheet.shape[0]}")
    return 0


def read_pairs(source: str, output: str, count: int, start: float, stop: float | None) -> list[Pair]:
    """Frames of the output, evenly spread from ``start`` to ``stop`` s, each with the source of its time."""
    tables = build_table(source), build_table(output)
    times = tables[1].times()
    inside = np.flatnonzero((times >= start) & (times <= (times[-1] if stop is None else stop)))
    if not len(inside):
        raise ValueError(f"no frame between {start} and {stop} s: {output} has them at 0..{times[-1]:.3f} s")
    # The middle of equal stretches: the very first and last frames are the least telling.
    places = (np.arange(min(count, len(inside))) + 0.5) * len(inside) / min(count, len(inside))
    shown = inside[places.astype(np.int64)]
    beside = nearest(tables[0].times(), times[shown])
    pictures = [read_frames(table, rows) for table, rows in zip(tables, (beside, shown), strict=True)]
    moments = tables[0].times()[beside], times[shown]
    return [
        Pair(source=a, output=b, source_time=float(s), output_time=float(t))
        for a, b, s, t in zip(*pictures, *moments, strict=True)
    ]


def nearest(times: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Number of the frame whose time is nearest to each wanted one, ``int64[m]``."""
    return np.searchsorted(0.5 * (times[1:] + times[:-1]), wanted)


def read_frames(table: FrameTable, rows: np.ndarray) -> list[np.ndarray]:
    """Whole frames as RGB."""
    whole = Box(x0=0, y0=0, x1=table.video.width, y1=table.video.height)
    with open_reader(table) as reader:
        return [crop_rgb(frame, whole) for frame in reader.frames(rows)]


def find_faces(pictures: list[np.ndarray]) -> list[np.ndarray]:
    """Landmarks of the largest face of each picture, ``float32[468,3]`` px.

    A picture in which none is found takes those of the one before (or after, at the beginning).

    Raises:
        FaceNotFound: no picture has a face.
    """
    models = load_models(WeightStore(folder=default_folder()))
    found: list[np.ndarray | None] = []
    for rgb in pictures:
        seen = models.detector.detect(rgb, 0.5)
        if not seen:
            found.append(None)
            continue
        largest = max(seen, key=lambda one: one.width)
        landmarks, _ = models.mesh.landmarks(rgb, roi_from_detection(largest.box, largest.keypoints))
        found.append(models.mesh.landmarks(rgb, roi_from_landmarks(landmarks))[0])
    known = [k for k, face in enumerate(found) if face is not None]
    if not known:
        raise FaceNotFound(f"no face in any of the {len(pictures)} frames of the sheet")
    filled = [found[max((k for k in known if k <= row), default=known[0])] for row in range(len(found))]
    return [face for face in filled if face is not None]


def draw_sheet(pairs: list[Pair], faces: list[np.ndarray], zoom: float, columns: int) -> np.ndarray:
    """The sheet, ``uint8[h,w,3]`` RGB."""
    mouth = float(np.median([np.ptp(face[CORNERS, :2], axis=0).max() for face in faces]))
    size = (round(1.7 * mouth), round(1.3 * mouth))
    tiles = [draw_tile(pair, face, size, zoom) for pair, face in zip(pairs, faces, strict=True)]
    height, width = tiles[0].shape[:2]
    rows = -(-len(tiles) // columns)
    sheet = np.full((rows * (height + GAP), columns * (width + GAP), 3), 24, np.uint8)
    for place, tile in enumerate(tiles):
        y, x = place // columns * (height + GAP), place % columns * (width + GAP)
        sheet[y : y + height, x : x + width] = tile
    return sheet


def draw_tile(pair: Pair, face: np.ndarray, size: tuple[int, int], zoom: float) -> np.ndarray:
    """Faces above, mouths below: source left, output right. The sizes are the same for every pair."""
    middle = face[CORNERS, :2].mean(axis=0)
    low, high = face[:, :2].min(axis=0), face[:, :2].max(axis=0)
    centre, side = (low + high) / 2, 1.35 * float((high - low).max())
    mouths = [cut(rgb, middle, size, zoom) for rgb in (pair.source, pair.output)]
    shown = int(np.clip(mouths[0].shape[1], *FACE))
    width = max(shown, mouths[0].shape[1])
    faces = [cut(rgb, centre, (side, side), shown / side) for rgb in (pair.source, pair.output)]
    height = LABEL + shown + GAP + mouths[0].shape[0]
    tile = np.zeros((height, 2 * width + GAP, 3), np.uint8)
    for column, (whole, near) in enumerate(zip(faces, mouths, strict=True)):
        left = column * (width + GAP)
        _paste(tile, whole, LABEL, left + (width - whole.shape[1]) // 2)
        _paste(tile, near, LABEL + shown + GAP, left + (width - near.shape[1]) // 2)
    text = f"{pair.output_time:.3f} s"
    if abs(pair.source_time - pair.output_time) > 5e-4:
        text += f"  (source {pair.source_time:.3f} s)"
    cv2.putText(tile, text, (4, LABEL - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.55, (255, 255, 255), 1, cv2.LINE_AA)
    return tile


def cut(rgb: np.ndarray, centre: np.ndarray, size: tuple[float, float], zoom: float) -> np.ndarray:
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
    return cv2.warpAffine(rgb, matrix, shape, flags=flags)


def _paste(into: np.ndarray, picture: np.ndarray, y: int, x: int) -> None:
    into[y : y + picture.shape[0], x : x + picture.shape[1]] = picture


def _parser() -> argparse.ArgumentParser:
    text = __doc__ or ""
    parser = argparse.ArgumentParser(
        description=text.splitlines()[0], epilog=text, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", help="the footage, or a picture")
    parser.add_argument("output", help="the dubbed video")
    parser.add_argument("sheet", help="the picture to write, .png or .jpg")
    parser.add_argument("--frames", type=int, default=12, help="how many frames")
    parser.add_argument("--zoom", type=float, default=4.0, help="of the mouths")
    parser.add_argument("--columns", type=int, default=3, help="tiles side by side")
    parser.add_argument("--start", type=float, default=0.0, help="s of the output, first frame")
    parser.add_argument("--stop", type=float, default=None, help="s of the output, last frame")
    return parser


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (LipsyncError, ValueError) as error:
        sys.exit(f"contact_sheet: {error}")
